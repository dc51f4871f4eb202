"""Compiled kernel of the moving average convergence and divergence."""

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


@njit(cache=True, error_model="numpy")
def convergence_lines(close: Floats, fast: int, slow: int, signal: int) -> tuple[float, float]:
    """The difference of the two averages and its own average at the last close.

    Each average is seeded with a simple one: the slow over the first `slow` closes, the fast over the newest
    `fast` of these, so that both begin on the same bar; the signal over the first `signal` differences.
    """
    quick = total(close[slow - fast : slow]) / fast
    calm = total(close[:slow]) / slow
    gathered, line = quick - calm, 0.0
    for index in range(slow, close.size):
        quick += 2.0 / (fast + 1.0) * (close[index] - quick)
        calm += 2.0 / (slow + 1.0) * (close[index] - calm)
        known = index - slow + 2
        if known < signal:
            gathered += quick - calm
        elif known == signal:
            line = (gathered + quick - calm) / signal
        else:
            line += 2.0 / (signal + 1.0) * (quick - calm - line)
    return quick - calm, line


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, int64, int64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def convergence(
    high: Floats,
    low: Floats,
    close: Floats,
    span: int,
    fast: int,
    slow: int,
    signal: int,
    range_period: int,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: difference, its average, histogram, average true range (all in price)."""
    needed = max(slow + signal - 1, range_period + 1)
    at = 0
    for row in range(close.shape[0]):
        runs = bar_runs(high[row], low[row], close[row])
        widths = true_ranges(high[row], low[row], close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                width = wilder_average(widths[stop - span : stop - 1], range_period)
                difference, line = convergence_lines(close[row, stop - span : stop], fast, slow, signal)
                statistics[at, 0], statistics[at, 1] = difference, line
                statistics[at, 2], statistics[at, 3] = difference - line, width
                if width <= RELATIVE_ZERO * close[row, stop - 1]:
                    reason[at] = ZERO_VAR
                else:
                    value[at], confidence[at] = unit((difference - line) / width), prior
            at += 1
