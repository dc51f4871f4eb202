"""Compiled kernel of time-series momentum."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import (
    NAN_INPUT,
    OK,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    clip,
    ewm_moments,
    log_returns,
    negligible,
    sign,
    trailing_sum,
    usable_prices,
)


@njit(cache=True)
def momentum_reading(scores: Floats, cap: float, by_sign: bool) -> tuple[float, float]:
    """Mean response of the scores and how far their signs agree."""
    response, agreement = 0.0, 0.0
    for score in scores:
        response += sign(score) if by_sign else clip(score / cap, -1.0, 1.0)
        agreement += sign(score)
    return response / scores.size, abs(agreement) / scores.size


@njit(
    "void(float64[:, ::1], int64[::1], float64, float64, boolean,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
)
def momentum(
    close: Floats,
    lookbacks: Integers,
    com: float,
    cap: float,
    by_sign: bool,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Scores z_h = R_h / (sigma sqrt h) per look-back; statistics: sigma, then the scores."""
    for row in range(close.shape[0]):
        value[row], confidence[row] = math.nan, 0.0
        statistics[row, :] = math.nan
        if close.shape[1] < max(lookbacks.max() + 1, 3):
            reason[row] = WARMUP
            continue
        if not usable_prices(close[row]):
            reason[row] = NAN_INPUT
            continue
        returns = log_returns(close[row])
        mean, deviation = ewm_moments(returns, com)
        statistics[row, 0] = deviation
        if negligible(deviation, mean):
            reason[row] = ZERO_VAR
            continue
        scores = statistics[row, 1:]
        for index in range(lookbacks.size):
            horizon = lookbacks[index]
            scores[index] = trailing_sum(returns, horizon) / (deviation * math.sqrt(horizon))
        value[row], confidence[row] = momentum_reading(scores, cap, by_sign)
        reason[row] = OK
