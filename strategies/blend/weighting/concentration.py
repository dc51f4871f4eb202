"""How many independent bets a set of weights amounts to, and which two of them are most alike.

Effective number of bets as the square of the diversification ratio (Choueifaty, Coignard 2008, J Portfolio Management
35(1)), with negative correlation counted as none, as the forecast diversification multiplier has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


class Pair(NamedTuple):
    """Two columns and their correlation; (-1, -1, NaN) where there are no two."""

    first: int
    second: int
    correlation: float


NO_PAIR = Pair(-1, -1, float("nan"))


def effective_bets(share: FloatArray, correlation: FloatArray, volatility: FloatArray) -> float:
    """(sum of share * volatility)^2 / variance of the whole, for shares [K] >= 0: from 1, all the same bet, to K; 0
    without any share."""
    risk = share * volatility
    variance = float(risk @ np.maximum(correlation, 0.0) @ risk)
    return float(risk.sum()) ** 2 / variance if variance > 0.0 else 0.0


def closest_pair(share: FloatArray, correlation: FloatArray) -> Pair:
    """The two columns with a share whose correlation is largest."""
    weighted = np.flatnonzero(share > 0.0)
    if weighted.size < 2:
        return NO_PAIR
    part = correlation[np.ix_(weighted, weighted)].copy()
    np.fill_diagonal(part, -np.inf)
    first, second = np.unravel_index(int(np.argmax(part)), part.shape)
    return Pair(int(weighted[first]), int(weighted[second]), float(part[first, second]))
