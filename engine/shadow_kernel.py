"""One bar of every signal's own book, in one compiled pass over signals and symbols.

Passing an array to compiled code costs a tenth of a microsecond, so many rows travel as one matrix.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import boolean, float64, int64, njit, void

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

# Rows of `book`, float64 [BOOK_ROWS, K, S]: what is held (x equity), when an opinion was last heard (ms), the reading
# to be judged (v q, NaN: none) and the close it was given at, the signal's part in the account's forecast.
HELD, HEARD_MS, SCORE, ANCHOR, PART = range(5)
BOOK_ROWS = 5

# Columns of `day`, float64 [K, DAY_COLUMNS]: sums since the day began.
GROSS, COST, TURNOVER, ATTRIBUTION, HITS, MISSES, READINGS, OPINIONS = range(8)
DAY_COLUMNS = 8

# Rows of `judged`, float64 [JUDGED_ROWS, K, S]: a reading, and the return that followed it; NaN where nothing was.
READING, OUTCOME = range(2)
JUDGED_ROWS = 2

# What a reading becomes: a position of so many average ones, one of so much equity, a change of the forecast's, or
# legs of several instruments, which are booked elsewhere.
SIZED, LEGS, OVERLAY_BOTH, OVERLAY_LONG, OVERLAY_SHORT, BOOKED = range(6)

LEAST_AGREEMENT = 0.1
"""Below this share of net over gross forecasts nobody is said to have earned what the account did."""


@njit(nogil=True, inline="always")
def _wanted(kind: int, unit: float, size: float, forecast: float) -> float:
    """What a signal by itself would hold (x equity); NaN where it has no opinion."""
    if kind == SIZED:
        return 2.0 * unit * size
    if kind == BOOKED:
        return 0.0
    if kind == LEGS or not math.isfinite(unit):
        return unit
    if (kind == OVERLAY_LONG and forecast <= 0.0) or (kind == OVERLAY_SHORT and forecast >= 0.0):
        return 0.0
    return 2.0 * forecast * unit * size


@njit(nogil=True)
def _judge(close: float, score: float, book: FloatArray, day: FloatArray, judged: FloatArray) -> None:
    """Hold the reading before against what the market did since, and remember the new one."""
    outcome = close / book[ANCHOR] - 1.0
    if math.isfinite(book[SCORE]) and math.isfinite(outcome):
        judged[READING], judged[OUTCOME] = book[SCORE], outcome
        if book[SCORE] * outcome > 0.0:
            day[HITS] += 1.0
        elif book[SCORE] * outcome < 0.0:
            day[MISSES] += 1.0
    day[READINGS] += 1.0
    if math.isfinite(score):
        day[OPINIONS] += 1.0
    book[SCORE], book[ANCHOR] = score, close


@njit(
    void(
        int64,
        float64,
        float64[::1],
        float64[::1],
        float64[::1],
        float64[::1],
        float64[::1],
        float64[::1],
        float64[::1],
        float64[:, ::1],
        float64[:, ::1],
        int64[::1],
        float64[::1],
        boolean[::1],
        float64[:, :, ::1],
        float64[:, ::1],
        float64[:, :, ::1],
    ),
    cache=True,
    nogil=True,
)
def fold(
    now_ms: int,
    hold_ms: float,
    close: FloatArray,
    close_before: FloatArray,
    current: FloatArray,
    legs: FloatArray,
    average: FloatArray,
    rate: FloatArray,
    forecast: FloatArray,
    unit: FloatArray,
    score: FloatArray,
    kind: IntArray,
    weight: FloatArray,
    spoke: BoolArray,
    book: FloatArray,
    day: FloatArray,
    judged: FloatArray,
) -> None:
    """Advance `book` and `day` [K] by one bar, and judge the readings of signals that `spoke` [K] anew.

    [S]: closes of this bar and the one before, what the account holds, what of it for neutral legs, and an average
    position (x equity), the cost of trading (fraction), the blend before overlays. [K, S]: what each signal's reading
    becomes by its `kind` [K] (NaN: no opinion), and v q. `weight` [K]: directional and neutral weights in force.
    """
    signals, symbols = unit.shape
    for s in range(symbols):
        moved = close[s] / close_before[s] - 1.0
        if not math.isfinite(moved):
            moved = 0.0
        size = average[s] if average[s] > 0.0 else 0.0
        earned = (current[s] - legs[s]) * moved / (1.0 + moved)
        earned_by_legs = legs[s] * moved / (1.0 + moved)
        net, gross, net_legs, gross_legs = 0.0, 0.0, 0.0, 0.0
        for k in range(signals):
            held = book[HELD, k, s]
            day[k, GROSS] += held * moved
            neutral = kind[k] == LEGS or kind[k] == BOOKED
            day[k, ATTRIBUTION] += (earned_by_legs if neutral else earned) * book[PART, k, s]
            wanted = _wanted(kind[k], unit[k, s], size, forecast[s])
            if math.isfinite(wanted):
                book[HEARD_MS, k, s] = float(now_ms)
            elif now_ms - book[HEARD_MS, k, s] <= hold_ms and (size > 0.0 or kind[k] == LEGS):
                wanted = held
            else:
                wanted = 0.0
            day[k, TURNOVER] += abs(wanted - held)
            day[k, COST] += abs(wanted - held) * rate[s]
            book[HELD, k, s] = wanted
            said = weight[k] * unit[k, s]
            book[PART, k, s] = said if weight[k] > 0.0 and math.isfinite(said) else 0.0
            if neutral:
                net_legs += book[PART, k, s]
                gross_legs += abs(book[PART, k, s])
            else:
                net += book[PART, k, s]
                gross += abs(book[PART, k, s])
            if spoke[k]:
                _judge(close[s], score[k, s], book[:, k, s], day[k], judged[:, k, s])
        whole = net if abs(net) >= LEAST_AGREEMENT * gross else 0.0
        whole_legs = net_legs if abs(net_legs) >= LEAST_AGREEMENT * gross_legs else 0.0
        for k in range(signals):
            said = whole_legs if kind[k] == LEGS or kind[k] == BOOKED else whole
            book[PART, k, s] = book[PART, k, s] / said if said != 0.0 else 0.0


@njit(float64[::1](float64[::1]), cache=True, nogil=True)
def centred_ranks(numbers: FloatArray) -> FloatArray:
    """The rank of each of the numbers [n] less the mean rank; ties share their mean."""
    order, ranks = np.argsort(numbers), np.empty(numbers.size)
    first = 0
    while first < numbers.size:
        last = first
        while last + 1 < numbers.size and numbers[order[last + 1]] == numbers[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = 0.5 * (first + last) - 0.5 * (numbers.size - 1)
        first = last + 1
    return ranks
