"""Compiled kernel of the channel breakout."""

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
    usable_bars,
    wilder_ranges,
)


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
