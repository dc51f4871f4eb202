"""Compiled sums of products over every window of a series, in a time that does not depend on the window's length.

A block of windows shares a place in the middle of all of them: each is what lies between its first sample and that
place, summed backwards once for the block, plus what lies between the place and its last, summed forwards. Nothing is
ever subtracted, so that a large value leaves no trace once it has left the window.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, Integers

SUM, SQUARES, PRODUCTS = 0, 1, 2
"""Columns: sum x, sum x^2, then for each power below and lag j the sum over pairs (x_t, x_{t-j}), then for each
horizon sum s and sum s^2 of its overlapping sums."""
BOTH, LATER_SQUARED, EARLIER_SQUARED, BOTH_SQUARED = 0, 1, 2, 3


@njit(cache=True)
def columns_of(lags: int, horizons: int) -> int:
    return 2 + 4 * lags + 2 * horizons


@njit(cache=True, error_model="numpy")
def overlapping_sums(samples: Floats, horizons: Integers) -> Floats:
    """Sums of the newest q samples at each position, [horizons, n]; NaN where there are fewer."""
    sums = np.full((horizons.size, samples.size), np.nan)
    for place in range(horizons.size):
        for last in range(horizons[place] - 1, samples.size):
            gathered = 0.0
            for index in range(last - horizons[place] + 1, last + 1):
                gathered += samples[index]
            sums[place, last] = gathered
    return sums


@njit(cache=True, error_model="numpy")
def add_pairs(one: float, others: Floats, count: int, lags: int, later: bool, gathered: Floats) -> None:
    """Add the pairs of one sample with `count` others, at lags 1, 2, ...; `later`: the one comes after the others."""
    square = one * one
    first = LATER_SQUARED if later else EARLIER_SQUARED
    second = EARLIER_SQUARED if later else LATER_SQUARED
    both, mine = gathered[PRODUCTS:], gathered[PRODUCTS + first * lags :]
    theirs, all_squared = gathered[PRODUCTS + second * lags :], gathered[PRODUCTS + BOTH_SQUARED * lags :]
    for j in range(count):
        other = others[j]
        both[j] += one * other
        mine[j] += square * other
        theirs[j] += one * other * other
        all_squared[j] += square * other * other


@njit(cache=True, error_model="numpy")
def add_one(sample: float, sums: Floats, places: Integers, lags: int, gathered: Floats) -> None:
    """Add a sample alone, and of each horizon the overlapping sum at its place, where it has one (>= 0)."""
    gathered[SUM] += sample
    gathered[SQUARES] += sample * sample
    for horizon in range(places.size):
        if places[horizon] >= 0:
            value = sums[horizon, places[horizon]]
            gathered[PRODUCTS + 4 * lags + 2 * horizon] += value
            gathered[PRODUCTS + 4 * lags + 2 * horizon + 1] += value * value


@njit(cache=True, error_model="numpy")
def block_sums(
    samples: Floats,
    backwards: Floats,
    sums: Floats,
    horizons: Integers,
    first: int,
    windows: int,
    size: int,
    lags: int,
    found: Floats,
) -> None:
    """Fill the first rows of `found` [., columns]: the `windows` windows of `size` samples from `first` on.

    `backwards`: the samples in reverse; windows + lags < size, no horizon longer than lags + 1.
    """
    middle = first + windows + lags
    gathered, places = np.zeros(found.shape[1]), np.empty(horizons.size, dtype=np.int64)
    for start in range(middle - 1, first - 1, -1):
        for place in range(horizons.size):
            end = start + horizons[place] - 1
            places[place] = end if end < middle else -1
        add_one(samples[start], sums, places, lags, gathered)
        add_pairs(samples[start], samples[start + 1 :], min(lags, middle - 1 - start), lags, False, gathered)
        if start < first + windows:
            for column in range(gathered.size):
                found[start - first, column] = gathered[column]
    gathered[:] = 0.0
    for end in range(middle, first + windows - 1 + size):
        for place in range(horizons.size):
            places[place] = end
        add_one(samples[end], sums, places, lags, gathered)
        add_pairs(samples[end], backwards[samples.size - end :], lags, lags, True, gathered)
        start = end + 1 - size
        if start >= first:
            for column in range(gathered.size):
                found[start - first, column] += gathered[column]
