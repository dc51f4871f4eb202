"""Compiled kernel of the imbalance of traded volume."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    inner,
    refusal,
    unit,
    usable_price,
)

DAY_MS = 86_400_000.0
NEARLY_FULL = 1.0 - 1e-9
SAME = 1e-12
SIZE, CHANGE, BOUGHT, LAST_BAR, FIRST_NEEDED = 0, 1, 2, 3, 4
COLUMNS = 5
USUAL_A_BAR = 3
"""Buckets a bar that there is room for before they are counted."""


@njit(cache=True)
def volume_runs(close: Floats, volume: Floats) -> Integers:
    """How many bars in a row with a usable price and volume end at each position."""
    runs = np.empty(close.size, dtype=np.int64)
    last_broken = -1
    for index in range(close.size):
        if not (usable_price(close[index]) and 0.0 <= volume[index] < math.inf):
            last_broken = index
        runs[index] = index - last_broken
    return runs


@njit(cache=True, error_model="numpy")
def buckets_of(
    close_ms: Floats, close: Floats, volume: Floats, bought: Floats, bar_ms: float, a_day: int, most: int
) -> Floats:
    """Buckets of a whole series, [b, COLUMNS] in the order they filled, as `fill` says."""
    found = np.empty((USUAL_A_BAR * close.size, COLUMNS))
    count = fill(close_ms, close, volume, bought, bar_ms, a_day, most, found)
    if count > found.shape[0]:
        found = np.empty((count, COLUMNS))
        fill(close_ms, close, volume, bought, bar_ms, a_day, most, found)
    return found[:count]


@njit(cache=True, error_model="numpy")
def fill(
    close_ms: Floats,
    close: Floats,
    volume: Floats,
    bought: Floats,
    bar_ms: float,
    a_day: int,
    most: int,
    found: Floats,
) -> int:
    """How many buckets a series fills; as many of them as there is room for are in `found`.

    A bucket holds 1 / `a_day` of the volume of the UTC day before. Buckets begin anew at midnight, so one left
    unfinished is dropped and they do not depend on where the series begins; a day that follows none that is whole
    has none. A bar's volume comes at its close and is split over buckets; of more than `most` that one bar fills
    only the last are kept. Columns: volume, change of price, volume bought by takers (NaN where unknown), the bar
    that filled it and the first bar of the day before.
    """
    count = 0
    day, first, traded, before = -1.0, -1, 0.0, -1
    size, filled, taken, start = 0.0, 0.0, 0.0, 0.0
    for bar in range(close.size):
        today = math.floor((close_ms[bar] - 1.0) / DAY_MS)
        if today != day:
            whole = first >= 0 and today == day + 1.0 and close_ms[first] - bar_ms == day * DAY_MS
            size, before = (traded / a_day, first) if whole else (0.0, -1)
            day, first, traded, filled, taken = today, bar, 0.0, 0.0, 0.0
            start = close[bar - 1] if bar else close[bar]
        traded += volume[bar]
        left = volume[bar]
        rate = bought[bar] / left if left > 0.0 else 0.0
        if not size > 0.0:
            continue
        surplus = math.floor((filled + left) / size) - most
        if surplus > 0.0:
            left += filled - surplus * size
            filled, taken, start = 0.0, 0.0, close[bar]
        while filled + left >= size * NEARLY_FULL:
            part = min(left, size - filled)
            if count < found.shape[0]:
                found[count, SIZE], found[count, CHANGE] = size, close[bar] - start
                found[count, BOUGHT] = taken + rate * part
                found[count, LAST_BAR], found[count, FIRST_NEEDED] = bar, before
            count += 1
            left -= part
            filled, taken, start = 0.0, 0.0, close[bar]
        filled += left
        taken += rate * left
    return count


@njit(cache=True, error_model="numpy")
def change_deviation(buckets: Floats) -> float:
    """Standard deviation (ddof 1) of the buckets' changes of price."""
    changes = np.empty(buckets.shape[0])
    for index in range(changes.size):
        changes[index] = buckets[index, CHANGE]
    less, _, _ = centred(changes)
    return math.sqrt(inner(less, less) / (changes.size - 1.0))


