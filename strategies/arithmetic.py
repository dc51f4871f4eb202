"""Compiled parts that kernels of several families are made of: what a usable price is, sums, moments, ranges.

Reductions run in an order fixed by the number of samples alone and without fastmath, so a window gives the same
bits alone, in a batch and inside a longer series. Reason codes are positions in `strategies.signal.Reason`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

OK, WARMUP, NAN_INPUT, ZERO_VAR, DEGENERATE, FIT_FAILED = 0, 1, 4, 5, 6, 7
GAP, NEAR_EXPIRY, NO_ARB, TOO_FEW_ASSETS, NOT_BORROWABLE, NO_INPUT = 2, 8, 9, 10, 11, 12
RELATIVE_ZERO = 1e-12


@njit(cache=True)
def usable_price(price: float) -> bool:
    """Finite and positive (NaN fails every comparison)."""
    return 0.0 < price < math.inf


@njit(cache=True)
def usable_prices(prices: Floats) -> bool:
    for price in prices:  # noqa: SIM110 - numba compiles no generator expressions
        if not usable_price(price):
            return False
    return True


@njit(cache=True)
def usable_bars(high: Floats, low: Floats, close: Floats) -> bool:
    for index in range(close.size):
        if not (usable_price(high[index]) and usable_price(low[index])):
            return False
        if not low[index] <= close[index] <= high[index]:
            return False
    return True


@njit(cache=True)
def price_runs(prices: Floats) -> Integers:
    """How many usable prices in a row end at each position."""
    runs = np.empty(prices.size, dtype=np.int64)
    last_broken = -1
    for index in range(prices.size):
        if not usable_price(prices[index]):
            last_broken = index
        runs[index] = index - last_broken
    return runs


@njit(cache=True)
def bar_runs(high: Floats, low: Floats, close: Floats) -> Integers:
    """How many usable bars (positive, low <= close <= high) in a row end at each position."""
    runs = np.empty(close.size, dtype=np.int64)
    last_broken = -1
    for index in range(close.size):
        usable = usable_price(high[index]) and usable_price(low[index])
        if not (usable and low[index] <= close[index] <= high[index]):
            last_broken = index
        runs[index] = index - last_broken
    return runs


@njit(cache=True)
def refusal(span: int, needed: int, run: int) -> int:
    """Why a window of `span` bars that ends a run of `run` usable ones cannot be read, or OK."""
    if span < needed:
        return WARMUP
    if run < span:
        return NAN_INPUT
    return OK


@njit(cache=True)
def clear(at: int, value: Floats, confidence: Floats, statistics: Floats) -> None:
    """No opinion at `at`, until there is one."""
    value[at], confidence[at] = math.nan, 0.0
    for place in range(statistics.shape[1]):
        statistics[at, place] = math.nan


@njit(cache=True)
def log_returns(close: Floats) -> Floats:
    returns = np.empty(close.size - 1)
    for index in range(returns.size):
        returns[index] = math.log(close[index + 1] / close[index])
    return returns


@njit(cache=True, error_model="numpy")
def known_log_returns(close: Floats) -> Floats:
    """Log returns, NaN where one of the two prices is not usable."""
    returns = np.empty(close.size - 1)
    before, known = close[0], usable_price(close[0])
    for index in range(returns.size):
        after = close[index + 1]
        usable = usable_price(after)
        returns[index] = math.log(after / before) if known and usable else math.nan
        before, known = after, usable
    return returns


@njit(cache=True)
def ewm_moments(samples: Floats, com: float) -> tuple[float, float]:
    """Exponentially weighted mean and standard deviation after the last sample.

    m_1 = x_1, v_1 = 0; with d = com / (com + 1): v_t = d (v_{t-1} + (1 - d)(x_t - m_{t-1})^2),
    m_t = m_{t-1} + (1 - d)(x_t - m_{t-1}): pandas' ewm(com, adjust=False) with var(bias=True).
    """
    decay = com / (com + 1.0)
    gain = 1.0 - decay
    mean, variance = samples[0], 0.0
    for index in range(1, samples.size):
        surprise = samples[index] - mean
        variance = decay * (variance + gain * surprise * surprise)
        mean += gain * surprise
    return mean, math.sqrt(variance)


@njit(cache=True)
def negligible(deviation: float, mean: float) -> bool:
    return deviation <= RELATIVE_ZERO * max(1.0, abs(mean))


@njit(cache=True)
def trailing_sum(samples: Floats, count: int) -> float:
    total = 0.0
    for index in range(samples.size - count, samples.size):
        total += samples[index]
    return total


@njit(cache=True, error_model="numpy")
def total(samples: Floats) -> float:
    """Sum in eight lanes, which a processor adds side by side; their order depends on nothing but the length."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = samples.size - samples.size % 8
    for i in range(0, whole, 8):
        a += samples[i]
        b += samples[i + 1]
        c += samples[i + 2]
        d += samples[i + 3]
        e += samples[i + 4]
        f += samples[i + 5]
        g += samples[i + 6]
        h += samples[i + 7]
    result = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, samples.size):
        result += samples[i]
    return result


