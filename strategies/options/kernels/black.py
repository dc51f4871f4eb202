"""Compiled parts of option arithmetic: the normal distribution, and Black's value on a forward."""

from __future__ import annotations

import math

from numba import njit

ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


@njit(cache=True)
def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@njit(cache=True)
def normal_density(x: float) -> float:
    return math.exp(-0.5 * x * x) / ROOT_TWO_PI


@njit(cache=True)
def moneyness_score(forward: float, strike: float, spread: float) -> float:
    """d1 for a total volatility `spread` = sigma sqrt T; without any, the option is in or out for certain."""
    if spread > 0.0:
        return math.log(forward / strike) / spread + spread / 2.0
    if forward == strike:
        return 0.0
    return math.inf if forward > strike else -math.inf


@njit(cache=True)
def black_value(forward: float, strike: float, spread: float, side: float) -> float:
    """Undiscounted value of a call (side 1) or put (-1): Black 1976."""
    d1 = moneyness_score(forward, strike, spread)
    value: float = side * (forward * normal_cdf(side * d1) - strike * normal_cdf(side * (d1 - spread)))
    return value
