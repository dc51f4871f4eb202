"""The parts of one engine in one place: market, venue, books, guards, decision, journal.

`engine.assembly` makes them, `Machine.restore` brings them to where the database stands, `Machine.close` lets go of
everything in the right order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.bookstate import BookState
from engine.clock import VirtualClock
from engine.config_faults import ConfigFault
from engine.cycle import BOOK, DAYS
from engine.feeds.feed import Feed
from engine.lane import Following, ShadowLane
from engine.ledger import REMEMBERED_IDS, Ledger
from engine.method_choice import still_chosen
from engine.reconcile import foreign_orders
from engine.refold import MakeMarket, Refold, empty_market, fold_until
from engine.signal_state import is_computed
from engine.signal_table import Choices, signal_table
from engine.summary import Summary
from engine.tuning import set_again, since_ms
from engine.venues.patience import patiently
from risk.health_guards import Health
from store import recall
from store.database import Database
from store.journal import Journal
from store.records import Order, OrderPurpose, Position, TradingState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.config import Configuration
    from engine.cycle import BarCycle
    from engine.decision import SignalTable
    from engine.execution import Execution
    from engine.kill import KillSwitch
    from engine.market import MarketState
    from engine.oversight import Oversight
    from engine.tape import Tape
    from engine.venues.choose import TradingVenue
    from engine.weighting import Weighting
    from strategies.registry import Registry
    from strategies.signal import Signal

# How long after its decision an order is remembered across a restart, for a fill that comes late.
LATE_FILL_MS = 3 * 86_400_000


@dataclass(slots=True)
class Machine:
    """Everything a session moves. `books` is held while a bar changes them.

    `signals` are those computed, of the `known_signals` that could be, which are the `configured_signals` with what an
    operator set of them; `folded` is a market with more of them, or other parameters, that has caught up, while the
    command that wants it holds the books. Whoever finds a bar `half_done` with the books in hand comes after one that
    failed: nothing may be made durable then.
    """

    configuration: Configuration
    feed: Feed
    database: Database
    journal: Journal
    venue: TradingVenue
    clock: VirtualClock
    market: MarketState
    ledger: Ledger
    execution: Execution
    oversight: Oversight
    kill: KillSwitch
    cycle: BarCycle
    tape: Tape
    book: BookState
    signals: tuple[Signal, ...]
    known_signals: tuple[Signal, ...]
    configured_signals: tuple[Signal, ...]
    market_maker: Callable[[Feed], MakeMarket]
    make_market: MakeMarket
    refold: Refold
    registry: Registry
    weighting: Weighting
    compile_seconds: float
    config_hash: str
    first_ts_ms: int = 0
    showing_open_ms: int = 0
    proven_revision: int | None = None
    books: asyncio.Lock = field(default_factory=asyncio.Lock)
    half_done: bool = False
    folded: MarketState | None = None
    lane: ShadowLane = field(init=False)

    def __post_init__(self) -> None:
        self.lane = ShadowLane(self, Following.of(self.configuration))

    def configured(self, name: str) -> Signal:
        """A known signal as the configuration has it."""
        return next(signal for signal in self.configured_signals if signal.name == name)

    @property
    def stop_policy(self) -> str:
        """What a stop does to orders and positions unless it says otherwise."""
        return self.configuration.run.stop_policy

    async def restore(self) -> None:
        """Fold the market up to the stored cursor and read the books back. Raises SecondEngine, StoreError."""
        states = await recall.session_state(self.database)
        stored = states.get(BOOK)
        if stored is not None:
            _copy(BookState.loads(stored, states.get(DAYS, "[]")), self.book)
        until_ms = self.book.cursor_ms or self.feed.start_ms
        self.first_ts_ms = self.showing_open_ms = until_ms
        set_again(self, until_ms)
        await self._begin_with(self.chosen_signals())
        if (selector := self.market.selector) is not None:
            await selector.recall(self.database, until_ms)
        last = await asyncio.to_thread(fold_until, self.market, self.feed, until_ms)
        if last is not None:
            if stored is not None:
                # The venue notes quiet bars late: the last one is handed over again before anything is asked of it.
                await self.venue.advance(self.market.step(last))
            self.market.append(last)
        if selector is not None:
            self.weighting.record(selector.newest())
        self.clock.advance_to(until_ms)
        positions = await recall.positions(self.database)
        self._refuse_unlisted(positions, until_ms)
        applied = await recall.applied_ids(self.database, self.book.proven_ms, REMEMBERED_IDS)
        self.ledger.restore(positions, self.book, applied)
        recent_ms = until_ms - LATE_FILL_MS
        self.execution.restore(await recall.orders_since(self.database, recent_ms))
        self.book.methods = still_chosen(self.book.methods, self.configuration.blend.method)
        await self.weighting.restore(self.database, until_ms, self.book.methods)
        if self.book.choices or self.weighting.shares:
            self.reweigh()
        await self._restore_shadow(states)
        self.lane.restore(states, until_ms, self.book.decisions == 0)
        if stored is not None:
            told = await recall.readings(self.database, until_ms)
            behind = self.lane.following is Following.BEHIND
            followed = {signal.name for signal in self.lane.wanted()} if behind else set()
            self.cycle.restored(reading for reading in told if reading.signal not in followed)
        else:
            self.book.proven_ms = until_ms
        await patiently(lambda: foreign_orders(self.venue, self._wrote))
        for instrument in (*self.feed.instruments, *self.feed.legs):
            self.journal.instrument(instrument)
        for notice in self.feed.notices:
            self.tape.say(until_ms, "WARN", "engine.feeds", notice)
        for broken in self.registry.broken:
            self.tape.say(
                until_ms, "ERROR", "strategies.registry", f"left out {broken.entry_point}: {broken.fault}"
            )

    def chosen_signals(self, choices: Choices | None = None) -> tuple[Signal, ...]:
        """The signals to be computed, as the configuration says and the operator chose (or would with `choices`)."""
        chosen = self.book.choices if choices is None else choices
        return tuple(signal for signal in self.known_signals if is_computed(signal, chosen))

    def put_in_force(self) -> None:
        """Compute and weigh the signals as they are chosen now, from the next decision on; the caller holds the books.

        Those that were not computed so far come with the market that was `folded` with them, and have their past.
        """
        if self.folded is not None:
            self.market.stand_as(self.folded)
        chosen = self.chosen_signals()
        self.market.keep_only(chosen)
        if chosen != self.signals:
            self._compute()
        else:
            self.reweigh()
            self.cycle.leave_readings({signal.name for signal in self.lane.wanted()})
        self.lane.look()

    async def _begin_with(self, chosen: tuple[Signal, ...]) -> None:
        """Before the first bar is folded: compute these signals, where the operator chose others than configured."""
        if chosen != self.signals:
            self.market.stand_as(await asyncio.to_thread(empty_market, self.make_market, chosen))
            self._compute()

    def _compute(self) -> None:
        self.signals = self.market.signals
        elsewhere = {signal.name for signal in self.lane.wanted()}
        self.cycle.compute(self.signals, *self._weighed(), elsewhere=elsewhere)

    def _weighed(self) -> tuple[SignalTable, NDArray[np.float64]]:
        cap = self.configuration.blend.signal_cap
        return signal_table(self.signals, self.book.choices, self.weighting.shares, cap)

    def _refuse_unlisted(self, positions: Iterable[Position], until_ms: int) -> None:
        """Raise ConfigFault where something is held that this configuration does not list."""
        legs = (*self.feed.legs_at(until_ms - self.feed.bar_ms), *self.feed.legs_at(until_ms))
        listed = {instrument.symbol for instrument in (*self.feed.instruments, *legs)}
        held = sorted(each.symbol for each in positions if each.quantity and each.symbol not in listed)
        if held:
            raise ConfigFault(
                [f"sim.options: {', '.join(held)} is held: set sim.options = true, or close it first"]
            )

    async def _restore_shadow(self, states: Mapping[str, Any]) -> None:
        """The signals' own books, as they were stored; they begin here where they are new."""
        from engine.shadow import Shadow
        from engine.shadow_days import DAYS_KEPT, ShadowDays
        from engine.shadow_terms import Terms

        instruments, venue = self.feed.instruments, self.configuration.venue
        spreads_bps = venue.half_spread_bps, venue.option_half_spread_bps
        terms = Terms.of(instruments, spreads_bps[0], self.cycle.parameters, spreads_bps[1])
        days = ShadowDays((), await recall.signal_days(self.database, DAYS_KEPT))
        table, _ = self._weighed()
        since = since_ms(self.book.tunings)
        self.cycle.shadow = Shadow(self.signals, table, self.market, terms, days, since)
        anew = {name for name, since_ms in since.items() if since_ms == self.book.cursor_ms}
        self.cycle.shadow.load(states, anew)
        self.cycle.neutral.weigh(self.signals, table)
        self.cycle.neutral.load(states, anew)

    async def _wrote(self, client_order_id: str) -> bool:
        """Whether this database holds the order, ended or not."""
        sql = "SELECT 1 FROM orders WHERE client_order_id = ?"
        return bool(await self.database.query(sql, (client_order_id,)))

    def allowed(self, order: Order) -> str:
        """The last gate before an order leaves: "" or why it must not."""
        state = self.oversight.state
        if state is TradingState.HALTED and order.purpose is not OrderPurpose.FLATTEN:
            # Positions that are kept keep their exits; one whose position never came stays away.
            guards = order.whole_position and self.ledger.quantity(order.symbol) * order.side.sign < 0
            if not (guards and self.oversight.keep_positions):
                return "trading is HALTED"
        if state is TradingState.REDUCING and not order.reduce_only:
            return "trading is REDUCING: only orders that reduce exposure"
        if order.client_order_id in self.book.withdrawals:
            return "cancelled by the operator"
        if not order.reduce_only and (restriction := self.oversight.why_restricted(order.symbol)):
            return f"{order.symbol} may only be reduced: {restriction}"
        if (
            order.purpose in (OrderPurpose.OPEN, OrderPurpose.CLOSE)
            and order.decision_ts_ms < self.book.cursor_ms
        ):
            return "decided for an older bar"
        return ""

    def reweigh(self) -> None:
        """Put what the operator chose of the signals in force, from the next decision on."""
        self.cycle.weigh(*self._weighed())

    async def take_estimated_weights(self, now_ms: int) -> None:
        """Before the decision at this close: put the estimates in force that are due with it."""
        if self.weighting.due(now_ms) and await self.weighting.take_effect(now_ms):
            self.reweigh()

    def ask_for_weights(self, now_ms: int) -> None:
        """After the decision at this close: begin the estimate that is due, and record the choice of symbols."""
        if self.cycle.shadow is not None:
            self.weighting.schedule(now_ms, self.signals, self.book.choices, self.cycle.shadow.days)
        if self.market.selector is not None:
            self.weighting.record(self.market.selector.chosen_at(now_ms))

    def measure(self, loop_lag_p99_ms: float) -> None:
        """Let the guards on the machine itself see how it is now."""
        health = Health(
            now_ms=time.time_ns() // 1_000_000,
            loop_lag_p99_ms=loop_lag_p99_ms,
            clock_skew_ms=None,
            venue_up=self.oversight.venue_answers,
        )
        self.oversight.measure(health, not self.clock.is_virtual, self.clock.now_ms())

    def describe(self) -> str:
        """One line for the log at start."""
        names = ", ".join(signal.name for signal in self.signals)
        return (
            f"{self.configuration.run.mode} {self.configuration.run.account}: {len(self.feed.symbols)} symbols, "
            f"bar {self.feed.bar_ms // 60_000} min, signals {names}; kernels ready in {self.compile_seconds:.1f} s; "
            f"config {self.config_hash}"
        )

    def summary(self, reason: str) -> Summary:
        """The account as it stands; the session adds bars and seconds."""
        totals = self.cycle.totals or self.ledger.mark(self.cycle.marks)
        return Summary(
            mode=self.configuration.run.mode,
            account=self.configuration.run.account,
            reason=reason,
            state=self.oversight.state.name,
            bars=0,
            decisions=self.book.decisions,
            orders=self.execution.sent,
            fills=self.book.fills,
            first_ts_ms=self.first_ts_ms,
            last_ts_ms=self.clock.now_ms(),
            initial=f"{totals.initial:f}",
            equity=f"{totals.equity:f}",
            realised=f"{totals.realised:f}",
            unrealised=f"{totals.unrealised:f}",
            fees=f"{totals.fees:f}",
            funding=f"{totals.funding:f}",
            maximum_drawdown=self.book.maximum_drawdown,
            seconds=0.0,
            decisions_per_second=0.0,
            compile_seconds=self.compile_seconds,
        )

    async def close_out(self) -> object:
        """Close every position at the last known price, for a market that no longer moves."""
        return await self.venue.close_out()

    async def close(self) -> None:
        """Let go of venue and database, whatever state they are in."""
        self.weighting.close()
        try:
            await self.venue.close()
        finally:
            await self.database.close()
            self.feed.close()


def _copy(source: BookState, target: BookState) -> None:
    for name in BookState.__slots__:
        setattr(target, name, getattr(source, name))