@njit(cache=True, error_model="numpy")
def imbalances(buckets: Floats, deviation: float, sides: bool) -> Floats:
    """Volume bought less volume sold of each bucket: by takers' sides where they are known, else by bulk
    classification, V (2 Phi(change / deviation) - 1)."""
    found = np.empty(buckets.shape[0])
    for index in range(found.size):
        if sides:
            found[index] = 2.0 * buckets[index, BOUGHT] - buckets[index, SIZE]
        elif buckets[index, CHANGE] == 0.0:
            found[index] = 0.0
        else:
            score = buckets[index, CHANGE] / deviation
            found[index] = buckets[index, SIZE] * math.erf(score / math.sqrt(2.0))
    return found


@njit(cache=True, error_model="numpy")
def toxicity(buckets: Floats, imbalance: Floats, average: int, shares: Floats) -> float:
    """Fill `shares` with sum |imbalance| / sum volume over each `average` buckets in a row; the last one signed."""
    one_sided, signed, volume = 0.0, 0.0, 0.0
    for index in range(imbalance.size):
        one_sided += abs(imbalance[index])
        signed += imbalance[index]
        volume += buckets[index, SIZE]
        if index >= average:
            one_sided -= abs(imbalance[index - average])
            signed -= imbalance[index - average]
            volume -= buckets[index - average, SIZE]
        if index >= average - 1:
            shares[index - average + 1] = one_sided / volume
    return signed / volume


@njit(cache=True, error_model="numpy")
def flow_reading(
    buckets: Floats,
    price: float,
    average: int,
    fewest: int,
    gain: float,
    threshold: float,
    statistics: Floats,
) -> tuple[float, float, int]:
    others = buckets.shape[0] - average
    statistics[4] = buckets.shape[0]
    if others < fewest:
        return math.nan, 0.0, WARMUP
    sides = True
    for index in range(buckets.shape[0]):
        sides = sides and not math.isnan(buckets[index, BOUGHT])
    deviation = change_deviation(buckets)
    statistics[3], statistics[5] = deviation, 1.0 if sides else 0.0
    if not sides and deviation <= RELATIVE_ZERO * price:
        return math.nan, 0.0, ZERO_VAR
    shares = np.empty(others + 1)
    signed = toxicity(buckets, imbalances(buckets, deviation, sides), average, shares)
    rank = 0
    for index in range(others):
        rank += shares[index] <= shares[others] + SAME
    place = rank / others
    statistics[0], statistics[1], statistics[2] = shares[others], signed, place
    strength = max(0.0, (place - threshold) / (1.0 - threshold))
    return unit(gain * signed) * strength, strength, OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, int64, int64,"
    " int64, float64, float64, float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def flow(
    close_ms: Floats,
    close: Floats,
    volume: Floats,
    bought: Floats,
    span: int,
    bar_ms: int,
    a_day: int,
    average: int,
    memory: int,
    fewest: int,
    gain: float,
    threshold: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: VPIN, signed, its place among the window's, deviation of bucket changes (price), buckets, 1 where
    takers' sides are known."""
    at = 0
    for row in range(close.shape[0]):
        runs = volume_runs(close[row], volume[row])
        buckets = buckets_of(
            close_ms[row], close[row], volume[row], bought[row], float(bar_ms), a_day, memory
        )
        oldest, newest = 0, 0
        for stop in range(span, close.shape[1] + 1):
            while newest < buckets.shape[0] and buckets[newest, LAST_BAR] < stop:
                newest += 1
            while oldest < newest and buckets[oldest, FIRST_NEEDED] < stop - span:
                oldest += 1
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, 2, runs[stop - 1])
            if reason[at] == OK:
                first = max(oldest, newest - memory)
                value[at], confidence[at], reason[at] = flow_reading(
                    buckets[first:newest],
                    close[row, stop - 1],
                    average,
                    fewest,
                    gain,
                    threshold,
                    statistics[at],
                )
            at += 1
