"""Compiled kernels of the evidence signals: windows [N, w] in, value, confidence, reason and statistics out.

Reductions run in the order of time without fastmath, so a window gives the same bits alone and in a batch.
Imported when a signal is first evaluated.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    NAN_INPUT,
    OK,
    RELATIVE_ZERO,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    bar_runs,
    clip,
    ewm_moments,
    last_wilder_range,
    log_returns,
    negligible,
    reversal_response,
    sign,
    trailing_sum,
    usable_bars,
    usable_prices,
    wilder_ranges,
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


@njit(cache=True)
def above_all(price: float, highs: Floats, index: int, count: int) -> bool:
    """True where `price` exceeds each of the `count` highs before bar `index`; False where fewer exist.

    Looks back from the newest: most prices are answered by one of the first.
    """
    if index < count:
        return False
    for before in range(index - 1, index - count - 1, -1):  # noqa: SIM110 - numba compiles no generator expressions
        if highs[before] >= price:
            return False
    return True


@njit(cache=True)
def below_all(price: float, lows: Floats, index: int, count: int) -> bool:
    """True where `price` lies under each of the `count` lows before bar `index`; False where fewer exist."""
    if index < count:
        return False
    for before in range(index - 1, index - count - 1, -1):  # noqa: SIM110 - as above
        if lows[before] <= price:
            return False
    return True


@njit(cache=True)
def breakout_positions(
    high: Floats, low: Floats, close: Floats, ranges: Floats, entry: int, leave: int, stop_ranges: float
) -> Integers:
    """Position (-1, 0, 1) of one channel after each bar; flat until `entry` bars and an average range exist.

    In on a close beyond the `entry`-bar channel with a stop `stop_ranges` average ranges away, out on a
    close beyond the opposite `leave`-bar channel or at the stop, and in again on the same bar where the
    entry holds.
    """
    positions = np.zeros(close.size, dtype=np.int64)
    position, stop = 0, 0.0
    for index in range(entry, close.size):
        price = close[index]
        if math.isnan(ranges[index]):
            continue
        if position > 0:
            leaves = price <= stop or below_all(price, low, index, leave)
        else:
            leaves = position < 0 and (price >= stop or above_all(price, high, index, leave))
        if leaves:
            position = 0
        if position == 0 and above_all(price, high, index, entry):
            position, stop = 1, price - stop_ranges * ranges[index]
        elif position == 0 and below_all(price, low, index, entry):
            position, stop = -1, price + stop_ranges * ranges[index]
        positions[index] = position
    return positions


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64[:, ::1], int64, float64, boolean,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
)
def breakout(
    high: Floats,
    low: Floats,
    close: Floats,
    channels: Integers,
    range_period: int,
    stop_ranges: float,
    shorting: bool,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Mean position of the channels [c, 2] = (entry, exit); confidence measured against the first channel.

    Statistics: average true range, first channel's upper and lower bound, then each channel's position.
    """
    bars = close.shape[1]
    for row in range(close.shape[0]):
        value[row], confidence[row] = math.nan, 0.0
        statistics[row, :] = math.nan
        if bars < max(channels.max(), range_period) + 1:
            reason[row] = WARMUP
            continue
        if not usable_bars(high[row], low[row], close[row]):
            reason[row] = NAN_INPUT
            continue
        ranges = wilder_ranges(high[row], low[row], close[row], range_period)
        last_range, last_close = ranges[bars - 1], close[row, bars - 1]
        statistics[row, 0] = last_range
        if last_range <= RELATIVE_ZERO * last_close:
            reason[row] = ZERO_VAR
            continue
        entry = channels[0, 0]
        upper, lower = (
            high[row, bars - 1 - entry : bars - 1].max(),
            low[row, bars - 1 - entry : bars - 1].min(),
        )
        statistics[row, 1], statistics[row, 2] = upper, lower
        total = 0.0
        for index in range(channels.shape[0]):
            positions = breakout_positions(
                high[row], low[row], close[row], ranges, channels[index, 0], channels[index, 1], stop_ranges
            )
            statistics[row, 3 + index] = positions[bars - 1]
            total += positions[bars - 1]
        mean_position = total / channels.shape[0]
        value[row] = mean_position if shorting else max(mean_position, 0.0)
        distance = abs(last_close - (upper + lower) / 2.0)
        confidence[row] = min(1.0, distance / (2.0 * last_range))
        reason[row] = OK


@njit("void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, float64[::1])", cache=True, nogil=True)
def final_ranges(high: Floats, low: Floats, close: Floats, period: int, average: Floats) -> None:
    """Average true range [N] at the last bar, over the unbroken run of usable bars that ends each window."""
    bars = close.shape[1]
    for row in range(close.shape[0]):
        first = bars - bar_runs(high[row], low[row], close[row])[bars - 1]
        average[row] = last_wilder_range(high[row, first:], low[row, first:], close[row, first:], period)
