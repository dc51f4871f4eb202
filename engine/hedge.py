"""What hedges the legs of market-neutral signals: bitcoin's perpetual, against their betas of the days that ended.

Legs together or not at all: where one of them is no perpetual of this market, where shorting is off, or where
bitcoin's perpetual is not listed, a signal holds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risk.betas import BETA_DAYS, daily_betas
from store.records import Instrument, InstrumentKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

HEDGE = "BTC"
DAY_MS = 86_400_000
NEVER = -1


@dataclass(frozen=True, slots=True)
class Hedge:
    """`index` of bitcoin's perpetual (-1: not listed), and which symbols [S] can be legs."""

    index: int
    holdable: BoolArray

    @classmethod
    def of(cls, instruments: Sequence[Instrument], allow_short: bool) -> Hedge:
        """What these instruments allow."""
        perpetual = [instrument.kind is InstrumentKind.PERPETUAL for instrument in instruments]
        listed = (n for n, found in enumerate(perpetual) if found and instruments[n].base == HEDGE)
        index = next(listed, -1)
        return cls(index, np.array(perpetual) & (allow_short and index >= 0))

    def holdable_or_none(self, legs: FloatArray) -> FloatArray:
        """The legs [S] of one signal; zeros where one of them cannot be held."""
        return legs if self.holdable[legs != 0.0].all() else np.zeros_like(legs)

    def hedged(self, legs: FloatArray, betas: FloatArray) -> FloatArray:
        """The legs [S] of one signal with bitcoin's against their betas [S]; zeros where one cannot be held or
        its beta is not known."""
        legs = self.holdable_or_none(legs)
        lies = legs != 0.0
        beta = float(legs[lies] @ betas[lies])
        if beta == 0.0:
            return legs
        hedged = np.zeros_like(legs)
        if math.isfinite(beta):
            hedged[:] = legs
            hedged[self.index] -= beta
        return hedged


class DailyBetas:
    """Betas of one market's symbols to `reference` (-1: none), new with each UTC day."""

    def __init__(self, market: MarketState, reference: int) -> None:
        self._market, self._reference = market, reference
        self._betas, self._day = np.full(len(market.symbols), np.nan), NEVER

    def at(self, now_ms: int) -> FloatArray:
        """Betas [S] from the days that ended; NaN where there is none."""
        if self._reference >= 0 and self._day != now_ms // DAY_MS:
            self._betas = daily_betas(self._market.daily_closes(BETA_DAYS + 1), self._reference)
            self._day = now_ms // DAY_MS
        return self._betas

    def outdated(self, now_ms: int) -> bool:
        """Whether a day ended since they were last asked for."""
        return self._day not in (NEVER, now_ms // DAY_MS)
