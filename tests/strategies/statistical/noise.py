"""Simulated returns for behaviour, PCG64, and what a count of successes can prove."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from strategies.signal import Signal

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
SIZE_LIMIT = 0.075
Z = 3.09
"""Normal quantile of 99.9 %."""


def runs(fast: int, full: int) -> pytest.MarkDecorator:
    """A few replications for every change, the stated number in the slow tier."""
    return pytest.mark.parametrize("count", [fast, pytest.param(full, marks=pytest.mark.slow)])


def closes(returns: FloatArray) -> FloatArray:
    """Closes [..., n + 1] of log returns [..., n]."""
    start = np.zeros((*returns.shape[:-1], 1))
    prices: FloatArray = np.exp(np.concatenate([start, np.cumsum(returns, axis=-1)], axis=-1))
    return prices


def white(rng: np.random.Generator, count: int, size: int) -> FloatArray:
    """Independent returns [count, size] of 1 %."""
    return 0.01 * rng.standard_normal((count, size))


def autoregressive(
    rng: np.random.Generator, count: int, size: int, *coefficients: float, burn: int = 200
) -> FloatArray:
    """Stationary autoregressions [count, size] of 1 % innovations."""
    series = white(rng, count, size + burn)
    for t in range(len(coefficients), size + burn):
        for lag, coefficient in enumerate(coefficients, start=1):
            series[:, t] += coefficient * series[:, t - lag]
    return series[:, burn:]


def garch(
    rng: np.random.Generator,
    count: int,
    size: int,
    omega: float = 0.05,
    alpha: float = 0.10,
    beta: float = 0.85,
    burn: int = 300,
) -> FloatArray:
    """GARCH(1,1) series [count, size] of unit variance."""
    shocks = rng.standard_normal((count, size + burn))
    variance = np.full(count, omega / (1 - alpha - beta))
    series = np.empty_like(shocks)
    for t in range(size + burn):
        series[:, t] = np.sqrt(variance) * shocks[:, t]
        variance = omega + alpha * series[:, t] ** 2 + beta * variance
    return series[:, burn:]


def fractional(rng: np.random.Generator, count: int, size: int, hurst: float) -> FloatArray:
    """Fractional Gaussian noise [count, size] by circulant embedding (Davies and Harte), exact in distribution."""
    lag = np.arange(size + 1.0)
    covariance = (abs(lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + abs(lag - 1) ** (2 * hurst)) / 2
    weights = np.fft.rfft(np.r_[covariance, covariance[-2:0:-1]]).real
    assert weights.min() > 0
    whole = rng.standard_normal((count, 2 * size)) + 1j * rng.standard_normal((count, 2 * size))
    full = np.r_[weights, weights[-2:0:-1]]
    noise: FloatArray = np.fft.fft(np.sqrt(full / (2 * size)) * whole, axis=1)[:, :size].real
    return noise


def p_values(signal: Signal, returns: FloatArray) -> FloatArray:
    """p of the signal's test on each row of returns [count, size]."""
    place = signal.statistic_names.index("p")
    return signal.run(closes(returns)).statistics[:, place]


def no_less(successes: BoolArray, share: float) -> bool:
    """Whether a count of successes is consistent with at least this share of them (99.9 %)."""
    return float(np.mean(successes)) >= share - Z * float(np.sqrt(share * (1 - share) / len(successes)))


def no_more(successes: BoolArray, share: float) -> bool:
    """Whether a count of successes is consistent with at most this share of them (99.9 %)."""
    return no_less(~successes, 1 - share)
