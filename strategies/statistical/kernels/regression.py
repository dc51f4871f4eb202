"""Compiled least squares of a series on its own past."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, inner


@njit(cache=True, error_model="numpy")
def lag_products(less: Floats, most: int) -> Floats:
    """sum_t x_t x_{t-d} for d = 0 to `most`."""
    products = np.empty(most + 1)
    for lag in range(most + 1):
        products[lag] = inner(less[lag:], less)
    return products


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
