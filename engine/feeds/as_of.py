"""What was known when a bar closed: observations joined to closes as of the moment each became available.

A value is never seen before it was published, and no longer than it is fresh. All times are UTC epoch ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

HOUR_MS = 3_600_000
PERIODS_FRESH = 2
"""How many periods of its own a value may be old before it is nobody's knowledge any more."""
LEAST_MVRV_DAYS = 365
LONGEST_INTERVAL_HOURS = 8
"""Of funding: no perpetual future settles less often, so a longer pause is a settlement nobody has."""
INTERVAL_KNOWN_MS = 7 * 24 * HOUR_MS
"""How long an interval of funding is believed that no settlement confirms any more."""
SETTLED_BEFORE_MS = INTERVAL_KNOWN_MS + 3 * LONGEST_INTERVAL_HOURS * HOUR_MS
"""How far back settlements must be known to tell what one of them covers."""


def as_of(close_ms: IntArray, available_ms: IntArray, values: FloatArray, fresh_ms: int) -> FloatArray:
    """For each close [n] the newest value [m] available at or before it, NaN where none is younger than `fresh_ms`.

    Values that are not finite are no values; they may come in any order, and of two available at one moment the later
    in the array counts.
    """
    known = np.isfinite(values)
    order = np.argsort(available_ms[known], kind="stable")
    available, given = available_ms[known][order], values[known][order]
    at = np.searchsorted(available, close_ms, side="right") - 1
    joined = np.full(len(close_ms), np.nan)
    seen = at >= 0
    seen[seen] = close_ms[seen] - available[at[seen]] <= fresh_ms
    joined[seen] = given[at[seen]]
    return joined


def fallen_into(
    first_open_ms: int, bar_ms: int, count: int, ts_ms: IntArray, values: FloatArray
) -> FloatArray:
    """The sum of the values [m] that fell into each of `count` bars [open, close), NaN where none did."""
    bar = (ts_ms - first_open_ms) // bar_ms
    inside = (bar >= 0) & (bar < count) & np.isfinite(values)
    sums = np.full(count, np.nan)
    sums[np.unique(bar[inside])] = 0.0
    np.add.at(sums, bar[inside], values[inside])
    return sums


def hours_covered(ts_ms: IntArray, told_hours: FloatArray, first_hours: float) -> FloatArray:
    """Hours each settlement [m], in the order of time, covers: what its file told, else the interval in force, and no
    more than since the one before it.

    In force is what was told last, or the time between two settlements once it has come twice in a row: a longer pause
    that comes once is a settlement nobody has, and no longer interval. For INTERVAL_KNOWN_MS without either it is
    `first_hours`, which the first of all covers. Nothing later enters, and nothing before SETTLED_BEFORE_MS.
    """
    count = len(ts_ms)
    since = np.full(count, np.inf)
    since[1:] = np.rint(np.diff(ts_ms) / HOUR_MS)
    told, twice = np.isfinite(told_hours), np.zeros(count, dtype=np.bool_)
    twice[2:] = (since[2:] == since[1:-1]) & (since[2:] >= 1.0) & (since[2:] <= LONGEST_INTERVAL_HOURS)
    newest = np.maximum.accumulate(np.where(told | twice, np.arange(count), -1))
    is_known = newest >= 0
    is_known[is_known] = (ts_ms - ts_ms[newest])[is_known] <= INTERVAL_KNOWN_MS
    interval = np.where(is_known, np.where(told, told_hours, since)[newest], first_hours)
    return np.where(told, told_hours, np.where(since >= 1.0, np.minimum(interval, since), interval))


def mvrv_z(market_cap: FloatArray, realised_cap: FloatArray, least_days: int = LEAST_MVRV_DAYS) -> FloatArray:
    """(market - realised cap) / deviation of all market caps from the first to this day (ddof 0), for each day [n].

    NaN before `least_days` known market caps, where a cap is missing or not positive, and where caps have not varied. A
    recursion over the days (Welford), so that a later day changes no earlier number. Its level depends on the first
    day, so a series is always read from its beginning. Mahmudov and Puell 2018.
    """
    result = np.full(len(market_cap), np.nan)
    count, mean, spread = 0, 0.0, 0.0
    for day, (market, realised) in enumerate(zip(market_cap.tolist(), realised_cap.tolist(), strict=True)):
        if not market > 0.0:
            continue
        count += 1
        step = market - mean
        mean += step / count
        spread += step * (market - mean)
        if count >= least_days and realised > 0.0 and spread > 0.0:
            result[day] = (market - realised) / (spread / count) ** 0.5
    return result
