"""Compiled kernel of bands around a simple average."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    ZERO_VAR,
    Floats,
    Integers,
    centred,
    clear,
    price_runs,
    refusal,
    reversal_response,
)


@njit(
    "void(float64[:, ::1], int64, int64, float64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def bands(
    close: Floats,
    span: int,
    period: int,
    flat: float,
    full: float,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: score (sigmas), then upper band, average and lower band (price)."""
    at = 0
    for row in range(close.shape[0]):
        runs = price_runs(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, period, runs[stop - 1])
            if reason[at] == OK:
                less, mean, deviation = centred(close[row, stop - period : stop])
                statistics[at, 1], statistics[at, 2] = mean + full * deviation, mean
                statistics[at, 3] = mean - full * deviation
                if deviation <= RELATIVE_ZERO * close[row, stop - 1]:
                    reason[at] = ZERO_VAR
                else:
                    score = less[period - 1] / deviation
                    statistics[at, 0] = score
                    value[at], confidence[at] = reversal_response(score, flat, full), prior
            at += 1
