"""Stage `neutral`: the legs of the market-neutral signals, kept apart from the directional book.

`legs` [K, S] holds every signal's legs, its own share of the beta hedge included, so that scaling the legs of
one signal together keeps the book neutral to the hedge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

from risk.permission import reduce_only

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

NEGLIGIBLE = 1e-12


@njit(nogil=True, inline="always")
def leg_amount(value: float, confidence: float, leg: float) -> float:
    """v q leg; 0 without an opinion or a leg."""
    amount = value * confidence * leg
    return amount if math.isfinite(amount) else 0.0


@njit(nogil=True)
def leg_factor(legs: FloatArray, usable: BoolArray, limit: float) -> float:
    """The factor that keeps the largest of one signal's legs [S] within the limit; 0 where a leg cannot be
    traded."""
    largest = 0.0
    for s in range(legs.size):
        if legs[s] != 0.0:
            if not usable[s]:
                return 0.0
            largest = max(largest, abs(legs[s]))
    return limit / largest if largest > limit else 1.0


@njit(nogil=True)
def hedge_beta(legs: FloatArray, beta: FloatArray, hedge: int, usable: BoolArray) -> bool:
    """Add to one signal's legs [S] what the hedge must hold for their betas to sum to 0.

    Legs that cannot be hedged (a beta is unknown, the hedge cannot be traded) are not held at all: False.
    """
    if hedge < 0:
        return True
    total = 0.0
    for s in range(legs.size):
        if legs[s] != 0.0:
            total += legs[s] * beta[s]
    if abs(total) <= NEGLIGIBLE:
        return True
    if math.isfinite(total) and usable[hedge]:
        legs[hedge] -= total
        return True
    legs[:] = 0.0
    return False


@njit(nogil=True)
def build_legs(
    value: FloatArray,
    confidence: FloatArray,
    weight: FloatArray,
    neutral: IntArray,
    signal_type: IntArray,
    type_limits: FloatArray,
    max_symbol: float,
    budget: float,
    usable: BoolArray,
    declared: FloatArray,
    beta: FloatArray,
    hedge: int,
    legs: FloatArray,
    total: FloatArray,
    bound: BoolArray,
    share: FloatArray,
) -> None:
    """Fill `legs` from the `declared` ones for the rows `neutral`; `total` [S] is z, `bound` [S] where a
    limit made it smaller, `share` [K] what limits left of a signal's legs (0: not to be traded or hedged)."""
    total[:] = 0.0
    bound[:] = False
    for k in neutral:
        for s in range(beta.size):
            legs[k, s] = weight[k] * budget * leg_amount(value[k, s], confidence[k, s], declared[k, s])
        factor = leg_factor(legs[k], usable, min(type_limits[signal_type[k]], max_symbol))
        for s in range(beta.size):
            bound[s] = bound[s] or abs(legs[k, s] * (1.0 - factor)) > NEGLIGIBLE
            legs[k, s] *= factor
        share[k] = factor if hedge_beta(legs[k], beta, hedge, usable) else 0.0
        for s in range(beta.size):
            total[s] += legs[k, s]


@njit(nogil=True)
def scale_legs(legs: FloatArray, neutral: IntArray, factor: float, total: FloatArray) -> None:
    """Scale all legs; `total` [S] is z after that."""
    total[:] = 0.0
    for k in neutral:
        for s in range(total.size):
            legs[k, s] *= factor
            total[s] += legs[k, s]


@njit(nogil=True)
def leg_share(
    legs: FloatArray, hedges: int, current: FloatArray, wanted: FloatArray, granted: FloatArray
) -> float:
    """The smallest of the factors granted / wanted [S] among the symbols one signal's legs lie on.

    What hedges options, the first `hedges` symbols, is near 0 and changes its side: it keeps more of them from being
    held than there are, and takes nothing of those.
    """
    factor, hedged, kept = 1.0, 1.0, 1.0
    for s in range(wanted.size):
        if legs[s] == 0.0 or wanted[s] == 0.0:
            continue
        if s < hedges:
            hedged = min(hedged, granted[s] / wanted[s])
        else:
            factor = min(factor, granted[s] / wanted[s])
            kept = min(kept, reduce_only(wanted[s], current[s]) / wanted[s])
    return min(factor, max(hedged, kept)) if hedges > 0 else factor


@njit(nogil=True)
def shrink_legs(
    legs: FloatArray,
    neutral: IntArray,
    option_row: int,
    option_column: int,
    current: FloatArray,
    wanted: FloatArray,
    granted: FloatArray,
    total: FloatArray,
    share: FloatArray,
) -> None:
    """Give each signal's legs their `leg_share`; of signals from `option_row` on what stands before `option_column`
    is a hedge, and takes what is granted. `total` [S] is z after that, `share` [K] holds the factors."""
    total[:] = 0.0
    for k in neutral:
        hedges = option_column if k >= option_row else 0
        share[k] = leg_share(legs[k], hedges, current, wanted, granted)
        for s in range(wanted.size):
            factor = share[k]
            if s < hedges and wanted[s] != 0.0:
                factor = min(factor, granted[s] / wanted[s])
            legs[k, s] *= factor
            total[s] += legs[k, s]
