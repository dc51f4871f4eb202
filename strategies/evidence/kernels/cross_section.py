"""Compiled kernel of coins ranked against each other."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    DEGENERATE,
    NAN_INPUT,
    NO_INPUT,
    OK,
    TOO_FEW_ASSETS,
    WARMUP,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    inner,
    log_returns,
    negligible,
    trailing_sum,
    usable_prices,
)

BETA, EXCESS, SCORE, RANK = 0, 1, 2, 3


@njit(cache=True, error_model="numpy")
def average_ranks(scores: Floats) -> Floats:
    """Ranks from 1 for the lowest; equal ones share the mean of theirs."""
    ranks = np.empty(scores.size)
    for index in range(scores.size):
        below, equal = 0, 0
        for other in scores:
            below += other < scores[index]
            equal += other == scores[index]
        ranks[index] = below + (equal + 1.0) / 2.0
    return ranks


@njit(cache=True, error_model="numpy")
def rank_values(scores: Floats) -> Floats:
    """Average ranks laid out evenly from -1 for the lowest to 1 for the highest; they sum to 0."""
    half = (scores.size - 1.0) / 2.0
    values = average_ranks(scores)
    for index in range(values.size):
        values[index] = (values[index] - 1.0 - half) / half
    return values


@njit(cache=True, error_model="numpy")
def excess_score(
    returns: Floats, less: Floats, reference: Floats, variance_sum: float, horizon: int, statistics: Floats
) -> int:
    """Least squares with a constant on the reference, whose returns less their mean are `less`; fill beta, excess
    return over the horizon and its score. Returns OK or ZERO_VAR."""
    own, mean, _ = centred(returns)
    beta = inner(own, less) / variance_sum
    squares = 0.0
    for index in range(own.size):
        residual = own[index] - beta * less[index]
        squares += residual * residual
    deviation = math.sqrt(squares / (own.size - 2.0))
    statistics[BETA] = beta
    statistics[EXCESS] = trailing_sum(returns, horizon) - beta * trailing_sum(reference, horizon)
    if negligible(deviation, mean):
        return ZERO_VAR
    statistics[SCORE] = statistics[EXCESS] / (deviation * math.sqrt(horizon))
    return OK


@njit(cache=True, error_model="numpy")
def cross_section_reading(
    close: Floats,
    reference: int,
    ranked: Integers,
    samples: int,
    skip: int,
    horizon: int,
    fewest: int,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Readings [S] of closes [S, w] of one moment."""
    stop = close.shape[1] - skip
    start = stop - samples - 1
    if reference < 0 or not usable_prices(close[reference]):
        for symbol in ranked:
            reason[symbol] = NO_INPUT if reference < 0 else NAN_INPUT
        return
    of_reference = log_returns(close[reference, start:stop])
    less, mean, deviation = centred(of_reference)
    valid = np.empty(ranked.size, np.int64)
    count = 0
    for symbol in ranked:
        if reason[symbol] == NAN_INPUT:
            continue
        reason[symbol] = ZERO_VAR
        if negligible(deviation, mean):
            continue
        returns = log_returns(close[symbol, start:stop])
        reason[symbol] = excess_score(
            returns, less, of_reference, inner(less, less), horizon, statistics[symbol]
        )
        if reason[symbol] == OK:
            valid[count] = symbol
            count += 1
    if count < fewest:
        for symbol in valid[:count]:
            reason[symbol] = TOO_FEW_ASSETS
        return
    scores = np.empty(count)
    for place in range(count):
        scores[place] = statistics[valid[place], SCORE]
    ranks, values = average_ranks(scores), rank_values(scores)
    for place in range(count):
        symbol = valid[place]
        statistics[symbol, RANK] = ranks[place]
        value[symbol], confidence[symbol] = values[place], count / ranked.size


@njit(
    "void(float64[:, :, ::1], int64, int64[::1], int64, int64, int64, int64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def cross_section(
    close: Floats,
    reference: int,
    ranked: Integers,
    samples: int,
    skip: int,
    horizon: int,
    fewest: int,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Closes [N, S, w]; results [N * S], symbols side by side. DEGENERATE: a symbol that is not ranked, NO_INPUT: no
    reference. Statistics: beta, excess log return over the horizon, its score (sigmas), rank.
    """
    symbols = close.shape[1]
    for at in range(close.shape[0]):
        here = slice(at * symbols, (at + 1) * symbols)
        for symbol in range(symbols):
            place = at * symbols + symbol
            clear(place, value, confidence, statistics)
            reason[place] = DEGENERATE if usable_prices(close[at, symbol]) else NAN_INPUT
        if close.shape[2] < samples + skip + 1:
            reason[here] = WARMUP
            continue
        cross_section_reading(
            close[at],
            reference,
            ranked,
            samples,
            skip,
            horizon,
            fewest,
            value[here],
            confidence[here],
            reason[here],
            statistics[here],
        )
