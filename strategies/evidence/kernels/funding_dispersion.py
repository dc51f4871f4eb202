"""Compiled kernel of funding that differs between venues."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import OK, TOO_FEW_ASSETS, WARMUP, Floats, Integers, clear, clip
from strategies.evidence.kernels.carry import settled

VENUES = 3
SAME = 1e-12
RATE, COVERED, COUNT = 0, 1, 2


@njit(cache=True, error_model="numpy")
def venue_totals(rate: Floats, hours: Floats, least_hours: float, totals: Floats) -> bool:
    """Fill `totals` with the rate a day, hours covered and settlements of one venue; whether it can be compared."""
    paid, covered, count = 0.0, 0.0, 0
    for index in range(rate.size):
        if not settled(rate[index], hours[index]):
            continue
        if not (math.isfinite(rate[index]) and 0.0 < hours[index] < math.inf):
            return False
        paid += rate[index]
        covered += hours[index]
        count += 1
    if count == 0 or covered < least_hours:
        return False
    totals[RATE], totals[COVERED], totals[COUNT] = paid / (covered / 24.0), covered, count
    return True


@njit(cache=True, error_model="numpy")
def mean_interval(totals: Floats) -> float:
    mean: float = totals[COVERED] / totals[COUNT]
    return mean


@njit(cache=True, error_model="numpy")
def above_share(long_rate: Floats, long_hours: Floats, rate: Floats, hours: Floats, upwards: bool) -> float:
    """Share of the common intervals in which the rate of the first is strictly above (`upwards`) or below the other's.

    Common are the first one's intervals that the other's settlements inside cover wholly, as sums.
    """
    common, found = 0, 0
    paid, covered = 0.0, 0.0
    for index in range(rate.size):
        if settled(rate[index], hours[index]):
            paid += rate[index]
            covered += hours[index]
        if not settled(long_rate[index], long_hours[index]):
            continue
        if covered >= long_hours[index] * (1.0 - SAME):
            common += 1
            one, two = long_rate[index] / long_hours[index], paid / covered
            gap = one - two if upwards else two - one
            if gap > SAME * max(abs(one), abs(two)):
                found += 1
        paid, covered = 0.0, 0.0
    return found / common if common else 0.0


@njit(cache=True, error_model="numpy")
def dispersion_reading(
    rates: Floats,
    hours: Floats,
    window_hours: float,
    least_share: float,
    hold_days: float,
    cost: float,
    full: float,
    statistics: Floats,
) -> tuple[float, float, int]:
    """`rates` and `hours` [VENUES, w]."""
    totals = np.empty((VENUES, 3))
    known, high, low = 0, -1, -1
    for venue in range(VENUES):
        if not venue_totals(rates[venue], hours[venue], least_share * window_hours, totals[venue]):
            continue
        known += 1
        statistics[4 + venue] = totals[venue, RATE]
        if high < 0 or totals[venue, RATE] > totals[high, RATE]:
            high = venue
        if low < 0 or totals[venue, RATE] < totals[low, RATE]:
            low = venue
    if known < 2:
        return math.nan, 0.0, TOO_FEW_ASSETS
    if high == low:
        share = 0.0
    elif mean_interval(totals[high]) >= mean_interval(totals[low]):
        share = above_share(rates[high], hours[high], rates[low], hours[low], True)
    else:
        share = above_share(rates[low], hours[low], rates[high], hours[high], False)
    captured = (totals[high, RATE] - totals[low, RATE]) * hold_days
    statistics[0], statistics[1] = captured, share
    statistics[2], statistics[3] = high + 1.0, low + 1.0
    complete = min(1.0, min(totals[high, COVERED], totals[low, COVERED]) / window_hours)
    return clip((captured - cost) / full, 0.0, 1.0), complete * share, OK


@njit(
    "void(float64[:, :, ::1], float64[:, :, ::1], int64, int64, float64, float64, float64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def funding_dispersion(
    rates: Floats,
    hours: Floats,
    span: int,
    needed: int,
    window_hours: float,
    least_share: float,
    hold_days: float,
    cost: float,
    full: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """`rates` and `hours` [N, VENUES, n]. Statistics: expected capture (fraction a holding time), share of intervals
    that agree, venue to sell on and to buy on (1 to 3), then each venue's rate (fraction a day)."""
    at = 0
    for row in range(rates.shape[0]):
        for stop in range(span, rates.shape[2] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = WARMUP
            if span >= needed:
                value[at], confidence[at], reason[at] = dispersion_reading(
                    rates[row, :, stop - span : stop],
                    hours[row, :, stop - span : stop],
                    window_hours,
                    least_share,
                    hold_days,
                    cost,
                    full,
                    statistics[at],
                )
            at += 1
