"""The market-neutral book: what the neutral signals in force want held of each perpetual, and what is held for them.

A signal holds the legs it declares for what it says of each symbol. Where it falls silent, its last opinion counts
until that is 3 of the signal's own periods old, then it is 0. What can be held, and what hedges it: `engine.hedge`;
what is held in two instruments on one coin: `engine.pairs`; in options on it: `engine.option_legs`.

A position may be part directional, part neutral: two accounts that trade through one. With each decision both are told
what they should hold, and three rules say whose a quantity held later is:

- What one part has to sell and the other to buy they pass to each other with the decision; no fill is needed for it.
- A fill on the way from what was held to what is wanted serves both parts in proportion to what they still need, so
  that without a fill they stay as they are, and a leg that is to be closed is a leg until it is gone.
- What is reduced without being asked for (a stop, a liquidation) takes from both in proportion; what is added without
  being asked for is directional.

Opinions and parts are stored with the books, so that a restart goes on to the last bit. While no neutral signal is in
force and nothing is held for one there is nothing to store, and a decision knows nothing of all this.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.decision import STAGES, Decision, NeutralLegs, Readings, SignalTable
from engine.decision_layout import GRANTED, LIMITED
from engine.hedge import DailyBetas, Hedge
from engine.neutral_positions import neutral_positions
from engine.option_legs import OptionLegs, OptionListings
from engine.pairs import PairListings, Pairs
from engine.shadow import NOBODY, same_names
from store.records import Instrument, SignalClass
from store.rows import to_json
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState
    from store.journal import Journal

    FloatArray = NDArray[np.float64]

STATE = "neutral"
PERIODS = 3
TARGET, ROUND = STAGES.index("state"), STAGES.index("round")

# Rows of what a signal said last, float64 [SAID_ROWS, N, S]; GIVEN_MS is the close of the bar it was said at.
VALUE, CONFIDENCE, GIVEN_MS = range(3)
SAID_ROWS = 3

# Rows of a plan, float64 [PLAN_ROWS, S] in signed units: what was held when it was decided and what is wanted, whole
# and for neutral legs.
HELD, HELD_LEGS, WANTED, WANTED_LEGS = range(4)
PLAN_ROWS = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """What is held, in signed units: for the directional book, and for neutral legs."""

    directional: float
    neutral: float


class NeutralBook:
    """The legs of one account over the symbols [S] of one market, and of pairs with the instruments `legs` beside it;
    `signals` [N] are the neutral ones in force, `pair_rows` the rows of those that hold pairs, `option_rows` of those
    that hold options, `idle` names those that this market has no instruments for, `held` [S] is what was held for legs
    at the newest close (x equity)."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        market: MarketState,
        allow_short: bool,
        legs: Sequence[Instrument] = (),
    ) -> None:
        count = len(instruments)
        self._market = market
        self._hedge = Hedge.of(instruments, allow_short)
        self._betas = DailyBetas(market, self._hedge.index)
        self._plan, self._holds = np.zeros((PLAN_ROWS, count)), False
        self._nothing = np.zeros(count)
        self.held = self._nothing
        self._listings = PairListings(instruments, legs, allow_short)
        self._options = OptionListings(instruments, legs, allow_short)
        self._legs_held = np.zeros(len(legs))
        self.signals: tuple[Signal, ...] = ()
        self.idle: tuple[str, ...] = ()
        self._idle_told: set[str] = set()
        self.pair_rows: tuple[int, ...] = ()
        self.option_rows: tuple[int, ...] = ()
        self._rows: list[int] = []
        self._said = np.full((SAID_ROWS, 0, count), np.nan)
        self._stored = b""

    def weigh(self, signals: Sequence[Signal], table: SignalTable) -> None:
        """Go on with the neutral signals that have a weight in this table, in the order of its rows."""
        weighed = [
            row
            for row, spec in enumerate(table.signals)
            if spec.signal_class is SignalClass.NEUTRAL and spec.weight > 0.0
        ]
        rows = [row for row in weighed if self._has_instruments(signals[row])]
        self.idle = tuple(signals[row].name for row in weighed if row not in rows)
        self.pair_rows = tuple(row for row in rows if signals[row].pair is not None)
        self.option_rows = tuple(row for row in rows if signals[row].options is not None)
        before, said = same_names(self.signals, signals), self._said
        self.signals, self._rows = tuple(signals[row] for row in rows), rows
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
        really say; what they want in pairs say `pairs`. None where there are none and nothing is held for any,
        `legs_held` beside the universe included."""
        if not self._rows and not self._holds and not legs_held:
            self.held = self._nothing
            return readings, None
        value, confidence = readings.value.copy(), readings.confidence.copy()
        legs = np.zeros_like(value)
        self._hear(readings)
        for place, row in enumerate(self._rows):
            legs[row] = self._wanted(place, now_ms)
        value[self._rows], confidence[self._rows] = 1.0, 1.0
        held = legs_in(quantity, self._plan)
        # From here on the way to what is wanted begins at what is held.
        self._plan[HELD], self._plan[HELD_LEGS] = quantity, held
        self.held = self._nothing
        if equity > 0.0:
            self.held = np.nan_to_num(held * self._market.last_close / equity)
        betas = self._betas.at(now_ms)
        return Readings(value, confidence), NeutralLegs(legs, betas, self._hedge.index, self.held)

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """Go on with what stands beside the universe now."""
        self._listings.list_legs(legs)
        self._options.list_legs(legs)

    def pairs(self, now_ms: int, legs_held: FloatArray) -> Pairs:
        """What the signals that hold pairs want of them where so much [L] is held of the legs; after `join`, which
        heard what they say."""
        self._legs_held = legs_held
        signals, said = self._speaking(self.pair_rows, now_ms)
        return self._listings.wanted(self.pair_rows, signals, said, now_ms, legs_held)

    def options(self, now_ms: int, legs_held: FloatArray) -> OptionLegs:
        """The same of the signals that hold options."""
        self._legs_held = legs_held
        signals, said = self._speaking(self.option_rows, now_ms)
        price, legs = self._market.last_close, self._market.legs
        return self._options.wanted(self.option_rows, signals, said, price, legs, legs_held)

    def covered_calls(self) -> tuple[tuple[int, int], ...]:
        """The places among the legs of calls that may still be held on a coin nobody sells calls on any more, and of
        that coin."""
        return self._options.covered(wanted=False)

    def deltas(self) -> FloatArray:
        """Forward deltas [L] of what is listed beside the universe, NaN of what is no option."""
        return self._options.deltas(self._market.legs)

    def decided(self, decision: Decision, equity: float) -> None:
        """Remember both parts of the targets of a decision of the universe, made from what was joined last."""
        if not self._rows and not self._holds:
            return
        plan, unit = self._plan, _units(self._market.last_close, equity)
        plan[WANTED], plan[WANTED_LEGS] = decision.stages[TARGET] * unit, decision.neutral * unit
        plan[HELD_LEGS] += passed_to_legs(plan)
        self._holds = holds_legs(plan)

    def missed(self, decision: Decision, equity: float) -> FloatArray:
        """By how much [S] the legs, once what was decided last is ordered, differ from what they were to be (x equity):
        what bands, lots and minimums keep from being traded."""
        price = self._market.last_close
        quantity = decision.stages[ROUND] * _units(price, equity)
        left = legs_in(quantity, self._plan) - self._plan[WANTED_LEGS]
        return np.nan_to_num(left * price / equity) if equity > 0.0 else np.zeros_like(left)

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
        if index >= self._nothing.size:
            return Parts(0.0, quantity)
        held = float(legs_in(np.array([quantity]), self._plan[:, [index]])[0])
        return Parts(quantity - held, held)

    def legs_of(self, held: FloatArray) -> FloatArray:
        """What of all that is held [S + L], in units, is held for legs."""
        count = self._nothing.size
        return np.concatenate((legs_in(held[:count], self._plan), held[count:]))

    def holders(self, index: int) -> tuple[str, ...]:
        """The signals in force that want a leg in one symbol, or in a leg beside them, or their legs hedged with it."""
        now_ms = self._market.now_ms
        paired, found = self.pairs(now_ms, self._legs_held).rows_on(index), []
        if self.option_rows:
            paired = (*paired, *self.options(now_ms, self._legs_held).rows_on(index))
        for place, (row, signal) in enumerate(zip(self._rows, self.signals, strict=True)):
            legs = self._wanted(place, now_ms)
            on_it = index < legs.size and legs[index] != 0.0
            if on_it or row in paired or (index == self._hedge.index and legs.any()):
                found.append(signal.name)
        return tuple(found)

    def store(self, journal: Journal) -> None:
        """Gather opinions and parts, where they changed, with the books they belong to."""
        if not self._rows and not self._stored:
            return
        head = {"signals": [signal.name for signal in self.signals], "symbols": self._market.symbols}
        text = to_json(head).encode() + b"\n" + self._plan.tobytes() + self._said.tobytes()
        if text != self._stored:
            journal.state(STATE, text)
            self._stored = text

    def load(self, states: Mapping[str, Any], anew: Collection[str] = ()) -> None:
        """Go on where the stored book left off, for the signals that are in both and do not begin `anew`."""
        stored = states.get(STATE)
        if stored is None:
            return
        text, _, numbers = stored.partition(b"\n")
        head, count = json.loads(text), len(self._market.symbols)
        if head["symbols"] != list(self._market.symbols):
            return
        names, rows = head["signals"], np.frombuffer(numbers, dtype="<f8").reshape(-1, count)
        said = SAID_ROWS * len(names)
        self._stored = stored
        self._plan[:] = _plan_of(rows[: len(rows) - said])
        self._holds = holds_legs(self._plan)
        names = [NOBODY if name in anew else name for name in names]
        self._take(names, rows[len(rows) - said :].reshape(SAID_ROWS, len(names), count))

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
        signal, (value, score) = self.signals[place], self._scored(place, now_ms)
        wanted = np.nan_to_num(neutral_positions(signal.legs, self._market.symbols, value, score))
        return self._hedge.holdable_or_none(wanted)

    def _scored(self, place: int, now_ms: int) -> tuple[FloatArray, FloatArray]:
        """What one signal said last of each symbol, and that times its confidence; NaN where that is too old."""
        value, confidence, given_ms = self._said[:, place]
        fresh = now_ms - given_ms <= PERIODS * self.signals[place].bar_ms
        value = np.where(fresh, value, np.nan)
        return value, value * confidence

    def _speaking(
        self, rows: tuple[int, ...], now_ms: int
    ) -> tuple[list[Signal], list[tuple[FloatArray, FloatArray]]]:
        """The signals in these rows, and what they said."""
        places = [self._rows.index(row) for row in rows]
        return [self.signals[place] for place in places], [self._scored(place, now_ms) for place in places]

    def _has_instruments(self, signal: Signal) -> bool:
        if signal.options is not None:
            return self._options.lists(signal)
        return signal.legs is not None if signal.pair is None else self._listings.lists(signal)


def _units(price: FloatArray, equity: float) -> FloatArray:
    """How many units [S] all of the equity buys, 0 without a price."""
    return np.divide(equity, price, out=np.zeros_like(price), where=price > 0.0)


def legs_in(quantity: FloatArray, plan: FloatArray) -> FloatArray:
    """What of the quantities [S] is held for neutral legs, under a plan [PLAN_ROWS, S]."""
    held, held_legs, wanted, wanted_legs = plan
    reached = np.clip(quantity, np.minimum(held, wanted), np.maximum(held, wanted))
    way = wanted - held
    share = np.divide(reached - held, way, out=np.ones_like(way), where=way != 0.0)
    left = np.clip(quantity, np.minimum(reached, 0.0), np.maximum(reached, 0.0))
    kept = np.divide(left, reached, out=np.ones_like(way), where=reached != 0.0)
    legs: FloatArray = (held_legs + share * (wanted_legs - held_legs)) * kept
    return legs


def passed_to_legs(plan: FloatArray) -> FloatArray:
    """What the directional parts [S] give to the legs, as far as one has to sell what the other has to buy."""
    legs = plan[WANTED_LEGS] - plan[HELD_LEGS]
    others = plan[WANTED] - plan[HELD] - legs
    passed: FloatArray = np.sign(legs) * np.minimum(np.abs(legs), np.abs(others))
    return np.where(np.sign(legs) * np.sign(others) < 0.0, passed, 0.0)


def holds_legs(plan: FloatArray) -> bool:
    """Whether anything is held or wanted for legs."""
    return bool(plan[[HELD_LEGS, WANTED_LEGS]].any())


def _plan_of(stored: FloatArray) -> FloatArray:
    """A stored plan. One of two rows, the directional and the neutral part of what was decided, is from when what was
    held before was not remembered: legs were what lay beyond the directional part."""
    if len(stored) == PLAN_ROWS:
        return stored
    directional, neutral = stored
    return np.array([directional, np.zeros_like(neutral), directional + neutral, neutral])
