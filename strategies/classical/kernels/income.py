"""Compiled kernel of options sold against holdings while volatility is dear."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import OK, Floats, Integers, clear, known_log_returns, price_runs, refusal
from strategies.evidence.kernels.volatility_premium import premium_reading, unknown
from strategies.options.kernels.black import black_value, moneyness_score, normal_cdf

STRIKE, PREMIUM, DELTA, BREAK_EVEN, LOG_RATIO = 0, 1, 2, 3, 4
PREMIUM_FOUND = 5


@njit(cache=True, error_model="numpy")
def sold_option(spot: float, spread: float, score: float, side: float, statistics: Floats) -> None:
    """Strike, premium, delta and break-even of a call (side 1) or put (-1) whose d1 is `score`, without interest."""
    strike = spot * math.exp(0.5 * spread * spread - score * spread)
    premium = black_value(spot, strike, spread, side)
    statistics[STRIKE], statistics[PREMIUM] = strike, premium
    statistics[DELTA] = side * normal_cdf(side * moneyness_score(spot, strike, spread))
    statistics[BREAK_EVEN] = (spot if side > 0.0 else strike) - premium


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, int64, float64, float64, float64, float64, float64,"
    " float64, float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def income(
    close: Floats,
    implied: Floats,
    span: int,
    needed: int,
    bars_a_day: int,
    dead_band: float,
    full: float,
    years: float,
    score: float,
    side: float,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: strike, premium (quote currency per unit), delta, break-even price at expiry, log ratio of implied
    over realised volatility."""
    at = 0
    found = np.empty(PREMIUM_FOUND)
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, needed, runs[stop - 1])
            if reason[at] == OK:
                reason[at] = unknown(implied[row, stop - span : stop])
            if reason[at] == OK:
                volatility = implied[row, stop - 1]
                spread = volatility * math.sqrt(years)
                sold_option(close[row, stop - 1], spread, score, side, statistics[at])
                fraction, _, reason[at] = premium_reading(
                    returns[stop - needed : stop - 1], volatility, bars_a_day, dead_band, full, found
                )
            if reason[at] == OK:
                value[at], confidence[at] = max(fraction, 0.0), prior
                statistics[at, LOG_RATIO] = found[LOG_RATIO]
            at += 1
