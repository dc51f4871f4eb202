"""Compiled kernel of one frequency that stands out."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
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
    total,
    unit,
)
from strategies.statistical.kernels.spectrum import half_spectrum


@njit(cache=True, error_model="numpy")
def fisher_tail(share: float, ordinates: int) -> float:
    """P(largest share of `ordinates` exponential variates in their sum >= `share`), Fisher's exact sum.

    1 where its first term is; below that the alternating terms fall so fast that nothing is lost.
    """
    tail, choices = 0.0, 1.0
    for term in range(1, ordinates + 1):
        left = 1.0 - term * share
        if left <= 0.0:
            break
        choices *= (ordinates - term + 1.0) / term
        size = choices * math.exp((ordinates - 1) * math.log(left))
        if term == 1 and size >= 1.0:
            return 1.0
        tail += size if term % 2 else -size
        if size < 1e-17 * tail:
            break
    return min(max(tail, 0.0), 1.0)


@njit(cache=True, error_model="numpy")
def peak_reading(
    returns: Floats, shortest: int, alpha: float, cosine: Floats, sine: Floats, statistics: Floats
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    size = less.size
    real, imaginary = half_spectrum(less, cosine, sine)
    power = np.empty(real.size - 1)
    best = 0
    for k in range(power.size):
        power[k] = real[k + 1] * real[k + 1] + imaginary[k + 1] * imaginary[k + 1]
        if power[k] > power[best]:
            best = k
    share = power[best] / total(power)
    p = fisher_tail(share, power.size)
    period = size / (best + 1.0)
    forecast = 2.0 * real[best + 1] / size
    statistics[0], statistics[1], statistics[2] = best + 1, share, p
    statistics[3], statistics[4] = period, forecast
    if p >= alpha or not shortest <= period <= size / 4.0:
        return 0.0, 0.0, OK
    return unit(forecast / deviation), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, int64, float64, float64[::1], float64[::1],"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def spectral_peaks(
    close: Floats,
    span: int,
    samples: int,
    shortest: int,
    alpha: float,
    cosine: Floats,
    sine: Floats,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: cycles in the window, the peak's share of all power, p, period in bars, forecast of the next
    return less the mean. Read are the newest `samples` returns of each window."""
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, samples + 1, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = peak_reading(
                    returns[stop - 1 - samples : stop - 1], shortest, alpha, cosine, sine, statistics[at]
                )
            at += 1
