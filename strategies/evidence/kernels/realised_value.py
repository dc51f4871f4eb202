"""Compiled kernel of bitcoin's value over what its owners paid."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import NAN_INPUT, OK, Floats, Integers, clear, unit

CHEAP, BETWEEN, DEAR = -1.0, 0.0, 1.0


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