@njit(cache=True, error_model="numpy")
def inner(left: Floats, right: Floats) -> float:
    """Sum of products over the shorter length, in the eight lanes of `total`."""
    a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    size = min(left.size, right.size)
    whole = size - size % 8
    for i in range(0, whole, 8):
        a += left[i] * right[i]
        b += left[i + 1] * right[i + 1]
        c += left[i + 2] * right[i + 2]
        d += left[i + 3] * right[i + 3]
        e += left[i + 4] * right[i + 4]
        f += left[i + 5] * right[i + 5]
        g += left[i + 6] * right[i + 6]
        h += left[i + 7] * right[i + 7]
    result = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, size):
        result += left[i] * right[i]
    return result


@njit(cache=True, error_model="numpy")
def squared(samples: Floats) -> Floats:
    squares = np.empty(samples.size)
    for index in range(samples.size):
        squares[index] = samples[index] * samples[index]
    return squares


@njit(cache=True, error_model="numpy")
def centred(samples: Floats) -> tuple[Floats, float, float]:
    """The samples less their mean, the mean, and the standard deviation (ddof 0)."""
    mean = total(samples) / samples.size
    less = np.empty(samples.size)
    for index in range(samples.size):
        less[index] = samples[index] - mean
    return less, mean, math.sqrt(inner(less, less) / samples.size)


@njit(cache=True)
def clip(number: float, low: float, high: float) -> float:
    """NaN stays NaN."""
    if number < low:
        return low
    if number > high:
        return high
    return number


@njit(cache=True)
def unit(number: float) -> float:
    """Clipped to [-1, 1]; NaN stays NaN."""
    return clip(number, -1.0, 1.0)


@njit(cache=True)
def sign(number: float) -> float:
    if number > 0.0:
        return 1.0
    if number < 0.0:
        return -1.0
    return 0.0


@njit(cache=True)
def reversal_response(score: float, dead_band: float, full: float) -> float:
    """Against the score: nothing within the dead band, all from `full` on."""
    return 0.0 - sign(score) * clip((abs(score) - dead_band) / (full - dead_band), 0.0, 1.0)


@njit(cache=True)
def true_range(high: float, low: float, previous_close: float) -> float:
    return max(high - low, abs(high - previous_close), abs(low - previous_close))


@njit(cache=True)
def wilder_ranges(high: Floats, low: Floats, close: Floats, period: int) -> Floats:
    """Average true range per bar: the mean of the first `period` true ranges, then ((n - 1) ATR + TR) / n.

    NaN on the bars before it exists (it needs period + 1 bars).
    """
    ranges = np.full(close.size, math.nan)
    seed = 0.0
    for index in range(1, close.size):
        width = true_range(high[index], low[index], close[index - 1])
        if index < period:
            seed += width
        elif index == period:
            ranges[index] = (seed + width) / period
        else:
            ranges[index] = ((period - 1) * ranges[index - 1] + width) / period
    return ranges


@njit(cache=True, error_model="numpy")
def last_wilder_range(high: Floats, low: Floats, close: Floats, period: int) -> float:
    """The last of `wilder_ranges`, NaN where there is none."""
    if close.size <= period:
        return math.nan
    average = 0.0
    for index in range(1, period + 1):
        average += true_range(high[index], low[index], close[index - 1])
    average /= period
    for index in range(period + 1, close.size):
        width = true_range(high[index], low[index], close[index - 1])
        average = ((period - 1) * average + width) / period
    return average


@njit(cache=True, error_model="numpy")
def true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    """True range of each bar but the first."""
    widths = np.empty(close.size - 1)
    for index in range(widths.size):
        widths[index] = true_range(high[index + 1], low[index + 1], close[index])
    return widths


@njit(cache=True, error_model="numpy")
def wilder_average(samples: Floats, period: int) -> float:
    """Wilder's average at the last sample: the mean of the first `period`, then A + (x - A) / period."""
    average, rate = total(samples[:period]) / period, 1.0 / period
    for index in range(period, samples.size):
        average += (samples[index] - average) * rate
    return average


@njit("void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, float64[::1])", cache=True, nogil=True)
def final_ranges(high: Floats, low: Floats, close: Floats, period: int, average: Floats) -> None:
    """Average true range [N] at the last bar, over the unbroken run of usable bars that ends each window."""
    bars = close.shape[1]
    for row in range(close.shape[0]):
        first = bars - bar_runs(high[row], low[row], close[row])[bars - 1]
        average[row] = last_wilder_range(high[row, first:], low[row, first:], close[row, first:], period)
