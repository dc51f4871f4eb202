"""Compiled kernel of implied against realised volatility."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import (
    NAN_INPUT,
    NO_INPUT,
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    clip,
    inner,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    unit,
)
from strategies.signal import REASONS, Reason

STALE = REASONS.index(Reason.STALE)
IMPLIED, REALISED, REALISED_DAY, PREMIUM, LOG_RATIO = 0, 1, 2, 3, 4
LEAST, MOST = 0.01, 5.0
"""Bounds of an implied volatility that can be believed."""
DAYS_A_YEAR = 365.0


@njit(cache=True, error_model="numpy")
def realised(returns: Floats, bars_a_day: int) -> float:
    """Annual volatility of returns whose mean counts as zero."""
    return math.sqrt(DAYS_A_YEAR * bars_a_day / returns.size * inner(returns, returns))


@njit(cache=True, error_model="numpy")
def unknown(implied: Floats) -> int:
    """Why there is no newest implied volatility, or OK."""
    if not math.isnan(implied[-1]):
        return OK if LEAST < implied[-1] < MOST else NAN_INPUT
    for volatility in implied:
        if not math.isnan(volatility):
            return STALE
    return NO_INPUT


@njit(cache=True, error_model="numpy")
def premium_reading(
    returns: Floats, implied: float, bars_a_day: int, dead_band: float, full: float, statistics: Floats
) -> tuple[float, float, int]:
    """Value, confidence and reason; fill the statistics as far as they are defined."""
    deviation = realised(returns, bars_a_day)
    newest = realised(returns[returns.size - bars_a_day :], bars_a_day)
    statistics[IMPLIED], statistics[REALISED], statistics[REALISED_DAY] = implied, deviation, newest
    if negligible(deviation, 0.0):
        return math.nan, 0.0, ZERO_VAR
    ratio = math.log(implied / deviation)
    statistics[PREMIUM], statistics[LOG_RATIO] = implied * implied - deviation * deviation, ratio
    value = 0.0 if abs(ratio) < dead_band else unit(ratio / full)
    return value, clip(1.0 - max(0.0, newest / deviation - 1.0), 0.0, 1.0), OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def volatility_premium(
    close: Floats,
    implied: Floats,
    span: int,
    needed: int,
    bars_a_day: int,
    dead_band: float,
    full: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: implied, realised and the newest day's volatility (a year), premium (variance), log ratio."""
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                reason[at] = unknown(implied[row, stop - span : stop])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = premium_reading(
                    returns[stop - needed : stop - 1],
                    implied[row, stop - 1],
                    bars_a_day,
                    dead_band,
                    full,
                    statistics[at],
                )
            at += 1
