"""Compiled kernels of bitcoin's value over what its owners paid."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import NAN_INPUT, OK, RELATIVE_ZERO, Floats, Integers, clear, unit, usable_price

CHEAP, BETWEEN, DEAR = -1.0, 0.0, 1.0


@njit("void(float64[::1], float64[::1], int64, float64[::1])", cache=True, nogil=True, error_model="numpy")
def expanding_scores(market_cap: Floats, realised_cap: Floats, least_days: int, score: Floats) -> None:
    """(MC - RC) / standard deviation (ddof 0, by Welford) of all market caps so far, NaN before `least_days` of them
    and on days of which a cap is not known."""
    count, mean, squares = 0, 0.0, 0.0
    for day in range(market_cap.size):
        score[day] = math.nan
        if not usable_price(market_cap[day]):
            continue
        count += 1
        surprise = market_cap[day] - mean
        mean += surprise / count
        squares += surprise * (market_cap[day] - mean)
        deviation = math.sqrt(squares / count)
        if count < least_days or deviation <= RELATIVE_ZERO * mean or not usable_price(realised_cap[day]):
            continue
        score[day] = (market_cap[day] - realised_cap[day]) / deviation


@njit(cache=True, error_model="numpy")
def realised_response(score: float, neutral: float, top: float) -> float:
    """1 where price is what owners paid, 0 at `neutral`, -1 at `top`, straight between."""
    return unit((neutral - score) / (neutral if score <= neutral else top - neutral))


@njit(
    "void(float64[:, ::1], int64, float64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def realised_value(
    score: Floats,
    span: int,
    bottom: float,
    neutral: float,
    top: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: the score (sigmas), and its zone (-1 cheap, 0 between, 1 dear)."""
    at = 0
    for row in range(score.shape[0]):
        for stop in range(span, score.shape[1] + 1):
            clear(at, value, confidence, statistics)
            newest = score[row, stop - 1]
            reason[at] = OK if math.isfinite(newest) else NAN_INPUT
            if reason[at] == OK:
                statistics[at, 0] = newest
                statistics[at, 1] = CHEAP if newest < bottom else DEAR if newest > top else BETWEEN
                value[at], confidence[at] = realised_response(newest, neutral, top), 1.0
            at += 1
