"""A venue that misbehaves on purpose: every fault a venue can cause, drawn from what it hits, never from a stream.

An outcome is a hash of (seed, fault, what, attempt), so it is the same however often the process was killed and
whatever else was asked before. Orders and cancels bring their attempt; a question's is how often it has been asked
since the market was last moved; an event is known by its own id.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from engine.venues.config import FaultKind, FaultProbabilities, VenueConfig
from engine.venues.flattening import CloseOut
from engine.venues.market_step import MarketStep
from engine.venues.simulated import SimulatedVenue
from engine.venues.venue import (
    Outcome,
    Refused,
    Unresolved,
    VenueBalance,
    VenueEvent,
    VenuePosition,
    VenueUnavailable,
    outcome_of,
)
from store.records import Fill, FundingPayment, Instrument, Order, OrderReport, OrderStatus

LOOK_BACK_EVENTS = 8

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Which faults strike what: a pure function of seed and probabilities."""

    seed: int
    probabilities: FaultProbabilities

    @classmethod
    def of(cls, config: VenueConfig) -> FaultPlan | None:
        """The plan a configuration asks for; None where it asks for no fault."""
        if not any(probability for _, probability in config.faults):
            return None
        return cls(config.fault_seed, config.faults)

    def strikes(self, fault: FaultKind, what: str, attempt: int = 0) -> bool:
        """True where `fault` befalls this attempt on `what`."""
        probability: float = getattr(self.probabilities, fault)
        if not probability:
            return False
        digest = hashlib.blake2b(f"{self.seed}|{fault}|{what}|{attempt}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < probability * 2**64


class FaultyVenue:
    """A simulated venue seen through a bad day. `inner` is the venue itself, for rehearsals by hand.

    A second engine on the account is a second caller of `inner.submit`.
    """

    def __init__(self, inner: SimulatedVenue, plan: FaultPlan, refused_opens: int = 0) -> None:
        """`refused_opens`: how many calls of `open` find the venue in maintenance."""
        self.inner = inner
        self.name = inner.name
        self._plan = plan
        self._refused_opens = refused_opens
        self._moved_to_ms = 0
        self._asked: Counter[str] = Counter()

    async def open(self) -> None:
        if self._refused_opens:
            self._refused_opens -= 1
            raise VenueUnavailable(f"{self.name}: in maintenance")
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def advance(self, step: MarketStep) -> int | None:
        """The market is not the venue's to disturb."""
        self._moved_to_ms = step.close_ms
        self._asked.clear()
        await self.inner.advance(step)
        return None

    async def close_out(self, keep_positions: bool = False) -> CloseOut:
        return await self.inner.close_out(keep_positions)

    def books_ts_ms(self) -> int:
        return self.inner.books_ts_ms()

    def revision(self) -> int | None:
        """Never told: every bar asks, so that every question can fail."""
        return None

    def trailed_to(self, client_order_id: str) -> Decimal | None:
        return self.inner.trailed_to(client_order_id)

    async def instruments(self) -> Sequence[Instrument]:
        return await self.inner.instruments()

    async def submit(self, order: Order) -> OrderReport:
        return outcome_of(await self.submit_all((order,)))

    async def submit_all(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        """Each order has its own luck on its way there and back."""
        lost = [self._never_arrives(order) for order in orders]
        arriving = [order for order, fault in zip(orders, lost, strict=True) if fault is None]
        answers = iter(await self.inner.submit_all(arriving) if arriving else ())
        return [
            self._heard(order, next(answers)) if fault is None else fault
            for order, fault in zip(orders, lost, strict=True)
        ]

    async def cancel(self, client_order_id: str, symbol: str, attempt: int = 0) -> OrderReport:
        self._turned_away("cancel", client_order_id, attempt)
        if self._plan.strikes(FaultKind.CANCEL_LOST_BEFORE, client_order_id, attempt):
            raise Unresolved(f"cancel {client_order_id}: connection lost")
        lost = self._plan.strikes(FaultKind.CANCEL_LOST_AFTER, client_order_id, attempt)
        # Who wins a race is the market's to say, however often the question is put.
        if self._plan.strikes(FaultKind.FILL_AFTER_CANCEL, client_order_id):
            cancelling = self.inner.cancel_too_late(client_order_id)
        else:
            cancelling = self.inner.cancel(client_order_id, symbol, attempt)
        return await self._answered(cancelling, f"cancel {client_order_id}", lost)

    async def cancel_all(self, keep_protective: bool = False, attempt: int = 0) -> int:
        what = f"all@{self._moved_to_ms}"
        self._turned_away("cancel", what, attempt)
        if self._plan.strikes(FaultKind.CANCEL_LOST_BEFORE, what, attempt):
            raise Unresolved("cancel all: connection lost")
        working = [report.client_order_id for report in await self.inner.open_orders()]
        late = frozenset(n for n in working if self._plan.strikes(FaultKind.FILL_AFTER_CANCEL, n))
        lost = self._plan.strikes(FaultKind.CANCEL_LOST_AFTER, what, attempt)
        return await self._answered(self.inner.cancel_all(keep_protective, attempt, late), "cancel all", lost)

    async def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        attempt = self._question(FaultKind.ORDER_QUERY_FAILS, f"order {client_order_id}")
        report = await self.inner.order(client_order_id, symbol)
        denied = self._plan.strikes(FaultKind.ORDER_QUERY_MISSES, self._now(client_order_id), attempt)
        return None if denied else report

    async def open_orders(self) -> Sequence[OrderReport]:
        attempt = self._question(FaultKind.ORDER_QUERY_FAILS, "open orders")
        return [
            report
            for report in await self.inner.open_orders()
            if not self._plan.strikes(
                FaultKind.ORDER_MISSING_FROM_OPEN_LIST, self._now(report.client_order_id), attempt
            )
        ]

    async def order_history(self, since_ms: int) -> Sequence[OrderReport]:
        self._question(FaultKind.ORDER_QUERY_FAILS, "order history")
        return await self.inner.order_history(since_ms)

    async def fills(self, since_ms: int) -> Sequence[Fill]:
        self._question(FaultKind.ORDER_QUERY_FAILS, "fills")
        return await self.inner.fills(since_ms)

    async def funding(self, since_ms: int) -> Sequence[FundingPayment]:
        self._question(FaultKind.BALANCE_QUERY_FAILS, "funding")
        return await self.inner.funding(since_ms)

    async def positions(self) -> Sequence[VenuePosition]:
        self._question(FaultKind.POSITION_QUERY_FAILS, "positions")
        return await self.inner.positions()

    async def balance(self) -> VenueBalance:
        self._question(FaultKind.BALANCE_QUERY_FAILS, "balance")
        return await self.inner.balance()

    async def events(self, after_sequence: int) -> Sequence[VenueEvent]:
        """The stream after `after_sequence`, disturbed; nothing undisturbed is kept back for good."""
        if self._plan.strikes(FaultKind.STREAM_SILENT, str(self._moved_to_ms)):
            return ()
        known = await self.inner.events(max(after_sequence - LOOK_BACK_EVENTS, 0))
        new = [event for event in known if event.sequence > after_sequence]
        arriving = self._shuffled(self._without_acknowledgements(new))
        repeated = [event for event in known if self._repeats(event)] if arriving else []
        last_sequence = max((event.sequence for event in arriving), default=0)
        heard = [e for e in arriving if not self._plan.strikes(FaultKind.EVENT_DROPPED, event_id(e))]
        return heard + [event for event in repeated if event.sequence <= last_sequence]

    def _without_acknowledgements(self, events: list[VenueEvent]) -> list[VenueEvent]:
        """An acknowledgement that is struck comes after its order's first fill, or with the next bar's events."""
        arriving: list[VenueEvent] = []
        waiting: dict[str, VenueEvent] = {}
        for event in events:
            report = event.report
            if (
                report is not None
                and report.status is OrderStatus.ACCEPTED
                and self._plan.strikes(FaultKind.FILL_BEFORE_ACKNOWLEDGEMENT, report.client_order_id)
            ):
                if report.ts_ms >= self._moved_to_ms:
                    # Whatever follows waits too: a reader that has seen a later number never asks for this one.
                    break
                waiting[report.client_order_id] = event
                continue
            arriving.append(event)
            if event.fill is not None and event.fill.client_order_id in waiting:
                arriving.append(waiting.pop(event.fill.client_order_id))
        return arriving + list(waiting.values())

    def _shuffled(self, events: list[VenueEvent]) -> list[VenueEvent]:
        shuffled = list(events)
        for index in range(len(shuffled) - 1):
            if self._plan.strikes(FaultKind.EVENT_OUT_OF_ORDER, event_id(shuffled[index])):
                shuffled[index], shuffled[index + 1] = shuffled[index + 1], shuffled[index]
        return shuffled

    def _repeats(self, event: VenueEvent) -> bool:
        fault = FaultKind.EVENT_REPEATED if event.funding is None else FaultKind.FUNDING_TWICE
        return self._plan.strikes(fault, event_id(event))

    def _never_arrives(self, order: Order) -> Unresolved | None:
        name, attempt = order.client_order_id, order.attempt
        try:
            self._turned_away("submit", name, attempt)
        except Unresolved as fault:
            return fault
        if self._plan.strikes(FaultKind.SUBMIT_LOST_BEFORE_ACCEPT, name, attempt):
            return Unresolved(f"submit {name}: connection lost")
        return None

    def _heard(self, order: Order, outcome: Outcome) -> Outcome:
        """A refusal can be lost like any other answer."""
        name, attempt = order.client_order_id, order.attempt
        lost = self._plan.strikes(FaultKind.SUBMIT_LOST_AFTER_ACCEPT, name, attempt)
        return Unresolved(f"submit {name}: no answer") if lost else outcome

    def _turned_away(self, request: str, what: str, attempt: int) -> None:
        for fault, message in _TURNED_AWAY:
            if self._plan.strikes(fault, f"{request} {what}", attempt):
                raise Unresolved(f"{request} {what}: {message}")

    def _question(self, fault: FaultKind, what: str) -> int:
        """Raise VenueUnavailable where this asking of a question fails; else which asking it is."""
        attempt = self._asked[what]
        self._asked[what] += 1
        for struck, message in ((fault, "no answer"), *_TURNED_AWAY):
            if self._plan.strikes(struck, self._now(what), attempt):
                raise VenueUnavailable(f"{self.name}: {what}: {message}")
        return attempt

    def _now(self, what: str) -> str:
        return f"{what}@{self._moved_to_ms}"

    async def _answered(self, request: Awaitable[Answer], what: str, lost: bool) -> Answer:
        """The answer, unless it is lost; a refusal can be lost like any other."""
        try:
            answer = await request
        except Refused as no:
            if not lost:
                raise
            raise Unresolved(f"{what}: no answer") from no
        if lost:
            raise Unresolved(f"{what}: no answer")
        return answer


def event_id(event: VenueEvent) -> str:
    """What an event is about, in the venue's own ids."""
    if event.fill is not None:
        return event.fill.fill_id
    if event.funding is not None:
        return event.funding.funding_id
    if event.report is None:
        return str(event.sequence)
    return f"{event.report.client_order_id}-{event.report.status}-{event.report.filled_quantity}"


_TURNED_AWAY = (
    (FaultKind.RATE_LIMITED, "429, too many requests"),
    (FaultKind.MAINTENANCE, "503, in maintenance"),
)
