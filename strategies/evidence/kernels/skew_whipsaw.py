"""Compiled kernel of an extreme of the skew that fades."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    DEGENERATE,
    NAN_INPUT,
    OK,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    inner,
    negligible,
    sign,
    total,
)

IDLE, ARMED, FIRED = 0, 1, 2


@njit(cache=True, error_model="numpy")
def score_before(samples: Floats, at: int, lookback: int) -> float:
    """The sample against mean and deviation (ddof 1) of the `lookback` before it; NaN where those are all one."""
    before = samples[at - lookback : at]
    mean = total(before) / lookback
    less = np.empty(lookback)
    for index in range(lookback):
        less[index] = before[index] - mean
    deviation = math.sqrt(inner(less, less) / (lookback - 1.0))
    return math.nan if negligible(deviation, mean) else (samples[at] - mean) / deviation


@njit(cache=True, error_model="numpy")
def whipsaw(
    scores: Floats, arm: float, release: float, calm: float, full: float, hold: int
) -> tuple[float, float, int]:
    """What the last of the scores says, the peak followed, and the state it leaves; idle before the first."""
    state, peak, age, value = IDLE, 0.0, 0, 0.0
    for score in scores:
        size = abs(score)
        over = size <= calm or sign(score) != sign(peak)
        value = 0.0
        if state == FIRED:
            age += 1
            if over or age > hold:
                state = IDLE
        elif state == ARMED:
            if over:
                state = IDLE
            elif size <= release * abs(peak):
                state, age = FIRED, 0
            elif size > abs(peak):
                peak = score
        if state == FIRED:
            value = sign(peak) * min(1.0, abs(peak) / full)
        elif state == IDLE:
            peak = 0.0
            if size >= arm:
                state, peak = ARMED, score
    return value, peak, state


@njit(cache=True, error_model="numpy")
def whipsaw_reading(
    skew: Floats,
    points: float,
    lookback: int,
    arm: float,
    release: float,
    calm: float,
    full: float,
    hold: int,
    statistics: Floats,
) -> tuple[float, float, int]:
    scores = np.empty(lookback + 1)
    for index in range(scores.size):
        scores[index] = score_before(skew, skew.size - scores.size + index, lookback)
        if math.isnan(scores[index]):
            return math.nan, 0.0, ZERO_VAR
    value, peak, state = whipsaw(scores, arm, release, calm, full, hold)
    statistics[0], statistics[1], statistics[2], statistics[3] = scores[-1], peak, state, points
    if points < 1.0:
        return math.nan, 0.0, DEGENERATE
    return value, 1.0 if points >= 2.0 else 0.5, OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, float64, float64, float64, float64, int64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def skew_whipsaw(
    skew: Floats,
    points: Floats,
    span: int,
    lookback: int,
    arm: float,
    release: float,
    calm: float,
    full: float,
    hold: int,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: newest score and peak followed (sigmas), state (0 idle, 1 armed, 2 fired), good points."""
    at, needed = 0, 2 * lookback + 1
    for row in range(skew.shape[0]):
        run = 0
        for newest in range(skew.shape[1]):
            known = math.isfinite(skew[row, newest]) and math.isfinite(points[row, newest])
            run = run + 1 if known else 0
            stop = newest + 1
            if stop < span:
                continue
            clear(at, value, confidence, statistics)
            reason[at] = WARMUP if span < needed else OK if run >= span else NAN_INPUT
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = whipsaw_reading(
                    skew[row, stop - needed : stop],
                    points[row, newest],
                    lookback,
                    arm,
                    release,
                    calm,
                    full,
                    hold,
                    statistics[at],
                )
            at += 1
