"""Compiled kernel of the relative strength index."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import (
    OK,
    RELATIVE_ZERO,
    ZERO_VAR,
    Floats,
    Integers,
    clear,
    price_runs,
    refusal,
)


@njit(cache=True, error_model="numpy")
def wilder_moves(close: Floats, period: int) -> tuple[float, float]:
    """Wilder's average gain and loss at the last close, seeded with the mean of the first `period` moves."""
    gain, loss = 0.0, 0.0
    for index in range(1, period + 1):
        move = close[index] - close[index - 1]
        gain += max(move, 0.0)
        loss += max(-move, 0.0)
    gain /= period
    loss /= period
    for index in range(period + 1, close.size):
        move = close[index] - close[index - 1]
        gain = ((period - 1) * gain + max(move, 0.0)) / period
        loss = ((period - 1) * loss + max(-move, 0.0)) / period
    return gain, loss


@njit(cache=True)
def strength_response(index: float, oversold: float) -> float:
    """(L - RSI) / L below L, -(RSI - U) / L above U = 100 - L, else 0."""
    if index < oversold:
        return (oversold - index) / oversold
    if index > 100.0 - oversold:
        return (100.0 - oversold - index) / oversold
    return 0.0


@njit(
    "void(float64[:, ::1], int64, int64, float64, float64,"
    " float64[::1], float64[::1], int64[::1], float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def relative_strength(
    close: Floats,
    span: int,
    period: int,
    oversold: float,
    prior: float,
    value: Floats,
    confidence: Floats,
    reason: Integers,
    statistics: Floats,
) -> None:
    """Statistics: the index (points), then average gain and loss (price)."""
    at = 0
    for row in range(close.shape[0]):
        runs = price_runs(close[row])
        for stop in range(span, close.shape[1] + 1):
            clear(at, value, confidence, statistics)
            reason[at] = refusal(span, period + 1, runs[stop - 1])
            if reason[at] == OK:
                gain, loss = wilder_moves(close[row, stop - span : stop], period)
                if gain + loss <= RELATIVE_ZERO * close[row, stop - 1]:
                    reason[at] = ZERO_VAR
                else:
                    index = 100.0 * gain / (gain + loss)
                    statistics[at, 0], statistics[at, 1], statistics[at, 2] = index, gain, loss
                    value[at], confidence[at] = strength_response(index, oversold), prior
            at += 1
