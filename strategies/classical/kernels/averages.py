"""Compiled kernel of two simple averages."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    ZERO_VAR,
    Floats,
    Integers,
    bar_runs,
    clear,
    refusal,
    total,
    true_ranges,
    unit,
    wilder_average,
)


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def averages(
    high: Floats,
    low: Floats,
    close: Floats,
    span: int,
    fast: int,
    slow: int,
    range_period: int,
    cap: float,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: fast and slow average, average true range (all in price)."""
    needed = max(slow, range_period + 1)
    at = 0
    for row in range(close.shape[0]):
        runs = bar_runs(high[row], low[row], close[row])
        widths = true_ranges(high[row], low[row], close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                width = wilder_average(widths[stop - span : stop - 1], range_period)
                quick = total(close[row, stop - fast : stop]) / fast
                calm = total(close[row, stop - slow : stop]) / slow
                statistics[at, 0], statistics[at, 1], statistics[at, 2] = quick, calm, width
                if width <= RELATIVE_ZERO * close[row, stop - 1]:
                    reason[at] = ZERO_VAR
                else:
                    value[at], confidence[at] = unit((quick - calm) / (cap * width)), prior
            at += 1
