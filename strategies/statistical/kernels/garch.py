"""Compiled kernel of volatility that clusters."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    FIT_FAILED,
    OK,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.garch_fit import arch_statistic, fit, next_variance

UNTRIED, USABLE, UNUSABLE = 0, 1, 2


@njit(cache=True, error_model="numpy")
def newest_fit(
    returns: Floats,
    first: int,
    last: int,
    age: int,
    refit: int,
    oldest: int,
    history: int,
    state: Integers,
    fits: Floats,
) -> int:
    """Position of the newest usable fit at or before `last`, or -1.

    Fits are due `age` bars before `last` and every `refit` bars before that, each on the `history` returns that end
    there, none of them before `first`; one older than `oldest` bars no longer counts. `state` and `fits` keep, per
    position, what was tried.
    """
    while age <= oldest:
        place = last - age
        if place - history + 1 < first:
            return -1
        if state[place] == UNTRIED:
            usable = fit(returns[place - history + 1 : place + 1], fits[place])
            state[place] = USABLE if usable else UNUSABLE
        if state[place] == USABLE:
            return place
        age += refit
    return -1


@njit(cache=True, error_model="numpy")
def managed_value(move: float, bars: int, variance: float, level: float) -> float:
    """clip(R / (2 sqrt(bars h))) min(1, sqrt(long-run variance / h))."""
    return unit(move / (2.0 * math.sqrt(bars * variance))) * min(1.0, math.sqrt(level / variance))


@njit(cache=True, error_model="numpy")
def garch_reading(
    returns: Floats, found: Floats, move: int, lags: int, alpha: float, statistics: Floats
) -> tuple[float, float]:
    omega, shock, memory = found[0], found[1], found[2]
    variance, level = next_variance(returns, omega, shock, memory), omega / (1.0 - shock - memory)
    effect, p = arch_statistic(returns, lags)
    recent = trailing_sum(returns, move)
    statistics[0], statistics[1], statistics[2] = omega, shock, memory
    statistics[4], statistics[5], statistics[6], statistics[7] = variance, level, effect, p
    if p >= alpha:
        return 0.0, 0.0
    return managed_value(recent, move, variance, level), 1.0 - p / alpha


@njit(
    "void(float64[:, ::1], float64[:, ::1], int64, int64, int64, int64, int64, int64, int64, int64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def garch(
    close_ms: Floats,
    close: Floats,
    span: int,
    bar_ms: int,
    samples: int,
    history: int,
    refit: int,
    oldest: int,
    move: int,
    lags: int,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: omega (squared log return), alpha, beta, bars since their fit, next bar's and long-run variance,
    LM and its p. Read are the newest `samples` returns; fits lie further back, one for each `refit` bars of the
    calendar, so that windows which share one agree on it."""
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        state = np.zeros(returns.size, dtype=np.int64)
        fits = np.empty((returns.size, 4))
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, max(history + refit, samples + 1), runs[stop - 1])
            if reason[at] == OK:
                first, last = stop - span, stop - 2
                newest = returns[last - samples + 1 : last + 1]
                _, mean, deviation = centred(newest)
                age = round(close_ms[row, stop - 1] / bar_ms) % refit
                if negligible(deviation, mean):
                    reason[at] = ZERO_VAR
                else:
                    place = newest_fit(returns, first, last, age, refit, oldest, history, state, fits)
                    if place < 0:
                        reason[at] = FIT_FAILED
                    else:
                        statistics[at, 3] = last - place
                        value[at], confidence[at] = garch_reading(
                            newest, fits[place], move, lags, alpha, statistics[at]
                        )
            at += 1
