"""The market-neutral book: what the neutral signals in force want held of each perpetual, and what is held for them.

A signal holds the legs it declares for what it says of each symbol. Where it falls silent, its last opinion counts
until that is 3 of the signal's own periods old, then it is 0. Legs together or not at all: where one of them is no
perpetual of this market, where shorting is off, or where bitcoin's perpetual, which hedges the legs' betas, is not
listed, the signal holds nothing. One that holds a pair on each coin holds the pairs whose two instruments are listed:
a pair needs no hedge. A coin itself is never sold short.

A position may be part directional, part neutral. After each decision the two parts of its target are kept in units;
of what is held later, the neutral part is what lies beyond the directional one, never more than was decided for it, so
that an order that did not fill, a band or a stop takes from the legs first.

Opinions and parts are stored with the books, so that a restart goes on to the last bit. While no neutral signal is in
force and nothing is held for one there is nothing to store, and a decision knows nothing of all this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.decision import STAGES, Decision, NeutralLegs, Readings, SignalTable
from engine.decision_layout import GRANTED, LIMITED
from engine.leg_columns import Pairs
from engine.shadow import neutral_positions
from risk.betas import BETA_DAYS, daily_betas
from store.records import Instrument, InstrumentKind, SignalClass
from store.rows import to_json
from strategies.classical.legs import own_legs
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState
    from store.journal import Journal

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

STATE = "neutral"
HEDGE = "BTC"
PERIODS = 3
DAY_MS = 86_400_000
TARGET = STAGES.index("state")

# Rows of what a signal said last, float64 [SAID_ROWS, N, S]; GIVEN_MS is the close of the bar it was said at.
VALUE, CONFIDENCE, GIVEN_MS = range(3)
SAID_ROWS = 3

# Rows of what was decided, float64 [2, S] in signed units.
DIRECTIONAL, NEUTRAL = range(2)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is held, in signed units: for the directional book, and for neutral legs."""

    directional: float
    neutral: float


