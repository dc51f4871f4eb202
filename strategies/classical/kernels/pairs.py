"""Compiled kernel of pairs of symbols that share a trend."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from strategies.arithmetic import (
    NAN_INPUT,
    OK,
    TOO_FEW_ASSETS,
    WARMUP,
    Floats,
    Integers,
    clear,
    reversal_response,
    usable_prices,
)
from strategies.classical.kernels.cointegration import BETA, FOUND, HALF_LIFE, P, Z, engle_granger

MEASURED, OPEN, PARTNER = 0, 1, 2
FIRST = 3
"""Statistics of a symbol: pairs measured, of them cointegrated, then of its most significant pair the partner and what
`engle_granger` found."""


@njit(cache=True, error_model="numpy")
def pair_opinion(
    found: Floats,
    alpha: float,
    flat: float,
    full: float,
    broken: float,
    shortest: float,
    longest: float,
) -> tuple[float, float]:
    """Value and confidence of one pair, + for its spread held long."""
    if not (found[P] < alpha and abs(found[Z]) < broken and shortest <= found[HALF_LIFE] <= longest):
        return 0.0, 0.0
    return reversal_response(found[Z], flat, full), 1.0 - found[P] / alpha


@njit(cache=True, error_model="numpy")
def take_note(statistics: Floats, partner: int, found: Floats, cointegrated: bool) -> None:
    """One more pair of a symbol; the most significant is kept."""
    statistics[MEASURED] = 1.0 if math.isnan(statistics[MEASURED]) else statistics[MEASURED] + 1.0
    if math.isnan(statistics[OPEN]):
        statistics[OPEN] = 0.0
    if cointegrated:
        statistics[OPEN] += 1.0
    if not statistics[FIRST + P] <= found[P]:
        statistics[PARTNER] = partner
        statistics[FIRST : FIRST + FOUND] = found


@njit(cache=True, error_model="numpy")
def shared_confidence(
    position: Floats, weight: float, weighted: float, spoken: int, said: float
) -> tuple[float, float]:
    """The confidence all symbols share, and what divides positions so that values lie in [-1, 1]."""
    if spoken == 0:
        return 0.0, 1.0
    confidence = weighted / weight if weight > 0.0 else said / spoken
    largest = 0.0
    for place in range(position.size):
        largest = max(largest, abs(position[place]))
    return confidence, max(confidence, largest)


@njit(cache=True, error_model="numpy")
def pairs_reading(
    prices: Floats,
    usable: Integers,
    left: Integers,
    right: Integers,
    rule: Floats,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Readings [S] of log prices [S, n] of one moment."""
    position, found = np.zeros(prices.shape[0]), np.empty(FOUND)
    weight, weighted, said, spoken = 0.0, 0.0, 0.0, 0
    for pair in range(left.size):
        y, x = left[pair], right[pair]
        if not (usable[y] and usable[x]) or not engle_granger(prices[y], prices[x], found):
            continue
        size, trust = pair_opinion(found, rule[0], rule[1], rule[2], rule[3], rule[4], rule[5])
        take_note(statistics[y], x, found, trust > 0.0)
        take_note(statistics[x], y, found, trust > 0.0)
        reason[y], reason[x] = OK, OK
        if trust > 0.0:
            gross = 1.0 + abs(found[BETA])
            position[y] += size * trust / gross
            position[x] -= size * trust * found[BETA] / gross
            weight, weighted = weight + abs(size), weighted + abs(size) * trust
            said, spoken = said + trust, spoken + 1
    shared, unit = shared_confidence(position, weight, weighted, spoken, said)
    for symbol in range(position.size):
        if reason[symbol] == OK:
            cointegrated = statistics[symbol, OPEN] > 0.0
            value[symbol] = position[symbol] / unit if cointegrated else 0.0
            confidence[symbol] = shared if cointegrated else 0.0


@njit(
    "void(float64[:, :, ::1], int64[::1], int64[::1], int64, float64[::1],"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def pairs(
    close: Floats,
    left: Integers,
    right: Integers,
    samples: int,
    rule: Floats,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Closes [N, S, w]; pair i is the symbols left[i] on right[i]; `rule`: alpha, flat, full and broken score (sigmas),
    shortest and longest half-life (bars). Results [N * S], symbols side by side."""
    symbols, width = close.shape[1], close.shape[2]
    for at in range(close.shape[0]):
        here = slice(at * symbols, (at + 1) * symbols)
        usable, prices = np.zeros(symbols, np.int64), np.empty((symbols, min(samples, width)))
        for symbol in range(symbols):
            clear(at * symbols + symbol, value, confidence, statistics)
            reason[at * symbols + symbol] = WARMUP
            if width < samples:
                continue
            window = close[at, symbol, width - samples :]
            reason[at * symbols + symbol] = NAN_INPUT
            if usable_prices(window):
                reason[at * symbols + symbol], usable[symbol] = TOO_FEW_ASSETS, 1
                for index in range(samples):
                    prices[symbol, index] = math.log(window[index])
        if width >= samples:
            pairs_reading(
                prices,
                usable,
                left,
                right,
                rule,
                value[here],
                confidence[here],
                reason[here],
                statistics[here],
            )
