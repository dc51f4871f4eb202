"""Compiled kernel of price moves read beside open interest."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    ewm_moments,
    log_returns,
    negligible,
    refusal,
    trailing_sum,
    unit,
    usable_price,
)


@njit(cache=True)
def pair_runs(first: Floats, second: Floats) -> Integers:
    """How many positions in a row, at which both are finite and positive, end at each."""
    runs = np.zeros(first.size, dtype=np.int64)
    run = 0
    for index in range(first.size):
        run = run + 1 if usable_price(first[index]) and usable_price(second[index]) else 0
        runs[index] = run
    return runs


@njit(cache=True)
def quadrant_response(price: float, interest: float, dead_band: float, cap: float) -> tuple[float, float]:
    """Value and confidence of two scores: their product, silent where either is small; the smaller one's share."""
    smaller = min(abs(price), abs(interest))
    value = unit(price / cap) * unit(interest / cap) if smaller >= dead_band else 0.0
    return value, min(1.0, smaller / cap)


@njit(cache=True, error_model="numpy")
def open_interest_reading(
    close: Floats,
    interest: Floats,
    horizon: int,
    com: float,
    dead_band: float,
    cap: float,
    statistics: Floats,
) -> tuple[float, float, int]:
    moves, changes = log_returns(close), log_returns(interest)
    move, move_deviation = ewm_moments(moves, com)
    change, change_deviation = ewm_moments(changes, com)
    statistics[2], statistics[3] = move_deviation, change_deviation
    if negligible(move_deviation, move) or negligible(change_deviation, change):
        return math.nan, 0.0, ZERO_VAR
    root = math.sqrt(horizon)
    statistics[0] = trailing_sum(moves, horizon) / (move_deviation * root)
    statistics[1] = trailing_sum(changes, horizon) / (change_deviation * root)
    value, confidence = quadrant_response(statistics[0], statistics[1], dead_band, cap)
    return value, confidence, OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, float64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def open_interest(
    close: Floats,
    interest: Floats,
    span: int,
    horizon: int,
    com: float,
    dead_band: float,
    cap: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: scores of price and open interest (sigmas), then their deviations a bar."""
    at = 0
    for row in range(close.shape[0]):
        runs = pair_runs(close[row], interest[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, max(horizon + 1, 3), runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = open_interest_reading(
                    close[row, stop - span : stop],
                    interest[row, stop - span : stop],
                    horizon,
                    com,
                    dead_band,
                    cap,
                    statistics[at],
                )
            at += 1
