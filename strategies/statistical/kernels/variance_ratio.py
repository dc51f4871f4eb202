"""Compiled kernel of the variance ratio."""

from __future__ import annotations

import math

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
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.products import DEVIATION, FIRST, MEAN, window_moments
from strategies.statistical.kernels.tails import joint_p, normal_two_sided

FEWEST_RETURNS = 100


@njit(cache=True)
def unbiased_ratio(overlaps: float, square: float, horizon: int, count: int) -> float:
    """VR(q) from the sum of squares of the overlapping sums of q and that of the `count` returns, all centred."""
    scale = horizon * (count - horizon + 1.0) * (1.0 - horizon / count)
    return overlaps / scale / (square / (count - 1.0))


@njit(cache=True, error_model="numpy")
def robust_variance(squares: Floats, square: float, horizon: int) -> float:
    """Variance of VR(q) - 1 under changing volatility, from delta_j = sum (x_t x_{t-j})^2 / (sum x^2)^2, j >= 1."""
    gathered = 0.0
    for lag in range(1, horizon):
        share = 2.0 * (horizon - lag) / horizon
        gathered += share * share * squares[lag - 1]
    return gathered / (square * square)


@njit(cache=True)
def plain_score(ratio: float, horizon: int, count: int) -> float:
    """VR(q) - 1 in standard errors under constant volatility, of `count` returns."""
    variance = 2.0 * (2.0 * horizon - 1.0) * (horizon - 1.0) / (3.0 * horizon * count)
    return (ratio - 1.0) / math.sqrt(variance)


@njit(cache=True, error_model="numpy")
def variance_ratio_reading(
    returns: Floats,
    moments: Floats,
    lags: int,
    horizons: Integers,
    full: float,
    alpha: float,
    statistics: Floats,
) -> tuple[float, float, int]:
    count, deviation = returns.size, moments[DEVIATION]
    if negligible(deviation, moments[MEAN]):
        return math.nan, 0.0, ZERO_VAR
    square = deviation * deviation * count
    tested, best, score, ratio = 0, 0, 0.0, 1.0
    for place in range(horizons.size):
        horizon = horizons[place]
        if 4 * horizon > count:
            continue
        tested += 1
        found = unbiased_ratio(moments[FIRST + 2 * lags + place], square, horizon, count)
        error = math.sqrt(robust_variance(moments[FIRST + lags :], square, horizon))
        z = (found - 1.0) / error if error > 0.0 else 0.0
        statistics[4 + 2 * place], statistics[5 + 2 * place] = found, z
        if best == 0 or abs(z) > abs(score):
            best, score, ratio = horizon, z, found
    p = joint_p(normal_two_sided(score), tested)
    move = trailing_sum(returns, best) / (2.0 * deviation * math.sqrt(best))
    statistics[0], statistics[1], statistics[2], statistics[3] = (
        best,
        p,
        plain_score(ratio, best, count),
        move,
    )
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
    at, size, lags = 0, span - 1, horizons.max() - 1
    needed = max(FEWEST_RETURNS, 4 * horizons.min()) + 1
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        moments = window_moments(returns, size, lags, horizons)
        for first in range(moments.shape[0]):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[first + span - 1])
            if reason[at] == OK:
                known = returns[first : first + size]
                value[at], confidence[at], reason[at] = variance_ratio_reading(
                    known, moments[first], lags, horizons, full, alpha, statistics[at]
                )
            at += 1
