"""Compiled kernel of the entropy of the spectrum."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import (
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
    total,
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.nulls import at_most
from strategies.statistical.kernels.spectrum import power_spectrum


@njit(cache=True, error_model="numpy")
def entropy_and_centroid(power: Floats) -> tuple[float, float]:
    """-sum p ln p / ln m of the shares of m ordinates, and their mean position sum k p_k, k from 1."""
    whole = total(power)
    gathered, place = 0.0, 0.0
    for k in range(power.size):
        share = power[k] / whole
        if share > 0.0:
            gathered -= share * math.log(share)
        place += (k + 1.0) * share
    return gathered / math.log(power.size), place


@njit(cache=True, error_model="numpy")
def spectral_entropy_of(samples: Floats, cosine: Floats, sine: Floats) -> float:
    """Spectral entropy of samples less their mean, as a share of the largest possible."""
    less, _, _ = centred(samples)
    return entropy_and_centroid(power_spectrum(less, cosine, sine))[0]


@njit(cache=True, error_model="numpy")
def spectral_entropy_reading(
    returns: Floats,
    ranks: Integers,
    move: int,
    full: float,
    alpha: float,
    cosine: Floats,
    sine: Floats,
    statistics: Floats,
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    entropy, place = entropy_and_centroid(power_spectrum(less, cosine, sine))
    centroid = place / less.size
    p = at_most(ranks, entropy)
    recent = trailing_sum(returns, move) / (2.0 * deviation * math.sqrt(move))
    statistics[0], statistics[1], statistics[2], statistics[3] = entropy, p, centroid, recent
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit((0.25 - centroid) / full) * unit(recent), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, int64[::1], int64, float64, float64, float64[::1], float64[::1],"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def spectral_entropy(
    close: Floats,
    span: int,
    samples: int,
    ranks: Integers,
    move: int,
    full: float,
    alpha: float,
    cosine: Floats,
    sine: Floats,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: entropy as a share of the largest, p, centroid (cycles a bar), recent move in two deviations. Read
    are the newest `samples` returns of each window."""
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, samples + 1, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = spectral_entropy_reading(
                    returns[stop - 1 - samples : stop - 1],
                    ranks,
                    move,
                    full,
                    alpha,
                    cosine,
                    sine,
                    statistics[at],
                )
            at += 1
