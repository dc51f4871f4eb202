"""Orders on their way: durable intents are sent, outcomes believed, unknown ones looked up, never resent blindly.

`Execution` holds every order that may still change. It sends only what the journal has already made durable, under
the order's own client order id, so that any repetition meets the same order at the venue.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from engine.intents import is_ours
from engine.lifecycle import is_open, moved, with_fill, with_report
from engine.venues.venue import Outcome, Refused, Unresolved, Venue, VenueLocked, VenueUnavailable
from store.journal import Journal
from store.records import Fill, Order, OrderPurpose, OrderReport, OrderStatus, OrderType, Side

QUERIES_PER_CYCLE = 20
ASKED_AT_MOST = 200
REMEMBERED_ORDERS = 1_000
FORGOTTEN_AT_ONCE = 1_000
HISTORY_MARGIN_MS = 60_000

IN_FLIGHT = frozenset({OrderStatus.INTENT, OrderStatus.SUBMITTED, OrderStatus.UNRESOLVED})
"""Statuses of an order whose fate the venue has not told us yet."""

Answer = TypeVar("Answer")


class Execution:
    """Every order of this account that is open, in flight, or ended recently enough to still see a late fill."""

    def __init__(
        self,
        venue: Venue,
        journal: Journal,
        allowed: Callable[[Order], str],
        rejected: Callable[[Order], None],
    ) -> None:
        """`allowed` answers "" or the reason why an order must not leave now; it is asked again before every send.
        `rejected` hears of every order the venue refused."""
        self._venue = venue
        self._journal = journal
        self._allowed = allowed
        self.orders: OrderedDict[str, Order] = OrderedDict()
        self._open: dict[str, Order] = {}
        self._in_flight_since_ms: dict[str, int] = {}
        self._protection: dict[tuple[str, Side], set[OrderPurpose]] | None = None
        self._rejected = rejected
        self._working: dict[str, float] | None = None
        self.sent = 0
        self.locked_out = False
        """The venue's file was held by another process for as long as one waits, since this was last set back."""

    def restore(self, orders: Iterable[Order]) -> None:
        """Orders found in the database at start; the ones in flight wait for `resolve`."""
        for order in orders:
            self._keep(order)
            if order.status in IN_FLIGHT:
                self._in_flight_since_ms[order.client_order_id] = 0

    def open_orders(self) -> list[Order]:
        """Orders the venue may still act on."""
        return list(self._open.values())

    def open_entries(self) -> list[Order]:
        """Orders at the venue that could still raise exposure; one that is in flight, or has not left, is not there."""
        entries = [order for order in self._open.values() if order.purpose is OrderPurpose.OPEN]
        return [
            order
            for order in entries
            if order.status is not OrderStatus.INTENT
            and order.client_order_id not in self._in_flight_since_ms
        ]

    def working(self) -> dict[str, float]:
        """Signed units by symbol that orders towards targets may still fill; empty where none is under way."""
        if self._working is None:
            self._working = {}
            for order in self._open.values():
                if order.purpose in (OrderPurpose.OPEN, OrderPurpose.CLOSE):
                    rest = float(order.quantity - order.filled_quantity) * order.side.sign
                    self._working[order.symbol] = self._working.get(order.symbol, 0.0) + rest
        return self._working

    def protection(self) -> dict[tuple[str, Side], set[OrderPurpose]]:
        """Which whole-position exits are open, by symbol and side of the exit; one object until an order changes."""
        if self._protection is None:
            self._protection = {}
            for order in self._open.values():
                if order.whole_position:
                    self._protection.setdefault((order.symbol, order.side), set()).add(order.purpose)
        return self._protection

    def closing(self) -> set[str]:
        """Symbols with an open order that closes the whole position, whatever is wanted of them."""
        return {order.symbol for order in self._open.values() if order.purpose is OrderPurpose.FLATTEN}

    @property
    def in_flight(self) -> int:
        """Orders whose fate the venue has not told us yet."""
        return len(self._in_flight_since_ms)

    def intend(self, order: Order) -> None:
        """Gather a new intent; it is sent by `dispatch` once the journal has committed it."""
        self._keep(order)
        self._journal.order(order)
        self._journal.order_event(order.client_order_id, order.decision_ts_ms, None, order.status)

    def intend_all(self, orders: Sequence[Order]) -> None:
        """Gather several new intents."""
        for order in orders:
            self.intend(order)

    async def dispatch(self, orders: Sequence[Order], now_ms: int) -> None:
        """Send durable intents: closes first, then what opens and protects. What was sent or denied meanwhile is left
        alone."""
        newest = [self.orders[order.client_order_id] for order in orders]
        unsent = [order for order in newest if order.status is OrderStatus.INTENT]
        unsent.sort(key=lambda order: order.purpose is not OrderPurpose.CLOSE)
        await self._send([order.client_order_id for order in unsent], now_ms)

    async def resolve(self, now_ms: int, age_ms: int) -> int:
        """Look up requests in flight for `age_ms` or longer, as long as the venue is not `locked_out`; the number still
        unknown afterwards."""
        due = [name for name, since in self._in_flight_since_ms.items() if now_ms - since >= age_ms]
        for name in due[:QUERIES_PER_CYCLE]:
            if self.locked_out:
                break
            await self._look_up(name, now_ms)
        return len(self._in_flight_since_ms)

    def believe(self, report: OrderReport) -> Order | None:
        """Apply a venue's report; None for an order that is not ours to know."""
        order = self.orders.get(report.client_order_id)
        if order is None:
            return None
        after = with_report(order, report)
        if after is not order:
            self._set(order, after)
        return self.orders[report.client_order_id]

    def fill(self, fill: Fill) -> Order | None:
        """Apply one new execution to its order. What the venue did of its own accord (a liquidation, a close-out while
        no engine ran) becomes an order of the books here; a fill of an order long forgotten gives None."""
        order = self.orders.get(fill.client_order_id)
        if order is None and is_ours(fill.client_order_id):
            return None
        if order is None:
            order = _venue_order(fill)
            self.intend(order)
        self._set(order, with_fill(order, fill))
        return self.orders[fill.client_order_id]

    async def cancel(self, order: Order, now_ms: int) -> None:
        """Cancel one order; an unknown outcome is looked up like any other."""
        try:
            self.believe(await self._venue.cancel(order.client_order_id, order.symbol, order.attempt))
        except Refused:
            await self._look_up(order.client_order_id, now_ms)
        except Unresolved as lost:
            self._notice(lost)
            asked = replace(order, attempt=order.attempt + 1)
            self._set(order, moved(asked, OrderStatus.UNRESOLVED, now_ms, str(lost)))
            self._in_flight_since_ms[order.client_order_id] = now_ms

    async def verify(self, now_ms: int) -> None:
        """Prove what became of orders we hold open that the venue's list does not show: the report was lost. What
        stands at a venue decides what is placed next, so each question is put until it is answered; bounded."""
        listed = await _asked_again(self._venue.open_orders)
        if listed is None:
            return
        names = {report.client_order_id for report in listed}
        for order in self.open_orders():
            name = order.client_order_id
            if name in names or name in self._in_flight_since_ms or order.decision_ts_ms >= now_ms:
                continue
            report = await _asked_again(partial(self._prove, order))
            if report is not None:
                self.believe(report)

    async def ask_about(self, orders: Iterable[Order]) -> None:
        """Believe what the venue says of each order that is not in flight; nothing changes where it does not answer."""
        try:
            for order in orders:
                if order.client_order_id in self._in_flight_since_ms:
                    continue
                report = await self._venue.order(order.client_order_id, order.symbol)
                if report is not None:
                    self.believe(report)
        except VenueUnavailable:
            return

    def forget_old(self) -> None:
        """Drop the oldest ended orders, many at a time, so that memory does not grow with history."""
        if len(self.orders) < REMEMBERED_ORDERS + FORGOTTEN_AT_ONCE:
            return
        ended = [name for name in self.orders if name not in self._open]
        for name in ended[: len(self.orders) - REMEMBERED_ORDERS]:
            del self.orders[name]

    async def _send(self, names: Sequence[str], now_ms: int) -> None:
        leaving = [order for name in names if (order := self._leaving(name, now_ms)) is not None]
        if leaving:
            outcomes = await self._venue.submit_all(leaving)
            for order, outcome in zip(leaving, outcomes, strict=True):
                self._told(order, outcome, now_ms)

    def _leaving(self, name: str, now_ms: int) -> Order | None:
        """The order as it is sent; None where it has ended or must not leave now."""
        order = self.orders[name]
        if not is_open(order):
            return None
        if reason := self._allowed(order):
            status = OrderStatus.DENIED if order.attempt == 0 else OrderStatus.EXPIRED
            self._set(order, moved(order, status, now_ms, reason))
            self._in_flight_since_ms.pop(name, None)
            return None
        if order.status is not OrderStatus.SUBMITTED:
            self._set(order, moved(order, OrderStatus.SUBMITTED, now_ms))
        self.sent += 1
        self._in_flight_since_ms[name] = now_ms
        return self.orders[name]

    def _told(self, order: Order, outcome: Outcome, now_ms: int) -> None:
        if isinstance(outcome, Unresolved):
            self._notice(outcome)
            self._set(order, moved(order, OrderStatus.UNRESOLVED, now_ms, str(outcome)))
            return
        if isinstance(outcome, Refused):
            refused = moved(order, OrderStatus.REJECTED, now_ms, str(outcome))
            self._rejected(refused)
            self._set(order, refused)
        else:
            self.believe(outcome)
        self._in_flight_since_ms.pop(order.client_order_id, None)

    async def _look_up(self, name: str, now_ms: int) -> None:
        """Presence and absence are both proven by the venue, or the order stays unknown."""
        order = self.orders[name]
        try:
            report = await self._prove(order)
        except VenueUnavailable as unavailable:
            self._notice(unavailable)
            return
        if report is not None:
            self.believe(report)
            self._settle(name, now_ms)
            return
        if order.venue_order_id is None and order.filled_quantity == 0:
            again = (
                replace(order, attempt=order.attempt + 1) if order.status is not OrderStatus.INTENT else order
            )
            self._set(order, again)
            await self._send((name,), now_ms)
            return
        self._settle(name, now_ms)

    def _notice(self, failure: BaseException) -> None:
        if isinstance(failure, VenueLocked) or isinstance(failure.__cause__, VenueLocked):
            self.locked_out = True

    def _settle(self, name: str, now_ms: int) -> None:
        order = self.orders[name]
        if order.status is OrderStatus.UNRESOLVED:
            self._set(order, moved(order, OrderStatus.ACCEPTED, now_ms))
        self._in_flight_since_ms.pop(name, None)

    async def _prove(self, order: Order) -> OrderReport | None:
        """The venue's word on one order: a single-order query, then history, then fills; None is proven absence."""
        report = await self._venue.order(order.client_order_id, order.symbol)
        if report is not None:
            return report
        since_ms = order.decision_ts_ms - HISTORY_MARGIN_MS
        for past in await self._venue.order_history(since_ms):
            if past.client_order_id == order.client_order_id:
                return past
        for fill in await self._venue.fills(since_ms):
            if fill.client_order_id == order.client_order_id:
                raise VenueUnavailable(
                    f"{self._venue.name} reports a fill of {order.client_order_id} but not the order; asked again later"
                )
        return None

    def _set(self, before: Order, after: Order) -> None:
        self._keep(after)
        self._journal.order(after)
        if before.status is not after.status:
            self._journal.order_event(
                after.client_order_id,
                after.updated_ts_ms,
                before.status,
                after.status,
                after.reason,
                after.attempt,
            )

    def _keep(self, order: Order) -> None:
        self._protection = self._working = None
        self.orders[order.client_order_id] = order
        if is_open(order):
            self._open[order.client_order_id] = order
        else:
            self._open.pop(order.client_order_id, None)


async def _asked_again(ask: Callable[[], Awaitable[Answer]]) -> Answer | None:
    """The answer, asked for until there is one; None after many times, or where each would take seconds. Others move on
    meanwhile."""
    for _ in range(ASKED_AT_MOST):
        try:
            return await ask()
        except VenueLocked:
            return None
        except VenueUnavailable:
            await asyncio.sleep(0)
    return None


def _venue_order(fill: Fill) -> Order:
    return Order(
        client_order_id=fill.client_order_id,
        symbol=fill.symbol,
        side=fill.side,
        type=OrderType.MARKET,
        purpose=OrderPurpose.FLATTEN,
        quantity=fill.quantity,
        decision_ts_ms=fill.ts_ms,
        reduce_only=fill.reduce_only,
        status=OrderStatus.ACCEPTED,
        reason="closed by the venue",
        updated_ts_ms=fill.ts_ms,
    )
