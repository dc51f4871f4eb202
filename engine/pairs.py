"""Pairs of instruments on one coin: which of them a market lists, and what a signal that holds them wants of each.

A pair needs no hedge, for both its sides are the same coin. A coin itself is never sold short. What is held of a future
runs until it is settled; then the pair goes on with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.market_legs import coins_under
from engine.neutral_positions import neutral_positions
from store.records import Instrument, InstrumentKind
from strategies.classical.legs import own_legs
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

UNLISTED = -1
# A future nearer to its expiry than this is not sold any more; it is the one that signals read no longer.
LEAST_MS = 3 * 86_400_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """What pair signals want: `rows` [P] in the table of signals, `amount` [P, S] of the budget on each coin (positive:
    long of the first), and the columns [P, S] of the first and the second instrument on it, -1 where one is not
    listed."""

    rows: tuple[int, ...]
    amount: FloatArray
    first: IntArray
    second: IntArray

    def rows_on(self, column: int) -> tuple[int, ...]:
        """The rows of the signals that want something of a column."""
        sides = (self.first == column) | (self.second == column)
        both = (self.first != UNLISTED) & (self.second != UNLISTED)
        there = (sides & both & (self.amount != 0.0)).any(axis=1)
        return tuple(row for row, wants in zip(self.rows, there.tolist(), strict=True) if wants)


class PairListings:
    """Where the two sides of a pair stand on each coin of a universe [S]: in it, or among the `legs` [L] beside it."""

    def __init__(self, universe: Sequence[Instrument], legs: Sequence[Instrument], allow_short: bool) -> None:
        self._universe = tuple(universe)
        self._symbols = tuple(instrument.symbol for instrument in universe)
        self._allow_short = allow_short
        self.list_legs(legs)

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """What stands beside the universe from now on."""
        first, perpetual = len(self._universe), InstrumentKind.PERPETUAL
        sold = (place for place, each in enumerate(self._universe) if each.kind is perpetual)
        self._places = {(place, perpetual): [place] for place in sold}
        for place, (leg, coin) in enumerate(zip(legs, coins_under(legs, self._universe), strict=True), first):
            self._places.setdefault((coin, leg.kind), []).append(place)
        self._expiry_ms = {place: leg.expiry_ms for place, leg in enumerate(legs, first) if leg.expiry_ms}

    def lists(self, signal: Signal) -> bool:
        """Whether a signal's pair can be held on any coin."""
        kinds = signal.pair or ()
        listed = [all((coin, kind) in self._places for kind in kinds) for coin in range(len(self._universe))]
        return self._allow_short and any(listed)

    def wanted(
        self,
        rows: Sequence[int],
        signals: Sequence[Signal],
        said: Sequence[tuple[FloatArray, FloatArray]],
        now_ms: int,
        held: FloatArray,
    ) -> Pairs:
        """What `signals` [P] in the `rows` of the table want, having `said` so much of each coin: values, and those
        times confidence; NaN for what is not known. So much [L] is `held` of the legs."""
        coins = range(len(self._universe))
        shape = (len(rows), len(coins))
        amount, columns = np.zeros(shape), np.full((2, *shape), UNLISTED, dtype=np.int64)
        for place, (signal, (value, score)) in enumerate(zip(signals, said, strict=True)):
            for side, kind in enumerate(signal.pair or ()):
                columns[side, place] = [self._column(coin, kind, now_ms, held) for coin in coins]
            there = (columns[:, place] != UNLISTED).all(axis=0)
            value, score = np.where(there, value, np.nan), np.where(there, score, np.nan)
            amount[place] = np.nan_to_num(neutral_positions(own_legs, self._symbols, value, score))
            if signal.pair is not None and signal.pair[0] is InstrumentKind.SPOT:
                amount[place] = np.maximum(amount[place], 0.0)
        return Pairs(tuple(rows), amount, *columns)

    def _column(self, coin: int, kind: InstrumentKind, now_ms: int, held: FloatArray) -> int:
        """Where an instrument of this kind on a coin of the universe stands. Of futures the one that is held, until it
        expires; else the next that has days to run."""
        places = self._places.get((coin, kind), [])
        if kind is not InstrumentKind.FUTURE:
            return places[0] if places else UNLISTED
        alive = sorted((self._expiry_ms[place], place) for place in places if self._expiry_ms[place] > now_ms)
        kept = [place for _, place in alive if held[place - len(self._universe)]]
        lasting = [place for expiry_ms, place in alive if expiry_ms >= now_ms + LEAST_MS]
        return next(iter((*kept, *lasting)), UNLISTED)
