"""What follows from one more bar, symbol by symbol, in one compiled pass instead of a dozen array operations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import boolean, float64, int64, njit, void

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

BAR_RETURN, FILLED_CLOSE = range(2)
VOLUME, SIGMA, WEIGHT, SIGMA_BAR = range(4)
FACTS = 4
TRADABLE, STALE = range(2)
FLAGS = 2


@njit(
    void(float64[::1], float64[::1], float64[::1], int64[::1], int64, float64[:, ::1]),
    cache=True,
    nogil=True,
)
def enter(
    close: FloatArray,
    close_before: FloatArray,
    last_close: FloatArray,
    missing_run: IntArray,
    filled_bars: int,
    facts: FloatArray,
) -> None:
    """facts [2, S]: the log return of the bar, NaN without one, and its close under the gap rule."""
    for s in range(close.size):
        facts[BAR_RETURN, s] = math.nan
        if close[s] > 0.0 and close_before[s] > 0.0:
            facts[BAR_RETURN, s] = math.log(close[s] / close_before[s])
        facts[FILLED_CLOSE, s] = last_close[s] if missing_run[s] <= filled_bars else math.nan


@njit(
    void(
        float64[::1],
        float64[::1],
        int64[::1],
        float64[::1],
        int64[::1],
        int64,
        int64,
        float64,
        float64,
        float64,
        float64[:, ::1],
        boolean[:, ::1],
    ),
    cache=True,
    nogil=True,
)
def judge(
    volume: FloatArray,
    variance: FloatArray,
    closes: IntArray,
    last_close: FloatArray,
    missing_run: IntArray,
    seasoned_closes: int,
    filled_bars: int,
    bars_per_year: float,
    bar_share: float,
    sigma_floor: float,
    facts: FloatArray,
    flags: BoolArray,
) -> None:
    """facts [FACTS, S]: volume (0 where missing), sigma p.a. (floored), instrument weight (equal over the tradable),
    sigma per bar = `bar_share` x sigma p.a. (NaN where not tradable: a volatility too young to size by is too young to
    call a return a shock). flags [FLAGS, S]: tradable (enough history for such a volatility), stale."""
    count = 0
    for s in range(volume.size):
        facts[VOLUME, s] = 0.0 if math.isnan(volume[s]) else volume[s]
        facts[SIGMA, s] = math.nan
        if not math.isnan(variance[s]):
            facts[SIGMA, s] = max(math.sqrt(variance[s] * bars_per_year), sigma_floor)
        known = not math.isnan(facts[SIGMA, s]) and last_close[s] > 0.0
        flags[TRADABLE, s] = known and closes[s] >= seasoned_closes
        flags[STALE, s] = missing_run[s] > filled_bars
        count += flags[TRADABLE, s]
    for s in range(volume.size):
        facts[WEIGHT, s] = 1.0 / count if flags[TRADABLE, s] else 0.0
        facts[SIGMA_BAR, s] = facts[SIGMA, s] * bar_share if flags[TRADABLE, s] else math.nan
