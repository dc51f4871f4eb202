"""Volatility and correlation of bar returns by one exponential recursion per symbol and pair.

v <- d v + (1 - d) r^2 with v = r^2 at the first return (RiskMetrics Technical Document, 1996), d = 2^(-bar /
30 days); covariances likewise. A return runs from a symbol's last valid close to its next one: a missing
close (NaN) changes nothing, a bar filled flat counts as a return of 0. Both ends of a pair are averaged over
the same bars, those where both returns exist, so that a correlation never leaves [-1, 1] whenever a symbol
joined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, njit, void

from risk.parameters import DAY_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class VolatilityState:
    """Arrays that `update` and `extend` advance in place.

    `last_close` [S] (NaN before the first), `closes` [S] how many were seen, `variance` [S] per bar (NaN
    before the first return); `joint` [S, S] the mean of r_i^2 over the bars where r_i and r_j exist and
    `covariance` [S, S] that of r_i r_j (NaN before the first such bar). `decay` is d, `bars_per_year` 365
    days of bars.
    """

    decay: float
    bars_per_year: float
    last_close: FloatArray
    closes: IntArray
    variance: FloatArray
    joint: FloatArray
    covariance: FloatArray


def initial(symbols: int, bar_ms: int, decay_days: float = 30.0) -> VolatilityState:
    """A state that has seen nothing; a past return loses half its weight in `decay_days`."""
    return VolatilityState(
        decay=2.0 ** (-bar_ms / (decay_days * DAY_MS)),
        bars_per_year=DAYS_PER_YEAR * DAY_MS / bar_ms,
        last_close=np.full(symbols, np.nan),
        closes=np.zeros(symbols, dtype=np.int64),
        variance=np.full(symbols, np.nan),
        joint=np.full((symbols, symbols), np.nan),
        covariance=np.full((symbols, symbols), np.nan),
    )


def update(state: VolatilityState, close: FloatArray) -> None:
    """Advance by one bar of closes [S]. A close that is not finite and positive is no update for that symbol."""
    extend(state, close[np.newaxis])


def extend(state: VolatilityState, close: FloatArray) -> None:
    """Advance by closes [n, S]; bit-equal to n updates."""
    if close.shape[1:] != state.last_close.shape:
        raise ValueError(f"closes must have shape (n, {state.last_close.size}), got {close.shape}")
    advance(
        np.ascontiguousarray(close, dtype=np.float64),
        state.decay,
        state.last_close,
        state.closes,
        state.variance,
        state.joint,
        state.covariance,
    )


def sigma_bar(state: VolatilityState) -> FloatArray:
    """Volatility per bar [S], without a floor; NaN before the first return."""
    return np.sqrt(state.variance)


def sigma(state: VolatilityState, floor: float = 0.1) -> FloatArray:
    """Annualised volatility [S], at least `floor`; NaN before the first return."""
    return np.maximum(np.sqrt(state.variance * state.bars_per_year), floor)


def correlation(state: VolatilityState) -> FloatArray:
    """Return correlation [S, S]: 1 on the diagonal, 0 where a pair has no joint return or one of them no
    variance."""
    matrix = np.empty_like(state.joint)
    correlate(state.joint, state.covariance, matrix)
    return matrix


def seasoned(state: VolatilityState, bar_ms: int, days: float = 30.0) -> BoolArray:
    """[S]: closes of at least `days` days of bars were seen."""
    return state.closes >= math.ceil(days * DAY_MS / bar_ms)


@njit(nogil=True)
def blended(mean: float, sample: float, decay: float) -> float:
    """The next value of an exponentially weighted mean that starts at its first sample."""
    return sample if math.isnan(mean) else decay * mean + (1.0 - decay) * sample


@njit(
    void(float64[:, ::1], float64, float64[::1], int64[::1], float64[::1], float64[:, ::1], float64[:, ::1]),
    cache=True,
    nogil=True,
)
def advance(
    close: FloatArray,
    decay: float,
    last_close: FloatArray,
    closes: IntArray,
    variance: FloatArray,
    joint: FloatArray,
    covariance: FloatArray,
) -> None:
    """The recursion over closes [n, S], bar by bar, in place."""
    symbols = last_close.size
    returns = np.empty(symbols)
    for bar in range(close.shape[0]):
        for s in range(symbols):
            returns[s] = math.nan
            if 0.0 < close[bar, s] < math.inf:
                returns[s] = math.log(close[bar, s] / last_close[s])
                last_close[s] = close[bar, s]
                closes[s] += 1
        for s in range(symbols):
            if math.isnan(returns[s]):
                continue
            variance[s] = blended(variance[s], returns[s] * returns[s], decay)
            for t in range(symbols):
                if not math.isnan(returns[t]):
                    joint[s, t] = blended(joint[s, t], returns[s] * returns[s], decay)
                    covariance[s, t] = blended(covariance[s, t], returns[s] * returns[t], decay)


@njit(void(float64[:, ::1], float64[:, ::1], float64[:, ::1]), cache=True, nogil=True)
def correlate(joint: FloatArray, covariance: FloatArray, correlation: FloatArray) -> None:
    """Fill the correlation matrix from joint second moments."""
    for s in range(joint.shape[0]):
        for t in range(joint.shape[0]):
            correlation[s, t] = 0.0
            if joint[s, t] > 0.0 and joint[t, s] > 0.0:
                quotient = covariance[s, t] / (math.sqrt(joint[s, t]) * math.sqrt(joint[t, s]))
                correlation[s, t] = min(max(quotient, -1.0), 1.0)
        correlation[s, s] = 1.0
