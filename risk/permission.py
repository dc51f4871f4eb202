"""Stages `state` and `buffer`: what may be wanted in this trading state, and what is worth a trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

from store.records import TradingState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

REDUCING = int(TradingState.REDUCING)
HALTED = int(TradingState.HALTED)
NEGLIGIBLE = 1e-12


@njit(nogil=True, inline="always")
def reduce_only(wanted: float, current: float) -> float:
    """`wanted` clipped to between nothing and what is held."""
    return min(max(wanted, min(0.0, current)), max(0.0, current))


@njit(nogil=True)
def restrict(
    position: FloatArray,
    neutral: FloatArray,
    current: FloatArray,
    state: float,
    hold: BoolArray,
    hold_age_ms: FloatArray,
    max_age_ms: float,
    locked: BoolArray,
    stale: BoolArray,
    cooldown_long: BoolArray,
    cooldown_short: BoolArray,
    wanted: FloatArray,
    target: FloatArray,
    bound: BoolArray,
) -> None:
    """`wanted` [S] is position and neutral legs together, `target` [S] what of it may be; `bound` is set
    where that is less.

    Nothing under HALTED and for a hold past its age; no more than is held under REDUCING, a lock, stale
    inputs, or while the side that is wanted cools down.
    """
    for s in range(position.size):
        wanted[s] = position[s] + neutral[s]
        cooling = (cooldown_long[s] and wanted[s] > 0.0) or (cooldown_short[s] and wanted[s] < 0.0)
        if state >= HALTED or (hold[s] and hold_age_ms[s] > max_age_ms):
            target[s] = 0.0
        elif state >= REDUCING or locked[s] or stale[s] or cooling:
            target[s] = reduce_only(wanted[s], current[s])
        else:
            target[s] = wanted[s]
        bound[s] = bound[s] or abs(target[s] - wanted[s]) > NEGLIGIBLE


@njit(nogil=True)
def buffer(
    target: FloatArray,
    current: FloatArray,
    average: FloatArray,
    cost_band: FloatArray,
    multiplier: float,
    fraction: float,
    trade: BoolArray,
    buffered: FloatArray,
) -> None:
    """Trade to half a band from the target, and only from outside the band; a target of 0 has no band.

    The band is `fraction` of the larger of target and average position, plus `cost_band` [S] (Carver 2015,
    ch. 11). `trade` [S] says where a trade is wanted; elsewhere `buffered` is what is held.
    """
    for s in range(target.size):
        gap = target[s] - current[s]
        band = fraction * max(abs(target[s]), multiplier * average[s]) + cost_band[s]
        trade[s] = True
        if target[s] == 0.0:
            buffered[s] = 0.0
        elif not abs(gap) > band:
            trade[s] = False
            buffered[s] = current[s]
        elif gap > 0.0:
            buffered[s] = target[s] - 0.5 * band
        else:
            buffered[s] = target[s] + 0.5 * band
