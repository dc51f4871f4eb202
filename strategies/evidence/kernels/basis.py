"""Compiled kernel of the basis of a dated future."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    NEAR_EXPIRY,
    OK,
    Floats,
    Integers,
    centred,
    clear,
    inner,
    negligible,
    refusal,
    usable_price,
)
from strategies.evidence.kernels.carry import net_carry

DAYS_A_YEAR = 365.0


@njit(cache=True, error_model="numpy")
def annual_basis(future: float, spot: float, days: float) -> float:
    """ln(F / S) 365 / d, a fraction a year."""
    return math.log(future / spot) * DAYS_A_YEAR / days


@njit(cache=True)
def quote_runs(spot: Floats, future: Floats, days: Floats) -> Integers:
    """How many bars in a row, at which both prices and the time to expiry are positive, end at each."""
    runs = np.zeros(spot.size, dtype=np.int64)
    run = 0
    for index in range(spot.size):
        prices = usable_price(spot[index]) and usable_price(future[index])
        run = run + 1 if prices and usable_price(days[index]) else 0
        runs[index] = run
    return runs


@njit(cache=True, error_model="numpy")
def basis_reading(
    spot: Floats,
    future: Floats,
    days: Floats,
    step: int,
    count: int,
    interest: float,
    cost_rate: float,
    full: float,
    nearest_days: float,
    borrowable: bool,
    statistics: Floats,
) -> tuple[float, float, int]:
    last = spot.size - 1
    statistics[5] = days[last]
    if days[last] < nearest_days:
        return math.nan, 0.0, NEAR_EXPIRY
    bases = np.empty(count)
    for index in range(count):
        place = last - (count - 1 - index) * step
        bases[index] = annual_basis(future[place], spot[place], days[place])
    less, mean, _ = centred(bases)
    deviation = math.sqrt(inner(less, less) / (count - 1.0))
    excess = bases[count - 1] - interest
    cost = cost_rate * DAYS_A_YEAR / days[last]
    left = max(0.0, abs(excess) - cost)
    statistics[0], statistics[1], statistics[2] = bases[count - 1], excess, cost
    statistics[3], statistics[4] = deviation, left
    value, reason = net_carry(excess, cost, full, borrowable)
    return value, 1.0 if negligible(deviation, mean) else min(1.0, left / deviation), reason


@njit(
    "void(float64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, float64, float64, float64,"
    " float64, boolean, float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def basis(
    spot: Floats,
    future: Floats,
    days: Floats,
    span: int,
    step: int,
    count: int,
    interest: float,
    cost_rate: float,
    full: float,
    nearest_days: float,
    borrowable: bool,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: basis, its excess over interest, cost and deviation of the basis, what is left after costs (each a
    fraction a year), days to expiry."""
    at = 0
    for row in range(spot.shape[0]):
        runs = quote_runs(spot[row], future[row], days[row])
        for stop in range(span, spot.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, (count - 1) * step + 1, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = basis_reading(
                    spot[row, stop - span : stop],
                    future[row, stop - span : stop],
                    days[row, stop - span : stop],
                    step,
                    count,
                    interest,
                    cost_rate,
                    full,
                    nearest_days,
                    borrowable,
                    statistics[at],
                )
            at += 1
