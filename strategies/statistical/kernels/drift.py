"""Compiled kernel of a mean return too large for chance."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    DEGENERATE,
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    inner,
    negligible,
    price_runs,
    refusal,
    unit,
    usable_price,
)
from strategies.statistical.kernels.tails import normal_two_sided

FEWEST_DAYS = 30
DAYS_A_YEAR = 365.0


@njit(cache=True, error_model="numpy")
def long_run_variance(less: Floats) -> float:
    """Bartlett-weighted variance of centred samples over floor(4 (N / 100)^(2/9)) lags (Newey and West)."""
    count = less.size
    lags = int(4.0 * (count / 100.0) ** (2.0 / 9.0))
    variance = inner(less, less)
    for lag in range(1, lags + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * inner(less[lag:], less)
    return variance / count


@njit(cache=True)
def drift_bound(deviation: float, years: float) -> float:
    """Least standard error of a mean a year from so many years of the deviation a year: Cramer and Rao's."""
    return deviation / math.sqrt(years)


@njit(cache=True)
def years_needed(mean: float, deviation: float) -> float:
    """Years until a mean a year stands out of its deviation a year with 95 % confidence."""
    return (1.96 * deviation / mean) ** 2 if mean != 0.0 else math.inf


@njit(cache=True, error_model="numpy")
def drift_reading(days: Floats, full: float, alpha: float, statistics: Floats) -> tuple[float, float, int]:
    less, mean, deviation = centred(days)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    variance = long_run_variance(less)
    if variance <= 0.0:
        return math.nan, 0.0, DEGENERATE
    score = mean / math.sqrt(variance / days.size)
    p = normal_two_sided(score)
    yearly = deviation * math.sqrt(DAYS_A_YEAR)
    statistics[0], statistics[1], statistics[2] = score, p, unit(score / full)
    statistics[3] = drift_bound(yearly, days.size / DAYS_A_YEAR)
    statistics[4] = years_needed(mean * DAYS_A_YEAR, yearly)
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit(score / full), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def drift(
    close: Floats,
    span: int,
    step: int,
    full: float,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: t, p, value before the gate, bound on the standard error a year, years needed. Read are closes a
    whole number of days, `step` bars each, before the newest."""
    at = 0
    count = (span - 1) // step
    days = np.empty(count)
    for row in range(close.shape[0]):
        runs = price_runs(close[row])
        returns = np.full(close.shape[1], math.nan)
        # A single window needs the closes of one time of day, not those of all.
        for newest in range(span - 1, min(span - 1 + step, close.shape[1])):
            for index in range(newest % step + step, returns.size, step):
                if usable_price(close[row, index]) and usable_price(close[row, index - step]):
                    returns[index] = math.log(close[row, index] / close[row, index - step])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, FEWEST_DAYS * step + 1, runs[stop - 1])
            if reason[at] == OK:
                for day in range(count):
                    days[day] = returns[stop - 1 - (count - 1 - day) * step]
                value[at], confidence[at], reason[at] = drift_reading(days, full, alpha, statistics[at])
            at += 1
