"""Compiled kernel of short-term reversal."""

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
    ewm_moments,
    log_returns,
    negligible,
    reversal_response,
    trailing_sum,
    usable_prices,
)


@njit(cache=True)
def efficiency_ratio(close: Floats, count: int) -> float:
    """|C_t - C_{t-N}| / sum |change of C| over the last N bars; 0 for a path that did not move."""
    last = close.size - 1
    path = 0.0
    for index in range(last - count + 1, last + 1):
        path += abs(close[index] - close[index - 1])
    if path == 0.0:
        return 0.0
    moved: float = abs(close[last] - close[last - count])
    return moved / path


@njit(
    "void(float64[:, ::1], int64, float64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
)
def reversal(
    close: Floats,
    horizon: int,
    com: float,
    efficiency_bars: int,
    dead_band: float,
    full: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """The score z = R_h / (sigma sqrt h) against which to lean; statistics: sigma, z, efficiency ratio."""
    for row in range(close.shape[0]):
        value[row], confidence[row] = math.nan, 0.0
        statistics[row, :] = math.nan
        if close.shape[1] < max(horizon + 1, efficiency_bars + 1, 3):
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
        score = trailing_sum(returns, horizon) / (deviation * math.sqrt(horizon))
        efficiency = efficiency_ratio(close[row], efficiency_bars)
        statistics[row, 1], statistics[row, 2] = score, efficiency
        value[row] = reversal_response(score, dead_band, full)
        confidence[row] = 1.0 - efficiency
        reason[row] = OK
