"""Compiled kernel of the variance ratio."""

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
    squared,
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.tails import joint_p, normal_two_sided

FEWEST_RETURNS = 100


@njit(cache=True, error_model="numpy")
def variance_ratio_of(less: Floats, square: float, horizon: int) -> float:
    """Unbiased VR(q) of returns less their mean, overlapping sums; `square` is the sum of their squares."""
    count = less.size
    sums = np.empty(count - horizon + 1)
    running = 0.0
    for index in range(horizon):
        running += less[index]
    sums[0] = running
    for index in range(horizon, count):
        running += less[index] - less[index - horizon]
        sums[index - horizon + 1] = running
    scale = horizon * (count - horizon + 1.0) * (1.0 - horizon / count)
    return inner(sums, sums) / scale / (square / (count - 1.0))


@njit(cache=True, error_model="numpy")
def robust_variance(weights: Floats, horizon: int) -> float:
    """Variance of VR(q) - 1 under changing volatility from delta_j = sum x_t^2 x_{t-j}^2 / (sum x^2)^2, j >= 1."""
    gathered = 0.0
    for lag in range(1, horizon):
        share = 2.0 * (horizon - lag) / horizon
        gathered += share * share * weights[lag - 1]
    return gathered


@njit(cache=True)
def plain_score(ratio: float, horizon: int, count: int) -> float:
    """VR(q) - 1 in standard errors under constant volatility, of `count` returns."""
    variance = 2.0 * (2.0 * horizon - 1.0) * (horizon - 1.0) / (3.0 * horizon * count)
    return (ratio - 1.0) / math.sqrt(variance)


@njit(cache=True, error_model="numpy")
def variance_ratio_reading(
    returns: Floats, horizons: Integers, full: float, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    count = less.size
    squares = squared(less)
    square = inner(less, less)
    shares = np.empty(horizons.max() - 1)
    for lag in range(1, shares.size + 1):
        shares[lag - 1] = inner(squares[lag:], squares) / (square * square)
    tested, best, score, ratio = 0, 0, 0.0, 1.0
    for place in range(horizons.size):
        horizon = horizons[place]
        if 4 * horizon > count:
            continue
        tested += 1
        found = variance_ratio_of(less, square, horizon)
        error = math.sqrt(robust_variance(shares, horizon))
        z = (found - 1.0) / error if error > 0.0 else 0.0
        statistics[4 + 2 * place], statistics[5 + 2 * place] = found, z
        if best == 0 or abs(z) > abs(score):
            best, score, ratio = horizon, z, found
    p = joint_p(normal_two_sided(score), tested)
    statistics[0], statistics[1], statistics[2] = best, p, plain_score(ratio, best, count)
    move = trailing_sum(returns, best) / (2.0 * deviation * math.sqrt(best))
    statistics[3] = move
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit((ratio - 1.0) / full) * unit(move), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64[::1], float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def variance_ratio(
    close: Floats,
    span: int,
    horizons: Integers,
    full: float,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: horizon, joint p, its score under constant volatility, recent move in two deviations, then the
    ratio and the robust score of every horizon."""
    at = 0
    needed = max(FEWEST_RETURNS, 4 * horizons.min()) + 1
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = variance_ratio_reading(
                    returns[stop - span : stop - 1], horizons, full, alpha, statistics[at]
                )
            at += 1
