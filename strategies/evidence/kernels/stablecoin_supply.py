"""Compiled kernel of bitcoin's value over the supply of stablecoins."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    negligible,
    refusal,
    unit,
)
from strategies.evidence.kernels.open_interest import pair_runs


@njit(cache=True, error_model="numpy")
def supply_reading(
    market_cap: Floats, supply: Floats, full: float, statistics: Floats
) -> tuple[float, float, int]:
    ratios = np.empty(market_cap.size)
    for index in range(ratios.size):
        ratios[index] = market_cap[index] / supply[index]
    less, mean, deviation = centred(ratios)
    newest = ratios.size - 1
    statistics[0], statistics[1], statistics[2] = ratios[newest], mean, deviation
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    statistics[3] = less[newest] / deviation
    return unit(-statistics[3] / full), 1.0, OK


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def stablecoin_supply(
    market_cap: Floats,
    supply: Floats,
    span: int,
    full: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: ratio, its mean and deviation, and the score (sigmas)."""
    at = 0
    for row in range(market_cap.shape[0]):
        runs = pair_runs(market_cap[row], supply[row])
        for stop in range(span, market_cap.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, 3, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = supply_reading(
                    market_cap[row, stop - span : stop], supply[row, stop - span : stop], full, statistics[at]
                )
            at += 1
