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
    centred,
    clear,
    inner,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    total,
    unit,
)
from strategies.statistical.kernels.tails import chi_square_tail, joint_p, normal_two_sided

JOINT_LAGS = 5


@njit(cache=True, error_model="numpy")
def robust_score(less: Floats, lag: int) -> tuple[float, float]:
    """Sum of x_t x_{t-k} over centred samples, and that in its heteroskedasticity-robust standard errors."""
    products = np.empty(less.size - lag)
    for index in range(products.size):
        products[index] = less[index + lag] * less[index]
    gathered, error = total(products), math.sqrt(inner(products, products))
    return gathered, gathered / error if error > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def ljung_box(less: Floats, square: float, lags: int) -> float:
    """n (n + 2) sum rho_j^2 / (n - j) over lags 1 to `lags`; NaN where there are no more samples than lags."""
    if less.size <= lags:
        return math.nan
    gathered = 0.0
    for lag in range(1, lags + 1):
        rho = inner(less[lag:], less) / square
        gathered += rho * rho / (less.size - lag)
    return less.size * (less.size + 2.0) * gathered


@njit(cache=True, error_model="numpy")
def autocorrelation_reading(
    returns: Floats, lags: int, full: float, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    square = inner(less, less)
    best, rho, score = 1, 0.0, 0.0
    for lag in range(1, lags + 1):
        gathered, found = robust_score(less, lag)
        if lag == 1 or abs(found) > abs(score):
            best, rho, score = lag, gathered / square, found
    p = joint_p(normal_two_sided(score), lags)
    forecast = rho * less[less.size - best]
    joint = ljung_box(less, square, JOINT_LAGS)
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
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, lags + 4, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = autocorrelation_reading(
                    returns[stop - span : stop - 1], lags, full, alpha, statistics[at]
                )
            at += 1
