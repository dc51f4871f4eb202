"""Compiled folds behind the panel: what every symbol last did, and base bars gathered into larger ones.

One kernel call takes n consecutive bars [n, S]; one bar is n = 1, so appending bar by bar and in blocks
give the same state bit for bit. A bar is missing where any of its four prices is NaN.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numba
import numpy as np
from numba import njit
from numpy.typing import NDArray

from strategies.panel_state import FRAME_SYMBOL, PANEL_SYMBOL

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Records: TypeAlias = NDArray[Any]

LONGEST_FILL = 3
OPEN, HIGH, LOW, CLOSE, VOLUME, TAKER_BUY_VOLUME = 0, 1, 2, 3, 4, 5

BLOCK = numba.float64[:, ::1]
PANEL_SYMBOLS = numba.from_dtype(PANEL_SYMBOL)[::1]
FRAME_SYMBOLS = numba.from_dtype(FRAME_SYMBOL)[::1]


@njit(cache=True)
def is_missing(open_: float, high: float, low: float, close: float) -> bool:
    return math.isnan(open_) or math.isnan(high) or math.isnan(low) or math.isnan(close)


@njit(
    numba.void(
        numba.int64, numba.int64, numba.int64, BLOCK, BLOCK, BLOCK, BLOCK, BLOCK, PANEL_SYMBOLS, BLOCK
    ),
    cache=True,
    nogil=True,
)
def track(
    last_open_ms: int,
    first_open_ms: int,
    bar_ms: int,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    symbols: Records,
    day_volume: Floats,
) -> None:
    """Last close, missing run and the volume of the last day per symbol; `last_open_ms` < 0 before the
    first bar.

    `day_volume` [S, bars a day] has one slot per time of day, so its sum does not depend on where the fold
    began.
    """
    slots = day_volume.shape[1]
    skipped = (first_open_ms - last_open_ms) // bar_ms - 1 if last_open_ms >= 0 else 0
    for back in range(1, min(skipped, slots) + 1):
        day_volume[:, (first_open_ms // bar_ms - back) % slots] = 0.0
    for column in range(symbols.size):
        symbol = symbols[column]
        if symbol.first_real_open_ms >= 0:
            symbol.missing_run += skipped
    for row in range(close.shape[0]):
        open_ms = first_open_ms + row * bar_ms
        slot = (open_ms // bar_ms) % slots
        for column in range(symbols.size):
            symbol = symbols[column]
            day_volume[column, slot] = 0.0
            if is_missing(open_[row, column], high[row, column], low[row, column], close[row, column]):
                if symbol.first_real_open_ms >= 0:
                    symbol.missing_run += 1
                continue
            if symbol.first_real_open_ms < 0:
                symbol.first_real_open_ms = open_ms
            symbol.last_close = close[row, column]
            symbol.missing_run = 0
            symbol.bars_seen += 1
            if not math.isnan(volume[row, column]):
                day_volume[column, slot] = volume[row, column]


@njit(cache=True)
def close_period(
    period_open_ms: int, completed: int, history: Records, symbols: Records, bars: Floats, filled: Flags
) -> None:
    """Write the bar of the period that ended into the ring, or its flat stand-in, or NaN."""
    slot = completed % bars.shape[2]
    for column in range(symbols.size):
        symbol = symbols[column]
        bars[:, column, slot] = math.nan
        filled[column, slot] = False
        if symbol.parts > 0:
            partial_first = symbol.count == 0 and history[column].first_real_open_ms > period_open_ms
            if not partial_first:
                bars[OPEN, column, slot] = symbol.open
                bars[HIGH, column, slot] = symbol.high
                bars[LOW, column, slot] = symbol.low
                bars[CLOSE, column, slot] = symbol.close
                bars[VOLUME, column, slot] = symbol.volume
                bars[TAKER_BUY_VOLUME, column, slot] = symbol.taker_buy_volume
                symbol.last_close = symbol.close
                symbol.missing_run = 0
                symbol.count += 1
        elif symbol.count > 0:
            symbol.missing_run += 1
            symbol.count += 1
            if symbol.missing_run <= LONGEST_FILL:
                bars[OPEN : CLOSE + 1, column, slot] = symbol.last_close
                bars[VOLUME : TAKER_BUY_VOLUME + 1, column, slot] = 0.0
                filled[column, slot] = True
        symbol.parts = 0


@njit(cache=True)
def gather(
    symbol: Any, open_: float, high: float, low: float, close: float, volume: float, taker_buy_volume: float
) -> None:
    """Add one real base bar to the larger bar in progress; one unknown taker volume makes the sum unknown."""
    if symbol.parts == 0:
        symbol.open, symbol.high, symbol.low, symbol.volume = open_, high, low, 0.0
        symbol.taker_buy_volume = 0.0
    symbol.high = max(symbol.high, high)
    symbol.low = min(symbol.low, low)
    symbol.close = close
    if not math.isnan(volume):
        symbol.volume += volume
    symbol.taker_buy_volume += taker_buy_volume
    symbol.parts += 1


@njit(
    numba.int64(
        numba.int64,
        numba.int64,
        numba.int64,
        BLOCK,
        BLOCK,
        BLOCK,
        BLOCK,
        BLOCK,
        BLOCK,
        PANEL_SYMBOLS,
        numba.int64[::1],
        FRAME_SYMBOLS,
        numba.float64[:, :, ::1],
        numba.boolean[:, ::1],
    ),
    cache=True,
    nogil=True,
)
def aggregate(
    first_open_ms: int,
    bar_ms: int,
    step_ms: int,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    taker_buy_volume: Floats,
    history: Records,
    clock: Integers,
    symbols: Records,
    bars: Floats,
    filled: Flags,
) -> int:
    """Gather base bars into bars of `step_ms`; returns how many of these completed.

    `clock` = (open of the period in progress in ms, periods completed); `bars` [6, S, depth] is a ring.
    """
    completed = 0
    for row in range(close.shape[0]):
        open_ms = first_open_ms + row * bar_ms
        if clock[0] < 0:
            clock[0] = open_ms - open_ms % step_ms
        while clock[0] + step_ms <= open_ms:
            close_period(clock[0], clock[1], history, symbols, bars, filled)
            clock[0] += step_ms
            clock[1] += 1
            completed += 1
        for column in range(symbols.size):
            if not is_missing(open_[row, column], high[row, column], low[row, column], close[row, column]):
                gather(
                    symbols[column],
                    open_[row, column],
                    high[row, column],
                    low[row, column],
                    close[row, column],
                    volume[row, column],
                    taker_buy_volume[row, column],
                )
        if open_ms + bar_ms == clock[0] + step_ms:
            close_period(clock[0], clock[1], history, symbols, bars, filled)
            clock[0] += step_ms
            clock[1] += 1
            completed += 1
    return completed


@njit(cache=True)
def keep_inputs(completed: int, gathered: Floats, rings: Floats) -> None:
    """Write what was gathered of the period that ended into the ring, and begin anew."""
    slot = completed % rings.shape[2]
    for index in range(gathered.shape[0]):
        for column in range(gathered.shape[1]):
            rings[index, column, slot] = gathered[index, column]
            gathered[index, column] = math.nan


@njit(
    numba.void(
        numba.int64,
        numba.int64,
        numba.int64,
        numba.float64[:, :, ::1],
        numba.boolean[::1],
        numba.int64[::1],
        BLOCK,
        numba.float64[:, :, ::1],
    ),
    cache=True,
    nogil=True,
)
def gather_inputs(
    first_open_ms: int,
    bar_ms: int,
    step_ms: int,
    values: Floats,
    adds_up: Flags,
    clock: Integers,
    gathered: Floats,
    rings: Floats,
) -> None:
    """Gather values [I, n, S] at the closes of base bars into periods of `step_ms`, ahead of `aggregate`, which moves
    the clock on: their sums, or the value at the close of the period's last base bar."""
    period_open_ms, completed = clock[0], clock[1]
    for row in range(values.shape[1]):
        open_ms = first_open_ms + row * bar_ms
        if period_open_ms < 0:
            period_open_ms = open_ms - open_ms % step_ms
        while period_open_ms + step_ms <= open_ms:
            keep_inputs(completed, gathered, rings)
            period_open_ms += step_ms
            completed += 1
        is_last = open_ms + bar_ms == period_open_ms + step_ms
        for index in range(values.shape[0]):
            for column in range(values.shape[2]):
                value = values[index, row, column]
                if adds_up[index]:
                    if math.isnan(gathered[index, column]):
                        gathered[index, column] = value
                    elif not math.isnan(value):
                        gathered[index, column] += value
                elif is_last:
                    gathered[index, column] = value
        if is_last:
            keep_inputs(completed, gathered, rings)
            period_open_ms += step_ms
            completed += 1
