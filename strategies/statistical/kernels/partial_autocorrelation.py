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
    centred,
    inner,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    unit,
)
from strategies.statistical.kernels.tails import normal_two_sided


@njit(cache=True, error_model="numpy")
def lag_products(less: Floats, most: int) -> Floats:
    """sum_t x_t x_{t-d} for d = 0 to `most`."""
    products = np.empty(most + 1)
    for lag in range(most + 1):
        products[lag] = inner(less[lag:], less)
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
        before[:order] = coefficients[:order]


@njit(cache=True, error_model="numpy")
def moments_of(less: Floats, products: Floats, order: int) -> Floats:
    """sum_{t >= k} x_{t-i} x_{t-j} for i, j = 0 to k, from the lag products less what lies at the two ends."""
    size = less.size
    table = np.empty((order + 1, order + 1))
    for lag in range(order + 1):
        for i in range(order + 1 - lag):
            gathered = products[lag]
            for u in range(lag, order - i):
                gathered -= less[u] * less[u - lag]
            for u in range(size - i, size):
                gathered -= less[u] * less[u - lag]
            table[i, i + lag] = gathered
            table[i + lag, i] = gathered
    return table


@njit(cache=True, error_model="numpy")
def solve(table: Floats, coefficients: Floats, last: Floats) -> bool:
    """Solve G b = g and G a = (0, .., 0, 1) for the table [[., g'], [g, G]] by Cholesky; False where G is singular."""
    order = coefficients.size
    root = np.empty((order, order))
    for i in range(order):
        for j in range(i + 1):
            gathered = table[i + 1, j + 1]
            for k in range(j):
                gathered -= root[i, k] * root[j, k]
            if i != j:
                root[i, j] = gathered / root[j, j]
            elif gathered <= 1e-14 * table[i + 1, i + 1]:
                return False
            else:
                root[i, i] = math.sqrt(gathered)
    for i in range(order):
        gathered = table[i + 1, 0]
        for k in range(i):
            gathered -= root[i, k] * coefficients[k]
        coefficients[i] = gathered / root[i, i]
        last[i] = 0.0
    last[order - 1] = 1.0 / root[order - 1, order - 1]
    for i in range(order - 1, -1, -1):
        first, second = coefficients[i], last[i]
        for k in range(i + 1, order):
            first -= root[k, i] * coefficients[k]
            second -= root[k, i] * last[k]
        coefficients[i], last[i] = first / root[i, i], second / root[i, i]
    return True


@njit(cache=True, error_model="numpy")
def last_score(less: Floats, coefficients: Floats, last: Floats) -> float:
    """The last coefficient of an autoregression in standard errors that hold under changing variance (White's HC0)."""
    order = coefficients.size
    count = less.size - order
    error, weight = less[order:].copy(), np.zeros(count)
    for lag in range(1, order + 1):
        coefficient, share = coefficients[lag - 1], last[lag - 1]
        earlier = less[order - lag : order - lag + count]
        for t in range(count):
            error[t] -= coefficient * earlier[t]
            weight[t] += share * earlier[t]
    for t in range(count):
        error[t] *= weight[t]
    deviation = math.sqrt(inner(error, error))
    return coefficients[order - 1] / deviation if deviation > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def partial_reading(
    returns: Floats, orders: int, full: float, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    products = lag_products(less, orders)
    partial_correlations(products, statistics[3:])
    smallest, chosen, forecast = 1.0, 0, 0.0
    for order in range(1, orders + 1):
        coefficients, last = np.empty(order), np.empty(order)
        if not solve(moments_of(less, products, order), coefficients, last):
            continue
        p = min(1.0, orders * normal_two_sided(last_score(less, coefficients, last)))
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
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            value[at], confidence[at], statistics[at, :] = math.nan, 0.0, math.nan
            reason[at] = refusal(span, 3 * orders, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = partial_reading(
                    returns[stop - span : stop - 1], orders, full, alpha, statistics[at]
                )
            at += 1
