"""Compiled kernel of partial autocorrelations and their heteroskedasticity-robust tests."""

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
    inner,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    unit,
)
from strategies.statistical.kernels.products import DEVIATION, FIRST, MEAN, window_moments
from strategies.statistical.kernels.regression import moments_of, solve
from strategies.statistical.kernels.tails import normal_two_sided


@njit(cache=True, error_model="numpy")
def products_of(moments: Floats, square: float, orders: int) -> Floats:
    """sum_t x_t x_{t-d} for d = 0 to `orders`, from a window's moments and its sum of squares about the mean."""
    products = np.empty(orders + 1)
    products[0] = square
    for lag in range(1, orders + 1):
        products[lag] = moments[FIRST + lag - 1]
    return products


@njit(cache=True, error_model="numpy")
def partial_correlations(products: Floats, found: Floats) -> None:
    """phi_kk for k = 1 to the length of `found`, by Levinson and Durbin from lag products (biased)."""
    orders = found.size
    coefficients, before = np.zeros(orders), np.zeros(orders)
    error = products[0]
    for order in range(1, orders + 1):
        gathered = products[order]
        for lag in range(1, order):
            gathered -= before[lag - 1] * products[order - lag]
        last = gathered / error
        for lag in range(1, order):
            coefficients[lag - 1] = before[lag - 1] - last * before[order - lag - 1]
        coefficients[order - 1] = last
        error *= 1.0 - last * last
        found[order - 1] = last
        for lag in range(order):
            before[lag] = coefficients[lag]


@njit(cache=True, error_model="numpy")
def subtract_lags(
    padded: Floats, first: int, weights: Floats, others: Floats, left: Floats, right: Floats
) -> None:
    """Subtract from `left` and `right` five lags of a series times `weights` and `others`, in one pass.

    `padded` begins with zeros enough for the longest lag; position `first` of it is lag 0 of the first value.
    """
    a, b, c, d, e = weights[0], weights[1], weights[2], weights[3], weights[4]
    f, g, h, i, j = others[0], others[1], others[2], others[3], others[4]
    size = left.size
    v, w, x = padded[first - 1 :], padded[first - 2 :], padded[first - 3 :]
    y, z = padded[first - 4 :], padded[first - 5 :]
    for t in range(size):
        left[t] -= (a * v[t] + b * w[t]) + (c * x[t] + d * y[t]) + e * z[t]
        right[t] -= (f * v[t] + g * w[t]) + (h * x[t] + i * y[t]) + j * z[t]


@njit(cache=True, error_model="numpy")
def last_score(padded: Floats, zeros: int, coefficients: Floats, last: Floats, room: Floats) -> float:
    """The last coefficient of an autoregression in standard errors that hold under changing variance (White's HC0).

    `padded`: the series after `zeros` zeros, at least a multiple of five not less than the order; `room` [2, .] is
    used up.
    """
    order = coefficients.size
    count = padded.size - zeros - order
    weights, others = np.zeros(zeros + 5), np.zeros(zeros + 5)
    for lag in range(order):
        weights[lag], others[lag] = coefficients[lag], last[lag]
    error, weight = room[0, :count], room[1, :count]
    for t in range(count):
        error[t], weight[t] = padded[zeros + order + t], 0.0
    for lag in range(0, order, 5):
        subtract_lags(padded, zeros + order - lag, weights[lag:], others[lag:], error, weight)
    for t in range(count):
        error[t] *= weight[t]
    deviation = math.sqrt(inner(error, error))
    return coefficients[order - 1] / deviation if deviation > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def partial_reading(
    returns: Floats, moments: Floats, orders: int, full: float, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    """A window's reading from its returns and their moments up to a lag of `orders`."""
    mean, deviation = moments[MEAN], moments[DEVIATION]
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    less = returns - mean
    products = products_of(moments, inner(less, less), orders)
    partial_correlations(products, statistics[3:])
    smallest, chosen, forecast = 1.0, 0, 0.0
    zeros = 5 * ((orders + 4) // 5)
    padded, room = np.zeros(zeros + less.size), np.empty((2, less.size))
    for t in range(less.size):
        padded[zeros + t] = less[t]
    for order in range(1, orders + 1):
        coefficients, last = np.empty(order), np.empty(order)
        if not solve(moments_of(less, products, order), coefficients, last):
            continue
        p = min(1.0, orders * normal_two_sided(last_score(padded, zeros, coefficients, last, room)))
        smallest = min(smallest, p)
        if p < alpha:
            chosen, forecast = order, 0.0
            for lag in range(1, order + 1):
                forecast += coefficients[lag - 1] * less[less.size - lag]
    statistics[0], statistics[1], statistics[2] = chosen, smallest, forecast
    if chosen == 0:
        return 0.0, 0.0, OK
    return unit(forecast / (full * deviation)), 1.0 - smallest / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def partial_autocorrelation(
    close: Floats,
    span: int,
    orders: int,
    full: float,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: longest significant order, smallest p (Bonferroni), forecast of the next return less the mean, then
    the partial autocorrelations."""
    at, size = 0, span - 1
    none = np.empty(0, dtype=np.int64)
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        moments = window_moments(returns, size, orders, none)
        for first in range(moments.shape[0]):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, 3 * orders, runs[first + span - 1])
            if reason[at] == OK:
                known = returns[first : first + size]
                value[at], confidence[at], reason[at] = partial_reading(
                    known, moments[first], orders, full, alpha, statistics[at]
                )
            at += 1
