"""Stage `blend`: one forecast per symbol from the directional signals that have an opinion.

Forecasts, weights and the diversification multiplier follow Carver, Systematic Trading (2015), chapters 7 and
8.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

LEAST_COVERAGE = 0.5 - 1e-9


@njit(nogil=True, inline="always")
def clip(number: float, low: float, high: float) -> float:
    """`number` inside [low, high]; NaN stays NaN."""
    if number < low:
        return low
    if number > high:
        return high
    return number


@njit(nogil=True, inline="always")
def has_opinion(value: float, confidence: float) -> bool:
    return math.isfinite(value) and math.isfinite(confidence)


@njit(nogil=True)
def cover(
    value: FloatArray, confidence: FloatArray, weight: FloatArray, directional: IntArray, coverage: FloatArray
) -> None:
    """`coverage` [S]: the weight of the signals `directional` (row numbers) that have an opinion."""
    for s in range(coverage.size):
        coverage[s] = 0.0
        for k in directional:
            if has_opinion(value[k, s], confidence[k, s]):
                coverage[s] += weight[k]


@njit(nogil=True)
def hold_uncovered(coverage: FloatArray, usable: BoolArray, directional: IntArray, hold: BoolArray) -> None:
    """`hold` [S]: not usable, or covered by less than half the weight. A book of no directional signal holds
    nothing."""
    for s in range(hold.size):
        hold[s] = not usable[s] or (directional.size > 0 and coverage[s] < LEAST_COVERAGE)


@njit(nogil=True)
def contribute(
    value: FloatArray,
    confidence: FloatArray,
    weight: FloatArray,
    scalar: FloatArray,
    directional: IntArray,
    coverage: FloatArray,
    hold: BoolArray,
    parts: FloatArray,
) -> None:
    """`parts` [K, S]: w' f, the forecast of each directional signal times its weight among those present."""
    for k in directional:
        for s in range(hold.size):
            parts[k, s] = 0.0
            if not hold[s] and has_opinion(value[k, s], confidence[k, s]):
                forecast = clip(scalar[k] * value[k, s] * confidence[k, s], -1.0, 1.0)
                parts[k, s] = weight[k] / coverage[s] * forecast


@njit(nogil=True)
def blend(
    parts: FloatArray, directional: IntArray, fdm: float, raw: FloatArray, forecast: FloatArray
) -> None:
    """`raw` [S] = FDM * sum of the parts, `forecast` [S] the same clipped to [-1, 1]."""
    for s in range(forecast.size):
        total = 0.0
        for k in directional:
            total += parts[k, s]
        raw[s] = fdm * total
        forecast[s] = clip(raw[s], -1.0, 1.0)
