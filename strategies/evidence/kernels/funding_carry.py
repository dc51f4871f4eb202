"""Compiled kernel of the carry of a perpetual future."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import OK, WARMUP, Floats, Integers, clear, sign
from strategies.evidence.kernels.carry import funding_fault, net_carry, settled


@njit(cache=True, error_model="numpy")
def funding_reading(
    rate: Floats, hours: Floats, cost: float, full: float, borrowable: bool, statistics: Floats
) -> tuple[float, float, int]:
    paid, covered, count = 0.0, 0.0, 0
    for index in range(rate.size):
        if settled(rate[index], hours[index]):
            paid += rate[index]
            covered += hours[index]
            count += 1
    annual = paid / (covered / 24.0) * 365.0
    agreeing = 0
    for index in range(rate.size):
        if settled(rate[index], hours[index]) and sign(rate[index]) == sign(annual):
            agreeing += 1
    share = agreeing / count
    statistics[0], statistics[1], statistics[2] = annual, cost, share
    statistics[3], statistics[4] = count, covered
    value, reason = net_carry(annual, cost, full, borrowable)
    return value, max(0.0, 2.0 * share - 1.0), reason


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, float64, float64, float64, boolean,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def funding_carry(
    rate: Floats,
    hours: Floats,
    span: int,
    needed: int,
    bar_hours: float,
    cost: float,
    full: float,
    borrowable: bool,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: funding and cost (fraction a year), share of intervals of its sign, intervals, hours covered."""
    at = 0
    for row in range(rate.shape[0]):
        for stop in range(span, rate.shape[1] + 1):
            clear(at, value, confidence, statistics)
            rates, lengths = rate[row, stop - span : stop], hours[row, stop - span : stop]
            reason[at] = WARMUP if span < needed else funding_fault(rates, lengths, bar_hours)
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = funding_reading(
                    rates, lengths, cost, full, borrowable, statistics[at]
                )
            at += 1
