"""Compiled kernel of the local Whittle estimate of long memory."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    DEGENERATE,
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.nulls import at_least
from strategies.statistical.kernels.spectrum import power_spectrum

LOWEST, HIGHEST = 0.01, 0.99
PRECISION = 1e-13
MOST_STEPS = 60


@njit(cache=True, error_model="numpy")
def whittle_slope(power: Floats, logs: Floats, exponent: float) -> tuple[float, float]:
    """Mean of `logs` under weights power exp(exponent logs), and its own slope in the exponent."""
    weight, first, second = 0.0, 0.0, 0.0
    for k in range(logs.size):
        share = power[k] * math.exp(exponent * logs[k])
        weight += share
        first += share * logs[k]
        second += share * logs[k] * logs[k]
    mean = first / weight
    return mean, second / weight - mean * mean


@njit(cache=True, error_model="numpy")
def whittle_root(power: Floats, logs: Floats) -> float:
    """H where the increasing derivative of the Whittle objective is 0, by Newton inside a closing bracket; NaN where
    it lies beyond LOWEST or HIGHEST. `logs`: ln k of the first frequencies, less their mean."""
    lowest, highest = 2.0 * LOWEST - 1.0, 2.0 * HIGHEST - 1.0
    low, high, exponent = lowest, highest, 0.0
    for _ in range(MOST_STEPS):
        mean, slope = whittle_slope(power, logs, exponent)
        if mean > 0.0:
            high = exponent
        else:
            low = exponent
        step = exponent - mean / slope if slope > 0.0 else math.nan
        if not low < step < high:
            # Newton points beyond what is known: either the root lies beyond a bound, or the bracket must close.
            if low == lowest and whittle_slope(power, logs, lowest)[0] >= 0.0:
                return math.nan
            if high == highest and whittle_slope(power, logs, highest)[0] <= 0.0:
                return math.nan
            step = (low + high) / 2.0
        moved = abs(step - exponent)
        exponent = step
        if moved <= PRECISION:
            break
    return (exponent + 1.0) / 2.0


@njit(cache=True, error_model="numpy")
def frequency_logs(samples: int) -> Floats:
    """ln k of the first floor(N^0.75) frequencies, less their mean."""
    count = int(samples**0.75)
    logs = np.empty(count)
    for k in range(count):
        logs[k] = math.log(k + 1.0)
    return centred(logs)[0]


@njit(cache=True, error_model="numpy")
def hurst_exponent(samples: Floats, cosine: Floats, sine: Floats) -> float:
    """Local Whittle H of samples; NaN at the bounds."""
    power = power_spectrum(centred(samples)[0], cosine, sine)
    return whittle_root(power, frequency_logs(samples.size))


@njit(cache=True, error_model="numpy")
def hurst_reading(
    returns: Floats,
    logs: Floats,
    ranks: Integers,
    move: int,
    full: float,
    alpha: float,
    cosine: Floats,
    sine: Floats,
    statistics: Floats,
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    exponent = whittle_root(power_spectrum(less, cosine, sine), logs)
    statistics[0] = exponent
    if math.isnan(exponent):
        return math.nan, 0.0, DEGENERATE
    p = at_least(ranks, abs(exponent - 0.5))
    recent = trailing_sum(returns, move) / (2.0 * deviation * math.sqrt(move))
    statistics[1] = p
    statistics[2] = 0.5 / math.sqrt(logs.size)
    statistics[3] = recent
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit((exponent - 0.5) / full) * unit(recent), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, int64[::1], int64, float64, float64, float64[::1], float64[::1],"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def hurst(
    close: Floats,
    span: int,
    samples: int,
    ranks: Integers,
    move: int,
    full: float,
    alpha: float,
    cosine: Floats,
    sine: Floats,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: exponent, p, its asymptotic standard error, recent move in two deviations. Read are the newest
    `samples` returns of each window."""
    at, logs = 0, frequency_logs(samples)
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, samples + 1, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = hurst_reading(
                    returns[stop - 1 - samples : stop - 1],
                    logs,
                    ranks,
                    move,
                    full,
                    alpha,
                    cosine,
                    sine,
                    statistics[at],
                )
            at += 1
