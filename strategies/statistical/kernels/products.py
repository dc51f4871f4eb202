"""Compiled moments of every window of a series that correlations and variance ratios are read from.

One window alone is summed directly about its mean; the windows of a longer series share their sums. Both agree to
about twelve digits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, Integers, centred, inner, total
from strategies.statistical.kernels.sliding import (
    BOTH_SQUARED,
    EARLIER_SQUARED,
    LATER_SQUARED,
    PRODUCTS,
    SQUARES,
    SUM,
    block_sums,
    columns_of,
    overlapping_sums,
)

MEAN, DEVIATION, FIRST = 0, 1, 2
"""Columns: mean, deviation (ddof 0), then with x the samples less their mean sum x_t x_{t-j} and after them sum
(x_t x_{t-j})^2 for each lag j, then for each horizon q the sum of squares of the overlapping sums of q."""
LEAST_SPREAD = 0.1
"""Share of the mean square that must be variance for sums about zero to tell it precisely."""


@njit(cache=True, error_model="numpy")
def window_moments(returns: Floats, size: int, lags: int, horizons: Integers) -> Floats:
    """The moments of every window of `size` returns, [n - size + 1, 2 + 2 lags + horizons]."""
    windows = returns.size - size + 1
    moments = np.empty((windows, FIRST + 2 * lags + horizons.size))
    block = min(windows, size - lags - 1)
    if block < 2:
        for first in range(windows):
            direct_moments(returns[first : first + size], lags, horizons, moments[first])
        return moments
    backwards, overlaps = returns[::-1].copy(), overlapping_sums(returns, horizons)
    sums = np.empty((block, columns_of(lags, horizons.size)))
    for first in range(windows):
        place = first % block
        if place == 0:
            many = min(block, windows - first)
            block_sums(returns, backwards, overlaps, horizons, first, many, size, lags, sums)
        known, here = returns[first : first + size], moments[first]
        mean = sums[place, SUM] / size
        spread = sums[place, SQUARES] / size - mean * mean
        if spread > LEAST_SPREAD * sums[place, SQUARES] / size:
            here[MEAN], here[DEVIATION] = mean, math.sqrt(spread)
            centred_products(known, sums[place], lags, here[FIRST:])
            centred_overlaps(size, sums[place], lags, horizons, here[FIRST + 2 * lags :])
        else:
            direct_moments(known, lags, horizons, here)
    return moments


@njit(cache=True, error_model="numpy")
def direct_moments(samples: Floats, lags: int, horizons: Integers, here: Floats) -> None:
    """One window's moments, summed about its mean; NaN where a lag or a horizon has no pair or sum."""
    less, here[MEAN], here[DEVIATION] = centred(samples)
    pairs = np.empty(less.size)
    for lag in range(1, lags + 1):
        count = max(less.size - lag, 0)
        for index in range(count):
            pairs[index] = less[index + lag] * less[index]
        here[FIRST + lag - 1] = total(pairs[:count]) if count else math.nan
        here[FIRST + lags + lag - 1] = inner(pairs[:count], pairs[:count]) if count else math.nan
    for place in range(horizons.size):
        horizon, running = horizons[place], 0.0
        count = max(less.size - horizon + 1, 0)
        for index in range(min(horizon - 1, less.size)):
            running += less[index]
        for index in range(count):
            running += less[index + horizon - 1]
            pairs[index] = running
            running -= less[index]
        here[FIRST + 2 * lags + place] = inner(pairs[:count], pairs[:count]) if count else math.nan


@njit(cache=True, error_model="numpy")
def centred_products(samples: Floats, sums: Floats, lags: int, found: Floats) -> None:
    """From a window's sums those about its mean, for each lag: of products, and after them of their squares."""
    count = samples.size
    mean = sums[SUM] / count
    head, tail, head_squares, tail_squares = 0.0, 0.0, 0.0, 0.0
    for j in range(lags):
        early, late = samples[j], samples[count - 1 - j]
        head += early
        tail += late
        head_squares += early * early
        tail_squares += late * late
        pairs = count - j - 1.0
        singles = 2.0 * sums[SUM] - head - tail
        doubles = 2.0 * sums[SQUARES] - head_squares - tail_squares
        both = sums[PRODUCTS + j]
        mixed = sums[PRODUCTS + LATER_SQUARED * lags + j] + sums[PRODUCTS + EARLIER_SQUARED * lags + j]
        found[j] = both - mean * singles + pairs * mean * mean
        found[lags + j] = (
            sums[PRODUCTS + BOTH_SQUARED * lags + j]
            - 2.0 * mean * mixed
            + mean * mean * (doubles + 4.0 * both)
            - 2.0 * mean * mean * mean * singles
            + pairs * mean * mean * mean * mean
        )


@njit(cache=True, error_model="numpy")
def centred_overlaps(size: int, sums: Floats, lags: int, horizons: Integers, found: Floats) -> None:
    """From a window's sums the sum of squares of its overlapping sums of q samples less their mean, per horizon."""
    mean = sums[SUM] / size
    for place in range(horizons.size):
        shift = horizons[place] * mean
        first, second = PRODUCTS + 4 * lags + 2 * place, PRODUCTS + 4 * lags + 2 * place + 1
        found[place] = (
            sums[second] - 2.0 * shift * sums[first] + (size - horizons[place] + 1.0) * shift * shift
        )
