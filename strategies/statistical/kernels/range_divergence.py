"""Compiled kernel of a move while ranges widen or narrow."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    ZERO_VAR,
    Floats,
    Integers,
    bar_runs,
    clear,
    ewm_moments,
    known_log_returns,
    negligible,
    refusal,
    trailing_sum,
    true_ranges,
    unit,
    wilder_average,
)


@njit(cache=True)
def range_response(score: float, widening: float, least: float) -> float:
    """clip(z / 2) clip(w / ln 2), 0 for a move smaller than `least`."""
    if abs(score) < least:
        return 0.0
    return unit(score / 2.0) * unit(widening / math.log(2.0))


@njit(cache=True, error_model="numpy")
def range_reading(
    widths: Floats,
    price: float,
    returns: Floats,
    fast: int,
    slow: int,
    move: int,
    com: float,
    least: float,
    statistics: Floats,
) -> tuple[float, float, int]:
    mean, deviation = ewm_moments(returns, com)
    quick, calm = wilder_average(widths, fast), wilder_average(widths, slow)
    moved = trailing_sum(returns, move)
    statistics[2], statistics[3], statistics[4] = deviation, quick, calm
    floor = RELATIVE_ZERO * price
    # Closes that never moved made no move to follow, whatever the ranges around them did.
    still = deviation == 0.0 and moved == 0.0
    if quick <= floor or calm <= floor or (negligible(deviation, mean) and not still):
        return math.nan, 0.0, ZERO_VAR
    score = 0.0 if still else moved / (deviation * math.sqrt(move))
    widening = math.log(quick / calm)
    statistics[0], statistics[1] = score, widening
    return range_response(score, widening, least), min(1.0, abs(widening) / math.log(2.0)), OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def range_divergence(
    high: Floats,
    low: Floats,
    close: Floats,
    span: int,
    fast: int,
    slow: int,
    move: int,
    com: float,
    least: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: move in sigmas, ln of fast over slow range, sigma, fast and slow average true range (price)."""
    at = 0
    needed = max(slow, move, 2) + 1
    for row in range(close.shape[0]):
        runs, returns = bar_runs(high[row], low[row], close[row]), known_log_returns(close[row])
        widths = true_ranges(high[row], low[row], close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = range_reading(
                    widths[stop - span : stop - 1],
                    close[row, stop - 1],
                    returns[stop - span : stop - 1],
                    fast,
                    slow,
                    move,
                    com,
                    least,
                    statistics[at],
                )
            at += 1
