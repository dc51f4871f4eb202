"""Compiled search for the volatility a price implies, one quote at a time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from strategies.arithmetic import DEGENERATE, NAN_INPUT, NO_ARB, OK, Floats, Integers, usable_price
from strategies.options.kernels.black import ROOT_TWO_PI, normal_cdf, normal_density

Booleans: TypeAlias = NDArray[np.bool_]
LEAST_TIME_VALUE = 1e-8
"""Time value, as a share of the spot, below which a price tells no volatility."""
MOST_STEPS = 100
PRECISION = 1e-15


@njit(cache=True, error_model="numpy")
def value_out_of_money(x: float, s: float) -> float:
    """Value of the option out of the money over sqrt(F K), at x = -|ln(F / K)| and total volatility s > 0."""
    return math.exp(x / 2.0) * normal_cdf(x / s + s / 2.0) - math.exp(-x / 2.0) * normal_cdf(x / s - s / 2.0)


@njit(cache=True, error_model="numpy")
def value_missing(x: float, s: float) -> float:
    """How far that value is from the most it can be, e^(x / 2)."""
    return math.exp(x / 2.0) * normal_cdf(-x / s - s / 2.0) + math.exp(-x / 2.0) * normal_cdf(x / s - s / 2.0)


@njit(cache=True, error_model="numpy")
def distance(x: float, s: float, target: float, low: bool) -> tuple[float, float]:
    """How far `s` is from the target on a scale that is nearly straight there, rising in s, and the slope.

    Below the point of inflection 1 / ln(value), above it -ln(missing value).
    """
    slope = math.exp(x / 2.0) * normal_density(x / s + s / 2.0)
    if low:
        value = value_out_of_money(x, s)
        if not 0.0 < value < 1.0:
            return -math.inf, math.nan
        logarithm = math.log(value)
        return 1.0 / math.log(target) - 1.0 / logarithm, slope / (value * logarithm * logarithm)
    missing = value_missing(x, s)
    if missing <= 0.0:
        return math.inf, math.nan
    return math.log(target) - math.log(missing), slope / missing


@njit(cache=True, error_model="numpy")
def total_volatility(x: float, value: float, missing: float) -> float:
    """The total volatility that gives a value out of the money, by Newton's method inside a shrinking bracket.

    `missing`: what the value lacks to its bound, given beside it because their sum would round it away.
    """
    turn = math.sqrt(-2.0 * x)
    low = turn > 0.0 and value < value_out_of_money(x, turn)
    target = value if low else missing
    least, most = (0.0, turn) if low else (turn, math.inf)
    s = turn if low else max(turn, value * ROOT_TWO_PI)
    for _ in range(MOST_STEPS):
        gap, slope = distance(x, s, target, low)
        if gap == 0.0:
            break
        if gap < 0.0:
            least = max(least, s)
        else:
            most = min(most, s)
        following = s - gap / slope
        if not least < following < most:
            following = 0.5 * (least + most) if most < math.inf else 2.0 * s
        step, s = abs(following - s), following
        if step <= PRECISION * s:
            break
    return s


@njit(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1],"
    " float64[::1], int64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def implied(
    price: Floats,
    spot: Floats,
    strike: Floats,
    years: Floats,
    rate: Floats,
    carry: Floats,
    call: Booleans,
    volatility: Floats,
    reason: Integers,
) -> None:
    for at in range(price.size):
        volatility[at] = math.nan
        known = usable_price(spot[at]) and usable_price(strike[at]) and usable_price(years[at])
        if not (known and math.isfinite(price[at])):
            reason[at] = NAN_INPUT
            continue
        held = spot[at] * math.exp(-carry[at] * years[at])
        paid = strike[at] * math.exp(-rate[at] * years[at])
        intrinsic = max(held - paid if call[at] else paid - held, 0.0)
        bound = held if call[at] else paid
        if not intrinsic < price[at] < bound:
            reason[at] = NO_ARB
            continue
        if price[at] - intrinsic < LEAST_TIME_VALUE * spot[at]:
            reason[at] = DEGENERATE
            continue
        unit = math.sqrt(held * paid)
        total = total_volatility(
            -abs(math.log(held / paid)), (price[at] - intrinsic) / unit, (bound - price[at]) / unit
        )
        volatility[at], reason[at] = total / math.sqrt(years[at]), OK
