"""The signals in shadow as they follow the decisions: their own market, what they say, what each would have earned.

Everything here is a pure function of the bars and of the decisions that are durable, blocking, and called off the loop
by one thread at a time. What it comes to is gathered in a journal of its own and belongs to its cursor: readings, days
and running books of a bar are in one transaction with it, which no bar of the engine shares.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.daily_forecasts import JointForecasts, PastForecasts
from engine.decision import SignalTable
from engine.estimates import INSTRUMENTS
from engine.feeds.feed import Feed
from engine.lane_cursor import CURSOR, STATE, Cursor, fingerprint
from engine.lane_view import LaneView, lane_view
from engine.market import MarketState, Row, rows
from engine.reading_log import ReadingLog
from engine.refold import MakeMarket, empty_market, fold_until
from engine.shadow import Shadow
from engine.shadow_days import DAYS_KEPT, ShadowDays
from engine.shadow_terms import Terms
from engine.signal_table import signal_table
from store import followed
from store.followed import DecidedBar
from store.journal import Journal
from store.query import read_only
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BATCH_BARS = 48
FOLD_BARS = 256
"""Few enough that a fold soon leaves the processor to an engine that ends."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a decision tells the books of signals that nothing was traded for: an average position [S] and the forecasts
    after each stage [14, S]; `current` [S] is nothing, for none of it was held for them."""

    current: FloatArray
    average: FloatArray
    stages: FloatArray


@dataclass(frozen=True, slots=True)
class LaneSource:
    """What the followers are made of: the market's feed and how a market is made of it, on what terms they are held to
    account and to which volatility (per annum), and the database they follow."""

    feed: Feed
    make_market: MakeMarket
    terms: Terms
    volatility_target: float
    database: Path


@dataclass(frozen=True, slots=True)
class Ends:
    """What the followers are opened towards: the close of the newest decision, and by name the close a signal begins
    anew at; what is older is not about it."""

    decided_ms: int
    begins_ms: Mapping[str, int]


class LaneBooks:
    """The market of the followers and their books, standing at `cursor`."""

    def __init__(
        self,
        source: LaneSource,
        journal: Journal,
        market: MarketState,
        shadow: Shadow,
        log: ReadingLog,
        cursor: Cursor,
    ) -> None:
        self._source, self._journal = source, journal
        self._shadow, self._log, self._joint = shadow, log, JointForecasts()
        self.market, self.cursor = market, cursor
        self._settings = {signal.name: fingerprint(signal) for signal in market.signals}
        count = len(market.symbols)
        self._nothing = np.zeros(count)
        self._orderable = np.array([instrument.lot > 0 for instrument in source.feed.instruments])

    @property
    def signals(self) -> tuple[Signal, ...]:
        return self.market.signals

    @classmethod
    def open(
        cls,
        source: LaneSource,
        journal: Journal,
        wanted: tuple[Signal, ...],
        ends: Ends,
        stopped: threading.Event,
    ) -> LaneBooks:
        """The followers as they were stored, their market folded to where they stood: those of the `wanted` that took
        the bars so far, or begin there. Where all begin later it is where the first of them does. Raises FoldFault once
        `stopped`, DataFault, StoreError."""
        with read_only(source.database) as connection:
            stored = followed.states(connection, STATE)
            first_ms = min(ends.begins_ms.get(signal.name, ends.decided_ms) for signal in wanted)
            known = Cursor.loads(stored[CURSOR]) if stored[CURSOR] else Cursor(first_ms, False, {})
            if not (signals := _begun(wanted, known.close_ms, ends)):
                known = Cursor(first_ms, False, {})
                signals = _begun(wanted, first_ms, ends)
            days = followed.followed_days(connection, DAYS_KEPT)
            names = [signal.name for signal in signals]
            said = followed.readings_of(connection, names, known.close_ms)
            market = empty_market(source.make_market, signals, stopped)
            _stand_by(market, connection, -1, known.close_ms)
        last = fold_until(market, source.feed, known.close_ms, FOLD_BARS, stopped)
        if last is not None:
            market.append(last)
        past = ShadowDays((), days)
        shadow = Shadow(signals, _table(signals), market, source.terms, past, ends.begins_ms, state=STATE)
        here = {name for name, begins_ms in ends.begins_ms.items() if begins_ms == known.close_ms}
        shadow.load(stored, here | {signal.name for signal in signals if not known.knows(signal)})
        log = ReadingLog(journal, names, market.symbols)
        if not known.fresh:
            log.restore(said, market.readings.closed_ms, ends.begins_ms)
        return cls(source, journal, market, shadow, log, known)

    def begin_anew(self, at_ms: int, begins_ms: Mapping[str, int], stopped: threading.Event) -> None:
        """Where the decisions that follow were thinned away: begin at a later close as at a first start, once the
        market has come there; no bar is folded twice for it. `begins_ms` as in `Ends`. Raises FoldFault once `stopped`,
        after which this can be asked again, DataFault, StoreError."""
        market, names = self.market, [signal.name for signal in self.signals]
        with read_only(self._source.database) as connection:
            said = followed.readings_of(connection, names, at_ms)
            _stand_by(market, connection, self.cursor.close_ms, at_ms)
        last = fold_until(market, self._source.feed, at_ms, FOLD_BARS, stopped)
        if last is not None:
            market.append(last)
        days, terms = self._shadow.days, self._source.terms
        self._shadow = Shadow(self.signals, _table(self.signals), market, terms, days, state=STATE)
        self._log = ReadingLog(self._journal, names, market.symbols)
        self._log.restore(said, market.readings.closed_ms, begins_ms)
        self.cursor = Cursor(at_ms, False, {})

    def let_go(self, kept: tuple[Signal, ...]) -> None:
        """Go on with some of the signals; what the others say is written, or ended, by whoever took them away."""
        gone = {signal.name for signal in self.signals} - {signal.name for signal in kept}
        self.market.keep_only(kept)
        names = [signal.name for signal in kept]
        self._shadow = self._shadow.moved_to(kept, _table(kept))
        self._log = self._log.of(names, self.market.readings.closed_ms, elsewhere=gone)
        self._settings = {signal.name: fingerprint(signal) for signal in kept}

    def follow(self, until_ms: int, hurried: threading.Event) -> int | None:
        """Take some of the decisions up to the close `until_ms`, fewer when `hurried`, and gather all there is to be
        written. Returns from when on decisions are kept where the next one was thinned away, else None."""
        with read_only(self._source.database) as connection:
            decided = followed.decided(connection, self.cursor.close_ms, until_ms, BATCH_BARS)
            bar_ms, stands_ms = self.market.bar_ms, self.cursor.close_ms
            if not decided:
                return until_ms
            if decided[0].ts_ms != stands_ms + bar_ms:
                kept_ms = followed.kept_from(connection)
                return kept_ms if kept_ms > stands_ms else decided[0].ts_ms - bar_ms
            block = rows(self._source.feed.read(stands_ms, len(decided)))
            for row, made in zip(block, decided, strict=False):
                if hurried.is_set() or made.ts_ms != row.open_ms + bar_ms:
                    break
                _stand_by(self.market, connection, row.open_ms, made.ts_ms)
                self._take(row, made)
        self._shadow.store(self._journal)
        self._journal.state(CURSOR, self.cursor.dumps())
        return None

    def view(self, decided_with: PastForecasts) -> LaneView:
        """What is to be shown of them now, beside the forecasts of those `decided_with`."""
        return lane_view(self.market, self._shadow, decided_with, self._joint)

    def fresh_faults(self) -> list[tuple[str, str]]:
        """The signals that raise and what they raise, each told once."""
        return self.market.fresh_faults()

    def _take(self, row: Row, made: DecidedBar) -> None:
        """One bar and what was decided at its close."""
        self.market.append(row)
        count = len(self.market.symbols)
        decided = Followed(self._nothing, self._average(made.idm), made.stages[:, :count])
        for day in self._shadow.fold(made.ts_ms, decided, self._nothing):
            self._journal.followed_day(day)
        self._log.write(self.market.readings, made.ts_ms)
        self.cursor = Cursor(made.ts_ms, False, self._settings)

    def _average(self, idm: float) -> FloatArray:
        """Positions [S] of an average forecast, as `risk.sizing.measure` has them."""
        weight, sigma, price = self.market.instrument_weight, self.market.sigma, self.market.last_close
        usable = self.market.tradable & self._orderable & np.isfinite(weight)
        usable &= np.isfinite(sigma) & (sigma > 0.0) & np.isfinite(price) & (price > 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            sized: FloatArray = weight * idm * self._source.volatility_target / sigma
        return np.where(usable, sized, 0.0)


def _begun(wanted: Sequence[Signal], close_ms: int, ends: Ends) -> tuple[Signal, ...]:
    """Those that have begun at a close."""
    return tuple(signal for signal in wanted if ends.begins_ms.get(signal.name, close_ms) <= close_ms)


def _table(signals: Sequence[Signal]) -> SignalTable:
    """The signals without weight."""
    table, _ = signal_table(signals)
    return SignalTable(tuple(replace(spec, weight=0.0) for spec in table.signals))


def _stand_by(market: MarketState, connection: sqlite3.Connection, after_ms: int, until_ms: int) -> None:
    """Take over the choice of symbols that was decided with up to a close, where symbols are chosen."""
    if market.selector is not None:
        for row in followed.estimates_between(connection, INSTRUMENTS, after_ms, until_ms)[-1:]:
            market.selector.stand_on(row)
