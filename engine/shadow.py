"""The book each signal would have had by itself, bar by bar while the engine trades; nothing traded depends on it.

Position x_ks = 2 f_ks A_s with f = clip(k v q, -1, 1) and A_s the average position of stage `volatility`: what the
signal would hold were it the only one, before caps, buffer and lots. Without an opinion it keeps what it held for the
longest hold, then is flat. A position earns the return from close to close of the next bar; a change of it costs the
taker's fee and half the spread. Two classes differ:

- An overlay's position is the difference it would make: 2 F_s (m - 1) A_s on the blend's forecast F before overlays.
- A market-neutral signal holds the legs it declares for its readings, scaled by the neutral budget, and bitcoin's
  perpetual against their betas, new with each day; one whose legs are pairs or options has books that
  `engine.shadow_legs` keeps. Where this market does not list them, or cannot hedge them, it holds nothing and earns
  nothing; its readings are judged all the same.

A reading is judged when its signal speaks again: v q against the return since, close to close; zeros are neither hit
nor miss. `attribution` splits what the account's own positions earned among directional signals by their parts w f of
the forecast, and what was held for neutral legs, beside the universe too, among neutral signals by theirs of the legs
(w x leg, the hedge too); it is nobody's where they nearly cancel.

The running part is stored with the books, so that a restart goes on to the last digit: `store` gathers it, `load`
reads it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine import shadow_kernel as at
from engine.decision import SignalTable
from engine.decision_layout import STAGE_CONFLICT
from engine.hedge import DailyBetas
from engine.neutral_positions import neutral_positions
from engine.shadow_days import ALL_ALONG, DAY_MS, ShadowDays, rank_correlation
from engine.shadow_legs import LegBooks, holds_several
from engine.shadow_terms import Terms
from store.records import SignalClass
from store.rows import SignalDay, to_json
from strategies.blend.overlay import BOTH, LARGEST, LONG, SHORT, SMALLEST
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState
    from store.journal import Journal
    from strategies.evaluate import Readings

    FloatArray = NDArray[np.float64]

STATE, PAIRS = "shadow", " pairs "
NOBODY = ""
_OVERLAYS = {
    BOTH: at.OVERLAY_BOTH,
    LONG: at.OVERLAY_LONG,
    SHORT: at.OVERLAY_SHORT,
}


class Decided(Protocol):
    """What a decision says of the symbols [S]: fractions of equity that are held and that an average position is, and
    the forecasts after each stage [14, S]."""

    @property
    def current(self) -> FloatArray: ...

    @property
    def average(self) -> FloatArray: ...

    @property
    def stages(self) -> FloatArray: ...


class Shadow:
    """The own books of signals [K] over the symbols [S] of one market, which stands where trading begins; their running
    part is stored as `state`."""

    def __init__(
        self,
        signals: Sequence[Signal],
        table: SignalTable,
        market: MarketState,
        terms: Terms,
        days: ShadowDays | None = None,
        since_ms: Mapping[str, int] = ALL_ALONG,
        state: str = STATE,
    ) -> None:
        self._state = state
        self.signals = tuple(signals)
        names = tuple(signal.name for signal in signals)
        self.days = ShadowDays(names) if days is None else days.of(names, since_ms)
        self._market, self._terms = market, terms
        self._betas = DailyBetas(market, terms.hedge.index)
        several = any(map(holds_several, signals))
        self._legs = LegBooks(signals, market, terms) if several else None
        shape = (len(names), len(market.symbols))
        self._book = np.zeros((at.BOOK_ROWS, *shape))
        self._book[[at.SCORE, at.ANCHOR]] = np.nan
        self._day = np.zeros((len(names), at.DAY_COLUMNS))
        self._reasons: list[Counter[str]] = [Counter() for _ in names]
        self._bars = np.zeros(len(names), dtype=np.int64)
        self._today = -1
        self._pairs: list[tuple[Sequence[str], FloatArray]] = []
        self._slots, self._since = 0, [0] * len(names)
        self._unstored: list[tuple[str, bytes]] = []
        self._unit, self._score = np.full(shape, np.nan), np.full(shape, np.nan)
        self._silent = np.zeros(len(names), dtype=np.bool_)
        self._no_verdict = np.full((at.JUDGED_ROWS, *shape), np.nan)
        self._closed_ms = market.readings.closed_ms
        self._close = market.last_close
        self.weigh(table)
        self._hear(market.readings)

    def weigh(self, table: SignalTable) -> None:
        """Go on with these weights, scalars and overlays."""
        specs = table.signals
        self._shares = [spec.weight for spec in specs]
        has_part = [spec.signal_class is not SignalClass.OVERLAY for spec in specs]
        self._weight = np.array(self._shares) * np.array(has_part, dtype=np.float64)
        self._scalar = np.array([spec.scalar for spec in specs])[:, np.newaxis]
        self._up = np.array([spec.up for spec in specs])[:, np.newaxis]
        self._down = np.array([spec.down for spec in specs])[:, np.newaxis]
        self._kind = np.array(
            [
                _OVERLAYS[spec.side]
                if spec.signal_class is SignalClass.OVERLAY
                else at.BOOKED
                if holds_several(signal)
                else at.LEGS
                if spec.signal_class is SignalClass.NEUTRAL
                else at.SIZED
                for spec, signal in zip(specs, self.signals, strict=True)
            ],
            dtype=np.int64,
        )

    def fold(
        self, now_ms: int, decision: Decided, legs: FloatArray, beside: FloatArray | None = None
    ) -> tuple[SignalDay, ...]:
        """Take the bar that was just decided, at whose close so much was held for neutral `legs` [S] and `beside` the
        universe [L], None: nothing (x equity, options in strikes); the days of the signals where that ends one."""
        readings, ended = self._market.readings, tuple[SignalDay, ...]()
        today = (now_ms - 1) // DAY_MS
        if today != self._today:
            ended = self._end_day()
            self._today = today
        spoke, judged = self._silent, self._no_verdict
        if spoken := readings.closed_ms != self._closed_ms:
            pairs = zip(readings.closed_ms, self._closed_ms, strict=True)
            spoke = np.array([new != old for new, old in pairs])
            judged = np.full_like(self._no_verdict, np.nan)
            self._closed_ms = readings.closed_ms
        if spoken or self._betas.outdated(now_ms):
            self._hear(readings)
        if self._legs is not None:
            rows = list(self._legs.rows)
            self._day[rows] += self._legs.fold(now_ms, self._weight[rows], beside)
            self._unit[rows] = self._legs.wanted[:, : len(self._market.symbols)]
        close = self._market.last_close
        at.fold(
            now_ms,
            self._terms.hold_ms,
            close,
            self._close,
            decision.current,
            legs,
            decision.average,
            self._terms.rate,
            decision.stages[STAGE_CONFLICT],
            self._unit,
            self._score,
            self._kind,
            self._weight,
            spoke,
            self._book,
            self._day,
            judged,
        )
        self._close = close
        self._bars += 1
        if spoken:
            self._note(readings, np.flatnonzero(spoke).tolist(), judged)
        return ended + self._end_day() if now_ms % DAY_MS == 0 else ended

    def store(self, journal: Journal) -> None:
        """Gather the running part, with the books it belongs to."""
        for name, value in self._unstored:
            journal.state(name, value)
        self._unstored.clear()
        head = {
            "signals": [signal.name for signal in self.signals],
            "symbols": self._market.symbols,
            "today": self._today,
            "slots": self._slots,
            "since": self._since,
            "bars": self._bars.tolist(),
            "closed_ms": self._closed_ms,
            "reasons": self._reasons,
            **self._dump_legs(),
        }
        numbers = self._book.tobytes() + self._day.tobytes()
        journal.state(self._state, to_json(head).encode() + b"\n" + numbers)

    def load(self, states: Mapping[str, Any], anew: Collection[str] = ()) -> None:
        """Go on where the stored running part left off, for the signals that are in both and do not begin `anew`."""
        stored = states.get(self._state)
        if stored is None:
            return
        text, _, numbers = stored.partition(b"\n")
        head = json.loads(text)
        names, symbols = head["signals"], len(self._market.symbols)
        if head["symbols"] != list(self._market.symbols):
            return
        head["signals"] = [NOBODY if name in anew else name for name in names]
        flat = np.frombuffer(numbers, dtype="<f8")
        cut = at.BOOK_ROWS * len(names) * symbols
        book = flat[:cut].reshape(at.BOOK_ROWS, len(names), symbols)
        day = flat[cut:].reshape(len(names), at.DAY_COLUMNS)
        self._take(head, book, day)
        for slot in range(self._slots):
            self._load_pairs(states[f"{self._state}{PAIRS}{slot}"])

    def moved_to(
        self, signals: Sequence[Signal], table: SignalTable, since_ms: Mapping[str, int] = ALL_ALONG
    ) -> Shadow:
        """The same books for other signals of the same market, as a restart at this bar would find them; those of a
        signal that gets other parameters begin here."""
        moved = Shadow(signals, table, self._market, self._terms, self.days, since_ms, self._state)
        head = {
            "signals": same_names(self.signals, signals),
            "today": self._today,
            "slots": self._slots,
            "since": self._since,
            "bars": self._bars,
            "closed_ms": self._closed_ms,
            "reasons": self._reasons,
            **self._dump_legs(),
        }
        moved._take(head, self._book, self._day)
        moved._pairs = self._pairs
        moved._unstored = self._unstored
        return moved

    def today(self, row: int) -> SignalDay:
        """The day in progress of one signal; it has no information coefficient yet."""
        return self._signal_day(row, None)

    def no_book(self, row: int) -> str:
        """Why one signal has no book of its own in this market, "" where it has one."""
        if self._legs is not None and row in self._legs.rows:
            return self._legs.no_book(row)
        has_legs = self._kind[row] != at.LEGS or self.signals[row].legs is not None
        return "" if has_legs else "it has no legs"

    def _dump_legs(self) -> dict[str, Any]:
        return {} if self._legs is None else {"legs": self._legs.dump()}

    def _take(self, head: Mapping[str, Any], book: FloatArray, day: FloatArray) -> None:
        """Continue the books and sums of the signals named, [ROWS, K', S] and [K', COLUMNS]."""
        self._today, self._slots = head["today"], head["slots"]
        self._since = [self._slots] * len(self.signals)
        there = {name: row for row, name in enumerate(head["signals"])}
        closed_ms = list(self._closed_ms)
        for row, signal in enumerate(self.signals):
            if (old := there.get(signal.name)) is None:
                continue
            self._book[:, row], self._day[row] = book[:, old], day[old]
            self._bars[row], self._since[row] = head["bars"][old], head["since"][old]
            self._reasons[row] = Counter(head["reasons"][old])
            closed_ms[row] = head["closed_ms"][old]
        if self._legs is not None:
            self._legs.take(head.get("legs", {}), head["signals"])
        self._closed_ms = tuple(closed_ms)

    def _load_pairs(self, stored: bytes) -> None:
        text, _, numbers = stored.partition(b"\n")
        names = json.loads(text)
        judged = np.frombuffer(numbers, dtype="<f8").reshape(at.JUDGED_ROWS, len(names), -1)
        self._pairs.append((names, judged))

    def _hear(self, readings: Readings) -> None:
        """What the newest readings become: units of position, and the scores to be judged."""
        score = readings.value * readings.confidence
        unit = np.clip(self._scalar * score, -1.0, 1.0)
        for row, (kind, signal) in enumerate(zip(self._kind.tolist(), self.signals, strict=True)):
            value = readings.value[row]
            if kind == at.LEGS:
                held = neutral_positions(signal.legs, self._market.symbols, value, score[row])
                if np.isfinite(held).all():
                    held = self._terms.hedge.hedged(held, self._betas.at(self._market.now_ms))
                unit[row] = self._terms.neutral_budget * held
            elif kind not in (at.SIZED, at.BOOKED):
                multiplier = 1.0 + np.where(value >= 0.0, self._up[row], self._down[row]) * np.nan_to_num(
                    value
                )
                unit[row] = np.clip(multiplier, SMALLEST, LARGEST) - 1.0
        self._unit, self._score = unit, np.ascontiguousarray(score)

    def _note(self, readings: Readings, rows: Sequence[int], judged: FloatArray) -> None:
        """Count the reasons of the signals that spoke, and keep what they said beside what followed."""
        for row in rows:
            reasons = readings.reasons[row]
            # Nearly always one and the same, and hashing an enumeration is slow.
            if reasons.count(reasons[0]) == len(reasons):
                self._reasons[row][reasons[0].value] += len(reasons)
            else:
                self._reasons[row].update(reason.value for reason in reasons)
        kept = np.flatnonzero(np.isfinite(judged[at.OUTCOME]).any(axis=1))
        if kept.size:
            names, block = [self.signals[row].name for row in kept], judged[:, kept]
            self._pairs.append((names, block))
            self._unstored.append(
                (f"{self._state}{PAIRS}{self._slots}", to_json(names).encode() + b"\n" + block.tobytes())
            )
            self._slots += 1

    def _end_day(self) -> tuple[SignalDay, ...]:
        """The day in progress as it ended, and nothing of it left."""
        ended = tuple(
            self._signal_day(row, self._coefficient(row))
            for row in range(len(self.signals))
            if self._bars[row]
        )
        self._day[:], self._bars[:] = 0.0, 0
        self._reasons = [Counter() for _ in self.signals]
        self._pairs = []
        self._slots, self._since = 0, [0] * len(self.signals)
        self._unstored.clear()
        if ended:
            self.days.add(ended)
        return ended

    def _signal_day(self, row: int, coefficient: float | None) -> SignalDay:
        sums, judged = self._day[row].tolist(), self.signals[row].judged_by_symbol
        return SignalDay(
            day_ms=self._today * DAY_MS,
            signal=self.signals[row].name,
            bars=int(self._bars[row]),
            pnl=sums[at.GROSS] - sums[at.COST],
            gross_pnl=sums[at.GROSS],
            cost=sums[at.COST],
            turnover=sums[at.TURNOVER],
            attribution=sums[at.ATTRIBUTION],
            weight=self._shares[row],
            hits=int(sums[at.HITS]) if judged else 0,
            misses=int(sums[at.MISSES]) if judged else 0,
            readings=int(sums[at.READINGS]),
            opinions=int(sums[at.OPINIONS]),
            information_coefficient=coefficient,
            reasons=dict(self._reasons[row]),
        )

    def _coefficient(self, row: int) -> float | None:
        """The information coefficient of the day: over symbols and bars, v q against the return that followed; None
        of what that return does not judge."""
        name = self.signals[row].name
        if not self.signals[row].judged_by_symbol:
            return None
        mine = [
            judged[:, names.index(name)] for names, judged in self._pairs[self._since[row] :] if name in names
        ]
        if not mine:
            return None
        said, followed = np.concatenate(mine, axis=1)
        known = np.isfinite(said)
        return rank_correlation(said[known], followed[known])


def same_names(before: Sequence[Signal], after: Sequence[Signal]) -> list[str]:
    """The names of the signals there were; nobody's where one has other parameters now."""
    settings = {signal.name: signal.settings for signal in after}
    return [
        signal.name if settings.get(signal.name, signal.settings) == signal.settings else NOBODY
        for signal in before
    ]
