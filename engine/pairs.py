"""Pairs of instruments on one coin: which of them a market lists, and what a signal that holds them wants of each.

A pair needs no hedge, for both its sides are the same coin. A coin itself is never sold short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.shadow import neutral_positions
from store.records import Instrument, InstrumentKind
from strategies.classical.legs import own_legs
from strategies.signal import Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

UNLISTED = -1


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
    """Where the two sides of a pair stand on each coin of a universe [S]: in it, or among the `legs` beside it."""

    def __init__(self, universe: Sequence[Instrument], legs: Sequence[Instrument], allow_short: bool) -> None:
        self._places = {(each.base, each.kind): place for place, each in enumerate((*universe, *legs))}
        self._symbols = tuple(instrument.symbol for instrument in universe)
        self._bases = [instrument.base for instrument in universe]
        self._allow_short = allow_short

    def lists(self, signal: Signal) -> bool:
        """Whether a signal's pair can be held on any coin."""
        first, second = self._columns(signal)
        return self._allow_short and bool(((first >= 0) & (second >= 0)).any())

    def wanted(
        self, rows: Sequence[int], signals: Sequence[Signal], said: Sequence[tuple[FloatArray, FloatArray]]
    ) -> Pairs:
        """What `signals` [P] in the `rows` of the table want, having `said` so much of each coin: values, and those
        times confidence; NaN for what is not known."""
        count = len(self._bases)
        amount, first, second = (
            np.zeros((len(rows), count)),
            *(np.full((len(rows), count), UNLISTED, dtype=np.int64) for _ in range(2)),
        )
        for place, (signal, (value, score)) in enumerate(zip(signals, said, strict=True)):
            first[place], second[place] = self._columns(signal)
            amount[place] = np.nan_to_num(neutral_positions(own_legs, self._symbols, value, score))
            if signal.pair is not None and signal.pair[0] is InstrumentKind.SPOT:
                amount[place] = np.maximum(amount[place], 0.0)
        return Pairs(tuple(rows), amount, first, second)

    def _columns(self, signal: Signal) -> tuple[IntArray, IntArray]:
        """The columns [S] of both instruments on each coin."""
        first, second = (
            np.array([self._places.get((base, kind), UNLISTED) for base in self._bases], dtype=np.int64)
            for kind in signal.pair or ()
        )
        return first, second
