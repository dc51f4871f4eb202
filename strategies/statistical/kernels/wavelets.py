"""Compiled kernel of the energies of an orthonormal wavelet decomposition."""

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
    inner,
    known_log_returns,
    negligible,
    price_runs,
    refusal,
    total,
    trailing_sum,
    unit,
)
from strategies.statistical.kernels.tails import f_two_sided


@njit(cache=True, error_model="numpy")
def split(samples: Floats, smoothing: Floats, smooth: Floats, detail: Floats) -> None:
    """One level of the periodised transform: samples [n] into smooth and detail coefficients [n / 2].

    Coefficient k of a filter [f], f even, is sum over taps of filter[tap] x[(f / 2 + 2 k - tap) mod n]; the detail
    filter is the smoothing one backwards with alternating signs. Samples at even and odd places are laid out apart,
    with their ends repeated, so that each tap runs along neighbours.
    """
    taps, half = smoothing.size, samples.size // 2
    laid = np.empty((2, half + taps))
    for place in range(half + taps):
        source = (place - taps // 2) % half
        laid[0, place], laid[1, place] = samples[2 * source], samples[2 * source + 1]
    for k in range(half):
        smooth[k], detail[k] = 0.0, 0.0
    for tap in range(taps):
        offset = taps // 2 - tap
        run = laid[offset % 2, offset // 2 + taps // 2 :]
        low = smoothing[tap]
        high = smoothing[taps - 1 - tap] if tap % 2 else -smoothing[taps - 1 - tap]
        for k in range(half):
            smooth[k] += low * run[k]
            detail[k] += high * run[k]


@njit(cache=True, error_model="numpy")
def energies(samples: Floats, smoothing: Floats, levels: int) -> Floats:
    """Energy of the smooth part, then of the details from the coarsest to the finest, [levels + 1]."""
    found = np.empty(levels + 1)
    current = samples
    for level in range(levels):
        half = current.size // 2
        smooth, detail = np.empty(half), np.empty(half)
        split(current, smoothing, smooth, detail)
        found[levels - level] = inner(detail, detail)
        current = smooth
    found[0] = inner(current, current)
    return found


@njit(cache=True, error_model="numpy")
def wavelet_reading(
    returns: Floats, smoothing: Floats, levels: int, move: int, alpha: float, statistics: Floats
) -> tuple[float, float, int]:
    less, mean, deviation = centred(returns)
    if negligible(deviation, mean):
        return math.nan, 0.0, ZERO_VAR
    found = energies(less, smoothing, levels)
    slow = less.size >> levels
    details = total(found[1:])
    ratio = found[0] / (slow - 1.0) / (details / (less.size - slow)) if details > 0.0 else math.inf
    p = f_two_sided(ratio, slow - 1.0, float(less.size - slow)) if details > 0.0 else 0.0
    recent = trailing_sum(returns, move) / (2.0 * deviation * math.sqrt(move))
    statistics[0], statistics[1], statistics[2] = ratio, p, recent
    for place in range(found.size):
        statistics[3 + place] = found[place]
    if p >= alpha:
        return 0.0, 0.0, OK
    return unit(math.log2(ratio)) * unit(recent), 1.0 - p / alpha, OK


@njit(
    "void(float64[:, ::1], int64, int64, float64[::1], int64, int64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def wavelets(
    close: Floats,
    span: int,
    samples: int,
    smoothing: Floats,
    levels: int,
    move: int,
    alpha: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: variance ratio F, p, recent move in two deviations, energies from the smooth part to the finest
    detail. Read are the newest `samples` returns of each window."""
    at = 0
    for row in range(close.shape[0]):
        runs, returns = price_runs(close[row]), known_log_returns(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, samples + 1, runs[stop - 1])
            if reason[at] == OK:
                value[at], confidence[at], reason[at] = wavelet_reading(
                    returns[stop - 1 - samples : stop - 1], smoothing, levels, move, alpha, statistics[at]
                )
            at += 1
