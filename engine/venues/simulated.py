"""The simulated venue: an exchange in a file of its own, which outlives the engine that trades on it.

Promise: every call that changes something is one transaction, committed before it is answered; a bar already
seen and an order already known change nothing; ids, events and money depend on the calls alone, never on wall
time or on how often the process was killed between them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from engine.venues.account import Account, report_of
from engine.venues.books import Books, Terms
from engine.venues.config import VenueConfig
from engine.venues.filters import check
from engine.venues.flattening import CloseOut, cancel, cancel_working, close_out
from engine.venues.holdings import after_fill
from engine.venues.market_step import MarketStep
from engine.venues.matching import play
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
from engine.venues.worker import Worker
from store.records import (
    ZERO,
    Fill,
    FundingPayment,
    Instrument,
    Order,
    OrderReport,
    OrderStatus,
    Side,
)

__all__ = ["CloseOut", "MarketStep", "SimulatedVenue", "flatten_offline"]

Answer = TypeVar("Answer")


class SimulatedVenue:
    """A venue behind the `Venue` port, filled by the bars handed to `advance`.

    One worker thread owns the SQLite connection and does all that writes or asks the file. Bars in which nothing
    happens, and questions that memory answers, never leave the loop. Several processes may use the same file;
    each sees what the others committed.
    """

    def __init__(
        self,
        path: Path,
        instruments: Sequence[Instrument],
        config: VenueConfig,
        initial_cash: Decimal,
        name: str = "sim",
    ) -> None:
        """`initial_cash` (quote currency) counts only where `path` holds no books yet. Opens nothing."""
        self.name = name
        self._symbols = tuple(instrument.symbol for instrument in instruments)
        self._legs: tuple[Instrument, ...] = ()
        by_symbol = {instrument.symbol: instrument for instrument in instruments}
        self._books = Books(path, Terms(name, by_symbol, self._symbols, config, initial_cash))
        self._marks_every_s = config.marks_every_ms / 1_000
        self._worker: Worker | None = None
        self._marks_timer: asyncio.TimerHandle | None = None
        self._marks_job: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Create or restore the books. Raises VenueUnavailable where the file cannot be used."""
        self._worker = Worker(f"venue-{self.name}")
        try:
            await self._run(self._books.open)
        except BaseException:
            self._worker.stop()
            self._worker = None
            raise

    async def close(self) -> None:
        """Record the last marks and let go of the file."""
        if self._worker is None:
            return
        if self._marks_timer is not None:
            self._marks_timer.cancel()
        try:
            await self._run(self._books.close)
        finally:
            self._worker.stop()
            self._worker = None

    async def advance(self, step: MarketStep) -> int | None:
        """Let the market move through one bar; a bar already seen is a no-op. Raises VenueUnavailable.

        Answers as `revision` would afterwards, where nothing had to be played.

        After a restart, hand over the last bar decided on once more before sending anything: quiet bars are
        recorded late, and orders are checked against the marks.
        """
        if len(step.close) != len(self._symbols):
            raise ValueError(
                f"a step of {len(step.close)} symbols for a venue that trades {len(self._symbols)}"
            )
        if step.legs is not self._legs:
            await self._run(lambda: self._books.list_legs(step.legs))
            self._legs = step.legs
        revision = self._pass_quietly(step)
        if revision is None:
            await self._run(lambda: self._books.change(lambda account: _play_once(account, step)))
        return revision

    async def events(self, after_sequence: int) -> Sequence[VenueEvent]:
        """Every event numbered above `after_sequence`, in order."""
        if self._at_rest():
            account = self._books.account
            if after_sequence >= account.sequence:
                return ()
            if account.recent and account.recent[0].sequence <= after_sequence + 1:
                return tuple(account.recent)[after_sequence - account.sequence :]
        return tuple(await self._query(lambda: self._books.events(after_sequence)))

    def books_ts_ms(self) -> int:
        """The venue's clock at the newest event in its books, 0 before the first."""
        account = self._books.account
        return max(account.recent[-1].bar_open_ms + account.bar_ms, 0) if account.recent else 0

    def revision(self) -> int | None:
        """A number that stays the same while nothing in the books changes; None while that cannot be told."""
        return self._books.revision if self._at_rest() else None

    def trailed_to(self, client_order_id: str) -> Decimal | None:
        """Where a working trailing stop had come to at the close of the last bar; None: not begun, or no such order."""
        account = self._books.account
        order, ticks = account.orders.get(client_order_id), account.trails.get(client_order_id)
        return None if order is None or ticks is None else ticks * account.instruments[order.symbol].tick

    async def close_out(self, keep_positions: bool = False) -> CloseOut:
        """Cancel everything (protective orders stay when `keep_positions`), then close every position at the
        last known close as if it were the next open: same cost rule, volume cap not applied, because the market
        stands still while nobody moves it and flat has to mean flat."""
        return await self._run(lambda: self._books.change(lambda account: close_out(account, keep_positions)))

    async def instruments(self) -> Sequence[Instrument]:
        """What is traded here, in the order of a step's columns."""
        return await self._ask(lambda account: [account.instruments[symbol] for symbol in account.symbols])

    async def submit(self, order: Order) -> OrderReport:
        """Accept an order; one already known is reported as it stands. Raises Refused naming the filter."""
        return outcome_of(await self.submit_all((order,)))

    async def submit_all(self, orders: Sequence[Order]) -> Sequence[Outcome]:
        """Accept several orders in one transaction."""
        try:
            return await self._command(lambda account: [self._submit(account, order) for order in orders])
        except Unresolved as failure:
            return [failure] * len(orders)

    async def cancel(self, client_order_id: str, symbol: str, attempt: int = 0) -> OrderReport:
        """Cancel a working order. Raises Refused where there is none."""
        return await self._command(lambda account: self._cancel(account, client_order_id, too_late=False))

    async def cancel_all(
        self, keep_protective: bool = False, attempt: int = 0, too_late: frozenset[str] = frozenset()
    ) -> int:
        """Cancel all working orders, or all but the protective ones; how many. `too_late`: ids that lose the race."""
        return await self._command(lambda account: cancel_working(account, keep_protective, too_late))

    async def order(self, client_order_id: str, symbol: str) -> OrderReport | None:
        """One order as it stands; None: never accepted."""
        order = await self._query(lambda: self._known(self._books.account, client_order_id))
        return None if order is None else report_of(order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Working orders, oldest first."""
        return await self._ask(
            lambda account: [
                report_of(order)
                for order in account.orders.values()
                if order.client_order_id not in account.racing
            ]
        )

    async def order_history(self, since_ms: int) -> Sequence[OrderReport]:
        """Orders that changed at or after `since_ms` (market time), in the order they were accepted."""
        return await self._query(lambda: [report_of(order) for order in self._books.history(since_ms)])

    async def fills(self, since_ms: int) -> Sequence[Fill]:
        """Executions at or after `since_ms`, in the order they happened."""
        return await self._query(lambda: self._books.fills(since_ms))

    async def funding(self, since_ms: int) -> Sequence[FundingPayment]:
        """Funding settlements at or after `since_ms`, in the order they happened."""
        return await self._query(lambda: self._books.funding(since_ms))

    async def positions(self) -> Sequence[VenuePosition]:
        """Every position that is not flat, by symbol."""
        return await self._ask(
            lambda account: [
                VenuePosition(position.symbol, position.quantity, position.cost)
                for _, position in sorted(account.positions.items())
                if position.quantity
            ]
        )

    async def balance(self) -> VenueBalance:
        """Cash: initial + realised - fees + funding."""
        return await self._ask(lambda account: VenueBalance(account.cash))

    async def cancel_too_late(self, client_order_id: str) -> OrderReport:
        """Rehearsal: confirm a cancel that loses the race; the order may still fill until the next bar ends."""
        return await self._command(lambda account: self._cancel(account, client_order_id, too_late=True))

    async def move_position_by_hand(
        self, symbol: str, quantity_change: Decimal, price: Decimal
    ) -> VenuePosition:
        """Rehearsal: somebody trades on this account past every order and event; no fee."""
        return await self._command(lambda account: _move_by_hand(account, symbol, quantity_change, price))

    async def change_filters(self, instrument: Instrument) -> None:
        """Rehearsal: new steps, minimums or rates for a symbol, until the venue is opened again."""
        await self._query(lambda: self._books.amend(instrument))

    async def delist(self, symbol: str) -> int:
        """Rehearsal: stop trading a symbol until the venue is opened again; how many orders that cancelled."""
        await self._query(lambda: self._books.delist(symbol))
        return await self._command(lambda account: _cancel_delisted(account, symbol))

    def _submit(self, account: Account, order: Order) -> Outcome:
        known = self._known(account, order.client_order_id)
        if known is not None:
            return report_of(known)
        before = self._books.refusal(order.client_order_id)
        if before is not None:
            return Refused(before)
        try:
            check(account, order)
        except Refused as no:
            account.refuse(order, str(no))
            return no
        return report_of(account.accept(order))

    def _cancel(self, account: Account, client_order_id: str, too_late: bool) -> OrderReport:
        order = account.orders.get(client_order_id)
        if order is None or client_order_id in account.racing:
            known = self._known(account, client_order_id)
            state = "unknown here" if known is None else f"already {known.status}"
            raise Refused(f"cancel: order {client_order_id} is {state}")
        return report_of(cancel(account, order, too_late=too_late))

    def _known(self, account: Account, client_order_id: str) -> Order | None:
        return account.orders.get(client_order_id) or self._books.order(client_order_id)

    def _pass_quietly(self, step: MarketStep) -> int | None:
        """`advance` for a bar in which nothing happens, or that was seen before; None: it has to be played."""
        if step.legs is not self._legs or not self._at_rest():
            return None
        account = self._books.account
        if step.open_ms > account.open_ms:
            if not self._books.quiet(step):
                return None
            account.move_clock(step)
            self._record_marks_in_time()
        return self._books.revision

    def _at_rest(self) -> bool:
        """True where no job is under way and the account in memory is what the file says."""
        return (self._worker is None or self._worker.idle) and self._books.current()

    async def _ask(self, look: Callable[[Account], Answer]) -> Answer:
        """An answer from memory, on the loop where that is safe."""
        if self._at_rest():
            return look(self._books.account)
        return await self._run(lambda: self._books.read(look))

    async def _query(self, look: Callable[[], Answer]) -> Answer:
        """An answer from the file."""
        return await self._run(lambda: self._books.read(lambda account: look()))

    async def _command(self, act: Callable[[Account], Answer]) -> Answer:
        """A change on request. What the file made of it is unknown where the file fails: Unresolved."""
        try:
            return await self._run(lambda: self._books.change(act))
        except VenueUnavailable as failure:
            raise Unresolved(str(failure)) from failure

    async def _run(self, job: Callable[[], Answer]) -> Answer:
        """Do `job` on the worker, after those before it. A cancelled caller does not undo what was begun."""
        if self._worker is None:
            raise VenueUnavailable(f"{self.name}: the venue is not open")
        return await self._worker.ask(job)

    def _record_marks_in_time(self) -> None:
        """Marks of quiet bars are recorded now and then, the last ones before a pause soon after it began."""
        if self._marks_timer is not None or (self._marks_job is not None and not self._marks_job.done()):
            return
        if self._marks_job is not None:
            recorded, self._marks_job = self._marks_job, None
            recorded.result()
        due_s = self._books.recorded_at_s + self._marks_every_s - time.monotonic()
        loop = asyncio.get_running_loop()
        self._marks_timer = loop.call_later(max(due_s, 0.0), self._start_recording)

    def _start_recording(self) -> None:
        self._marks_timer = None
        if self._worker is not None:
            self._marks_job = self._worker.ask(self._books.record_marks)


def flatten_offline(path: Path, keep_positions: bool = False) -> CloseOut:
    """Close out the venue whose books lie in `path`, with no engine alive (or with one that is wedged).

    Instruments and costs are those the books were last opened with. Raises VenueUnavailable.
    """
    books = Books(path, None)
    books.open()
    try:
        return books.change(lambda account: close_out(account, keep_positions))
    finally:
        books.close()


def _play_once(account: Account, step: MarketStep) -> None:
    if step.open_ms > account.open_ms:
        play(account, step)


def _move_by_hand(account: Account, symbol: str, quantity_change: Decimal, price: Decimal) -> VenuePosition:
    trade = Fill(
        fill_id="",
        client_order_id="",
        symbol=symbol,
        side=Side.BUY if quantity_change > 0 else Side.SELL,
        price=price,
        quantity=abs(quantity_change),
        fee=ZERO,
        maker=False,
        ts_ms=account.clock_ms,
    )
    after = after_fill(account.position(symbol), trade, account.instruments[symbol].contract_size)
    account.put_position(after)
    return VenuePosition(symbol, after.quantity, after.cost)


def _cancel_delisted(account: Account, symbol: str) -> int:
    orders = account.working(symbol)
    for order in orders:
        account.end(order, OrderStatus.CANCELED, "delisted", account.clock_ms)
    return len(orders)
