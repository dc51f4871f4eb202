"""Compiled kernel of coins that strayed from what their common factors explain."""

from __future__ import annotations

import numpy as np
from numba import njit

from strategies.arithmetic import (
    NAN_INPUT,
    OK,
    TOO_FEW_ASSETS,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    log_returns,
    negligible,
    reversal_response,
    usable_prices,
)
from strategies.classical.kernels.factors import (
    FOUND,
    SCORE,
    SPEED,
    T,
    add_spread,
    leftover,
    loadings,
    orthonormal,
    reversion,
)

OWN, FACTORS, EXPLAINED = FOUND, FOUND + 1, FOUND + 2


@njit(cache=True, error_model="numpy")
def opinion(found: Floats, rule: Floats) -> float:
    """Of the residual of one coin, + for it being cheap; `rule`: flat and full score, slowest reversion (a year),
    largest t."""
    if not (found[SPEED] > rule[2] and found[T] < rule[3]):
        return 0.0
    return reversal_response(found[SCORE], rule[0], rule[1])


@njit(cache=True, error_model="numpy")
def opinions(
    returns: Floats,
    days: int,
    shape: Floats,
    rule: Floats,
    place: Integers,
    statistics: Floats,
    position: Floats,
) -> int:
    """Sum into `position` the spreads of all coins whose residual reverts, and say how many those are; `shape`: share
    of variance, crowd and most factors below it."""
    weights, explained = loadings(returns, shape[0], int(shape[1]), int(shape[2]))
    count, newest = weights.shape[1], returns.shape[1] - days
    factors = np.zeros((count, days))
    for factor in range(count):
        for coin in range(returns.shape[0]):
            for day in range(days):
                factors[factor, day] += weights[coin, factor] * returns[coin, newest + day]
    units, triangle, independent = orthonormal(factors)
    found, spoken = np.empty(FOUND), 0
    for coin in range(returns.shape[0]):
        residual, betas = leftover(returns[coin, newest:], units, triangle, independent)
        reversion(residual, found)
        size = opinion(found, rule)
        told = statistics[place[coin]]
        told[:FOUND] = found
        told[OWN], told[FACTORS], told[EXPLAINED] = size, count, explained
        if size != 0.0:
            spoken += 1
            add_spread(coin, betas, weights, size, place, position)
    return spoken


@njit(cache=True, error_model="numpy")
def residuals_reading(
    close: Floats,
    samples: int,
    days: int,
    fewest: int,
    shape: Floats,
    rule: Floats,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Readings [S] of closes [S, w] of one moment."""
    symbols = close.shape[0]
    returns, place, count = np.empty((symbols, samples - 1)), np.empty(symbols, np.int64), 0
    for symbol in range(symbols):
        window = close[symbol, close.shape[1] - samples :]
        if not usable_prices(window):
            reason[symbol] = NAN_INPUT
            continue
        returns[count] = log_returns(window)
        _, mean, deviation = centred(returns[count])
        if negligible(deviation, mean):
            reason[symbol] = ZERO_VAR
            continue
        place[count], reason[symbol] = symbol, TOO_FEW_ASSETS
        count += 1
    if count < fewest:
        return
    position = np.zeros(symbols)
    spoken = opinions(returns[:count], days, shape, rule, place[:count], statistics, position)
    largest = max(1.0, np.abs(position).max())
    for coin in range(count):
        symbol = place[coin]
        reason[symbol] = OK
        value[symbol] = position[symbol] / largest
        confidence[symbol] = prior * count / symbols if spoken else 0.0


@njit(
    "void(float64[:, :, ::1], int64, int64, int64, float64[::1], float64[::1], float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def residuals(
    close: Floats,
    samples: int,
    days: int,
    fewest: int,
    shape: Floats,
    rule: Floats,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Closes [N, S, w]; results [N * S], symbols side by side. Statistics: what `reversion` found, the coin's own
    value, number of factors, share of variance they explain."""
    symbols = close.shape[1]
    for at in range(close.shape[0]):
        here = slice(at * symbols, (at + 1) * symbols)
        for place in range(at * symbols, (at + 1) * symbols):
            clear(place, value, confidence, statistics)
            reason[place] = WARMUP
        if close.shape[2] >= samples:
            residuals_reading(
                close[at],
                samples,
                days,
                fewest,
                shape,
                rule,
                prior,
                value[here],
                confidence[here],
                reason[here],
                statistics[here],
            )
