"""Compiled kernel of the correlation of returns with earlier ones."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    unit,
)
from strategies.statistical.kernels.products import DEVIATION, FIRST, MEAN, window_moments
from strategies.statistical.kernels.tails import chi_square_tail, joint_p, normal_two_sided

JOINT_LAGS = 5


@njit(cache=True, error_model="numpy")
def autocorrelation_reading(
    returns: Floats, moments: Floats, lags: int, longest: int, full: float, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    """A window's reading from its moments; z_k = sum x_t x_{t-k} / sqrt(sum (x_t x_{t-k})^2)."""
    count, mean, deviation = returns.size, moments[MEAN], moments[DEVIATION]
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    square = deviation * deviation * count
    best, score, joint = 1, 0.0, 0.0
    for lag in range(1, lags + 1):
        error = math.sqrt(moments[FIRST + longest + lag - 1])
        found = moments[FIRST + lag - 1] / error if error > 0.0 else 0.0
        if lag == 1 or abs(found) > abs(score):
            best, score = lag, found
    for lag in range(1, JOINT_LAGS + 1):
        share = moments[FIRST + lag - 1] / square
        joint += share * share / (count - lag)
    joint *= count * (count + 2.0)
    p = joint_p(normal_two_sided(score), lags)
    rho = moments[FIRST + best - 1] / square
    forecast = rho * (returns[count - best] - mean)
    statistics[0], statistics[1], statistics[2], statistics[3] = best, rho, score, p
    statistics[4], statistics[5], statistics[6] = forecast, joint, chi_square_tail(joint, JOINT_LAGS)
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit(forecast / (full * deviation)), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def autocorrelation(
    close: Floats,
    span: int,
    lags: int,
    full: float,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: lag, correlation, robust score, p, forecast of the next return less the mean, Ljung-Box and p."""
    at, size, longest = 0, span - 1, max(lags, JOINT_LAGS)
    none = np.empty(0, dtype=np.int64)
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        moments = window_moments(returns, size, longest, none)
        for first in range(moments.shape[0]):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, lags + 4, runs[first + span - 1])
            if reason[at] == OK:
                known = returns[first : first + size]
                value[at], confidence[at], reason[at] = autocorrelation_reading(
                    known, moments[first], lags, longest, full, alpha, statistics[at]
                )
            at += 1
