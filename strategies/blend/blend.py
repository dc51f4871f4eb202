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
NEGLIGIBLE = 1e-12


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
def capped_factor(voices: FloatArray, directional: IntArray, said: float, cap: float) -> float:
    """The factor by which the `voices` [K] that no cap holds become shares: min(cap, factor * voice) sums to 1, or all
    that say anything are at the cap. `said` is their sum."""
    factor = 1.0 / said
    while True:
        left, free = 1.0, 0.0
        for k in directional:
            if factor * voices[k] > cap:
                left -= cap
            else:
                free += voices[k]
        if free <= 0.0 or left / free <= factor:
            return factor
        factor = left / free


@njit(nogil=True)
def blend(
    value: FloatArray,
    confidence: FloatArray,
    weight: FloatArray,
    scalar: FloatArray,
    directional: IntArray,
    usable: BoolArray,
    fdm: float,
    by_confidence: bool,
    cap: float,
    coverage: FloatArray,
    hold: BoolArray,
    parts: FloatArray,
    forecast: FloatArray,
    bound: BoolArray,
) -> None:
    """Blend the signals `directional` (row numbers) into `forecast` [S], in [-1, 1]; `bound` where it was
    cut.

    `coverage` [S] is the weight of those with an opinion, `hold` [S] where the symbol is not usable or less
    than half of the weight has one (a book of no directional signal holds nothing), `parts` [K, S] the w' f
    whose sum, times the diversification multiplier, is the forecast. `by_confidence`: w' is in proportion to the
    weight times the confidence instead of the weight. No w' exceeds the `cap`: what silence or a loud voice would
    lift beyond it goes to the others, and where all that speak are at the cap w' sums to less than 1.
    """
    whole = 0.0
    for k in directional:
        whole += weight[k]
    for s in range(forecast.size):
        coverage[s] = 0.0
        for k in directional:
            if has_opinion(value[k, s], confidence[k, s]):
                coverage[s] += weight[k]
        if cap < 1.0 and whole > 0.0:
            coverage[s] /= whole
        hold[s] = not usable[s] or (directional.size > 0 and coverage[s] < LEAST_COVERAGE)
        said = 0.0
        for k in directional:
            parts[k, s] = 0.0
            if has_opinion(value[k, s], confidence[k, s]):
                parts[k, s] = weight[k] * confidence[k, s] if by_confidence else weight[k]
                said += parts[k, s]
        speaking = not hold[s] and said > 0.0
        factor = capped_factor(parts[:, s], directional, said, cap) if speaking and cap < 1.0 else 0.0
        total = 0.0
        for k in directional:
            voice, parts[k, s] = parts[k, s], 0.0
            if speaking and has_opinion(value[k, s], confidence[k, s]):
                share = min(cap, factor * voice) if cap < 1.0 else voice / said
                parts[k, s] = share * clip(scalar[k] * value[k, s] * confidence[k, s], -1.0, 1.0)
                total += parts[k, s]
        forecast[s] = clip(fdm * total, -1.0, 1.0)
        bound[s] = abs(forecast[s] - fdm * total) > NEGLIGIBLE