class NeutralBook:
    """The legs of one account over the symbols [S] of one market, and the instruments `legs` beside it; `signals` [N]
    are the neutral ones in force, `pair_rows` the rows of those that hold pairs, `held` [S] what was held for them at
    the newest close (x equity), and `idle` names those in force that this market has no instruments for."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        market: MarketState,
        allow_short: bool,
        legs: Sequence[Instrument] = (),
    ) -> None:
        perpetual = [instrument.kind is InstrumentKind.PERPETUAL for instrument in instruments]
        self._market = market
        self._hedge = next(
            (n for n, listed in enumerate(perpetual) if listed and instruments[n].base == HEDGE), -1
        )
        self._holdable = np.array(perpetual) & (allow_short and self._hedge >= 0)
        self._betas, self._beta_day = np.full(len(perpetual), np.nan), -1
        self._decided, self._holds = np.zeros((2, len(perpetual))), False
        self._nothing = np.zeros(len(perpetual))
        self.held = self._nothing
        self._places = {(each.base, each.kind): place for place, each in enumerate((*instruments, *legs))}
        self._bases = [instrument.base for instrument in instruments]
        self._allow_short = allow_short
        self.signals: tuple[Signal, ...] = ()
        self.idle: tuple[str, ...] = ()
        self._idle_told: set[str] = set()
        self.pair_rows: tuple[int, ...] = ()
        self._columns: list[tuple[IntArray, IntArray]] = []
        self._rows: list[int] = []
        self._said = np.full((SAID_ROWS, 0, len(perpetual)), np.nan)
        self._stored = b""

    def weigh(self, signals: Sequence[Signal], table: SignalTable) -> None:
        """Go on with the neutral signals that have a weight in this table, in the order of its rows."""
        weighed = [
            row
            for row, spec in enumerate(table.signals)
            if spec.signal_class is SignalClass.NEUTRAL and spec.weight > 0.0
        ]
        rows = [row for row in weighed if self._has_instruments(signals[row])]
        before, said = [signal.name for signal in self.signals], self._said
        self.signals, self._rows = tuple(signals[row] for row in rows), rows
        self.idle = tuple(signals[row].name for row in weighed if row not in rows)
        self.pair_rows = tuple(row for row in rows if signals[row].pair is not None)
        self._columns = [self._listed(signals[row]) for row in self.pair_rows]
        self._take(before, said)

    def join(
        self,
        readings: Readings,
        now_ms: int,
        quantity: FloatArray,
        equity: float,
        legs_held: bool = False,
    ) -> tuple[Readings, NeutralLegs | None]:
        """What is decided from: the readings, where neutral signals in force say 1, and the legs that hold what they
        really say. None where there are none and nothing is held for any, `legs_held` beside the universe included."""
        if not self._rows and not self._holds and not legs_held:
            self.held = self._nothing
            return readings, None
        value, confidence = readings.value.copy(), readings.confidence.copy()
        legs = np.zeros_like(value)
        self._hear(readings)
        for place, row in enumerate(self._rows):
            if row not in self.pair_rows:
                legs[row] = self._wanted(place, now_ms)
        value[self._rows], confidence[self._rows] = 1.0, 1.0
        self.held = self._nothing
        if equity > 0.0:
            units = _beyond(quantity, *self._decided)
            self.held = np.nan_to_num(units * self._market.last_close / equity)
        return Readings(value, confidence), NeutralLegs(legs, self._betas_at(now_ms), self._hedge, self.held)

    def pairs(self, now_ms: int) -> Pairs:
        """What the signals that hold pairs want of them; after `join`, which heard what they say."""
        amount = np.zeros((len(self.pair_rows), len(self._bases)))
        for number, row in enumerate(self.pair_rows):
            place = self._rows.index(row)
            value, score = self._scored(place, now_ms)
            first, _ = self.signals[place].pair or (None, None)
            amount[number] = np.nan_to_num(neutral_positions(own_legs, self._market.symbols, value, score))
            if first is InstrumentKind.SPOT:
                amount[number] = np.maximum(amount[number], 0.0)
        none: IntArray = np.empty((0, len(self._bases)), dtype=np.int64)
        first_columns, second_columns = (
            np.array(found) if found else none
            for found in ([c[0] for c in self._columns], [c[1] for c in self._columns])
        )
        return Pairs(self.pair_rows, amount, first_columns, second_columns)

    def decided(self, decision: Decision, equity: float) -> None:
        """Remember both parts of the targets of a decision of the universe."""
        if not self._rows and not self._holds:
            return
        price = self._market.last_close
        unit = np.divide(equity, price, out=np.zeros_like(price), where=price > 0.0)
        target, neutral = decision.stages[TARGET, : price.size], decision.neutral[: price.size]
        self._decided[DIRECTIONAL] = (target - neutral) * unit
        self._decided[NEUTRAL] = neutral * unit
        self._holds = bool(self._decided[NEUTRAL].any())

    def fresh_idle(self) -> list[str]:
        """The signals in force that hold nothing for want of instruments, each told once."""
        found = [name for name in self.idle if name not in self._idle_told]
        self._idle_told.update(found)
        return found

    def scalars(self, decision: Decision) -> dict[str, float]:
        """What became of the legs in a decision, beside its own numbers: by signal the share that limits and the
        trading state left, and the factor of stage `gross`."""
        if not self._rows:
            return {}
        kept = {"neutral_gross": decision.gross_factor}
        for row, signal in zip(self._rows, self.signals, strict=True):
            kept[f"{signal.name}_limited"] = float(decision.leg_shares[LIMITED, row])
            kept[f"{signal.name}_granted"] = float(decision.leg_shares[GRANTED, row])
        return kept

    def parts(self, index: int, quantity: float) -> Parts:
        """What a position in one symbol, or in a leg beside them, consists of."""
        if index >= len(self._bases):
            return Parts(0.0, quantity)
        held = float(_beyond(quantity, *self._decided[:, index]))
        return Parts(quantity - held, held)

    def store(self, journal: Journal) -> None:
        """Gather opinions and parts, where they changed, with the books they belong to."""
        if not self._rows and not self._stored:
            return
        head = {"signals": [signal.name for signal in self.signals], "symbols": self._market.symbols}
        text = to_json(head).encode() + b"\n" + self._decided.tobytes() + self._said.tobytes()
        if text != self._stored:
            journal.state(STATE, text)
            self._stored = text

    def load(self, states: Mapping[str, Any]) -> None:
        """Go on where the stored book left off, for the signals that are in both."""
        stored = states.get(STATE)
        if stored is None:
            return
        text, _, numbers = stored.partition(b"\n")
        head, count = json.loads(text), len(self._market.symbols)
        if head["symbols"] != list(self._market.symbols):
            return
        flat = np.frombuffer(numbers, dtype="<f8")
        self._stored = stored
        self._decided[:] = flat[: 2 * count].reshape(2, count)
        self._holds = bool(self._decided[NEUTRAL].any())
        self._take(head["signals"], flat[2 * count :].reshape(SAID_ROWS, len(head["signals"]), count))

    def _take(self, names: Sequence[str], said: FloatArray) -> None:
        """Keep what the signals named said [SAID_ROWS, N', S], as far as they are in force."""
        self._said = np.full((SAID_ROWS, len(self.signals), said.shape[2]), np.nan)
        for place, signal in enumerate(self.signals):
            if signal.name in names:
                self._said[:, place] = said[:, names.index(signal.name)]

    def _hear(self, readings: Readings) -> None:
        """Take the opinions there are; where there is none the last one stays."""
        closed_ms = self._market.readings.closed_ms
        for place, row in enumerate(self._rows):
            spoken = np.isfinite(readings.value[row]) & np.isfinite(readings.confidence[row])
            self._said[VALUE, place, spoken] = readings.value[row, spoken]
            self._said[CONFIDENCE, place, spoken] = readings.confidence[row, spoken]
            self._said[GIVEN_MS, place, spoken] = closed_ms[row]

    def _wanted(self, place: int, now_ms: int) -> FloatArray:
        """Legs [S] of one signal for what it said last, x its share of the budget."""
        value, score = self._scored(place, now_ms)
        wanted = np.nan_to_num(
            neutral_positions(self.signals[place].legs, self._market.symbols, value, score)
        )
        return wanted if self._holdable[wanted != 0.0].all() else np.zeros_like(wanted)

    def _scored(self, place: int, now_ms: int) -> tuple[FloatArray, FloatArray]:
        """What one signal said last of each symbol, and that times its confidence; NaN where that is too old."""
        value, confidence, given_ms = self._said[:, place]
        fresh = now_ms - given_ms <= PERIODS * self.signals[place].bar_ms
        value = np.where(fresh, value, np.nan)
        return value, value * confidence

    def _has_instruments(self, signal: Signal) -> bool:
        if signal.pair is None:
            return signal.legs is not None
        first, second = self._listed(signal)
        return self._allow_short and bool(((first >= 0) & (second >= 0)).any())

    def _listed(self, signal: Signal) -> tuple[IntArray, IntArray]:
        """The columns [S] of both instruments of a signal's pair on each coin, -1 where one is not listed."""
        first, second = (
            np.array([self._places.get((base, kind), -1) for base in self._bases], dtype=np.int64)
            for kind in signal.pair or ()
        )
        return first, second

    def _betas_at(self, now_ms: int) -> FloatArray:
        """Betas [S] from the days that ended."""
        if self._hedge >= 0 and self._beta_day != now_ms // DAY_MS:
            self._betas = daily_betas(self._market.daily_closes(BETA_DAYS + 1), self._hedge)
            self._beta_day = now_ms // DAY_MS
        return self._betas


def _beyond(quantity: FloatArray | float, directional: FloatArray, neutral: FloatArray) -> FloatArray:
    """What of a quantity lies beyond its directional part, between nothing and what was decided for legs."""
    return np.clip(quantity - directional, np.minimum(neutral, 0.0), np.maximum(neutral, 0.0))
