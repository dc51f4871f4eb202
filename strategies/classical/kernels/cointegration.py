"""Compiled test of two series for a common trend: Engle and Granger's two steps, read against MacKinnon's surface.

MacKinnon 1994, Approximate asymptotic distribution functions for unit-root and cointegration tests, Journal of
Business and Economic Statistics 12; coefficients for a regression with constant on two series, as in the table
`tau_c` of statsmodels' `adfvalues`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import Floats, centred, inner, negligible
from strategies.options.kernels.black import normal_cdf

LEAST, TURN, MOST = -18.86, -2.62, 0.92
"""Below the first p is 0, above the last 1; at the one between, one polynomial takes over from the other."""
A, BETA, Z, PHI, HALF_LIFE, T, P = 0, 1, 2, 3, 4, 5, 6
FOUND = 7


@njit(cache=True)
def cointegration_p(t: float) -> float:
    """P of a t this low if two independent walks are regressed on each other with a constant."""
    if t > MOST:
        return 1.0
    if t < LEAST:
        return 0.0
    if t <= TURN:
        return normal_cdf(2.92 + t * (1.5012 + t * 0.039796))
    return normal_cdf(2.1945 + t * (0.64695 + t * (-0.29198 - t * 0.042377)))


@njit(cache=True, error_model="numpy")
def engle_granger(y: Floats, x: Floats, found: Floats) -> bool:
    """Fill `found`: intercept and slope of y on x, score of the last residual (ddof 1), their autoregression and
    half-life in bars (NaN outside 0 to 1), t and p of its unit root; False where a series or the residual is flat."""
    less_y, mean_y, deviation_y = centred(y)
    less_x, mean_x, deviation_x = centred(x)
    if negligible(deviation_x, mean_x) or negligible(deviation_y, mean_y):
        return False
    beta = inner(less_y, less_x) / inner(less_x, less_x)
    residual = np.empty(y.size)
    for index in range(y.size):
        residual[index] = less_y[index] - beta * less_x[index]
    squares = inner(residual, residual)
    if negligible(math.sqrt(squares / y.size), 0.0):
        return False
    before, after = residual[:-1], residual[1:]
    earlier = inner(before, before)
    phi = inner(after, before) / earlier
    surprise = 0.0
    for index in range(before.size):
        surprise += (after[index] - phi * before[index]) ** 2
    error = math.sqrt(surprise / (before.size - 1.0) / earlier)
    found[A], found[BETA] = mean_y - beta * mean_x, beta
    found[Z] = residual[-1] / math.sqrt(squares / (y.size - 1.0))
    found[PHI] = phi
    found[HALF_LIFE] = -math.log(2.0) / math.log(phi) if 0.0 < phi < 1.0 else math.nan
    found[T] = (phi - 1.0) / error
    found[P] = cointegration_p(found[T])
    return True
