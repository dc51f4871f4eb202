"""Compiled tail probabilities of the distributions that tests are read against."""

from __future__ import annotations

import math

from numba import njit

TINY = 1e-300
MOST_TERMS = 400


@njit(cache=True)
def normal_two_sided(score: float) -> float:
    """P(|Z| >= |score|) of a standard normal."""
    return math.erfc(abs(score) / math.sqrt(2.0))


@njit(cache=True, error_model="numpy")
def joint_p(smallest: float, tests: int) -> float:
    """1 - (1 - p)^n, Sidak's p of the smallest of n, without losing what is tiny."""
    return -math.expm1(tests * math.log1p(-smallest)) if smallest < 1.0 else 1.0


@njit(cache=True)
def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for whole degrees of freedom, by the finite sums of the incomplete gamma function."""
    if statistic <= 0.0:
        return 1.0
    half = statistic / 2.0
    if degrees % 2 == 0:
        term, tail = math.exp(-half), 0.0
        for index in range(degrees // 2):
            tail += term
            term *= half / (index + 1)
        return tail
    tail = math.erfc(math.sqrt(half))
    term = math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
    for index in range(degrees // 2):
        tail += term
        term *= half / (index + 1.5)
    return tail


@njit(cache=True, error_model="numpy")
def beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, evaluated by Lentz's method."""
    numerator, denominator = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    denominator = 1.0 / (denominator if abs(denominator) > TINY else TINY)
    fraction = denominator
    for term in range(1, MOST_TERMS):
        change = 1.0
        for odd in range(2):
            if odd:
                step = -(a + term) * (a + b + term) * x / ((a + 2 * term) * (a + 2 * term + 1.0))
            else:
                step = term * (b - term) * x / ((a + 2 * term - 1.0) * (a + 2 * term))
            denominator = 1.0 + step * denominator
            denominator = 1.0 / (denominator if abs(denominator) > TINY else TINY)
            numerator = 1.0 + step / numerator
            numerator = numerator if abs(numerator) > TINY else TINY
            change = numerator * denominator
            fraction *= change
        if abs(change - 1.0) < 1e-15:
            break
    return fraction


@njit(cache=True, error_model="numpy")
def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    scale = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return scale * beta_fraction(a, b, x) / a
    return 1.0 - scale * beta_fraction(b, a, 1.0 - x) / b


@njit(cache=True, error_model="numpy")
def f_two_sided(ratio: float, upper: float, lower: float) -> float:
    """Twice the smaller tail of F(upper, lower) beyond `ratio`."""
    above = beta_share(lower / 2.0, upper / 2.0, lower / (lower + upper * ratio))
    below = beta_share(upper / 2.0, lower / 2.0, upper * ratio / (lower + upper * ratio))
    return min(1.0, 2.0 * min(above, below))
