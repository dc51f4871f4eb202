"""Compiled values and Greeks of options, one quote at a time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from strategies.arithmetic import Floats, usable_price
from strategies.options.kernels.black import moneyness_score, normal_cdf, normal_density

Booleans: TypeAlias = NDArray[np.bool_]
PRICE, DELTA, GAMMA, VEGA, THETA, RHO = 0, 1, 2, 3, 4, 5


@njit(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1],"
    " float64[:, ::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def greeks(
    spot: Floats,
    strike: Floats,
    years: Floats,
    volatility: Floats,
    rate: Floats,
    carry: Floats,
    call: Booleans,
    found: Floats,
) -> None:
    """Columns of `found`: price, delta, gamma, vega, theta (a year), rho; NaN where an argument makes no sense."""
    for at in range(spot.size):
        found[:, at] = math.nan
        if not (usable_price(spot[at]) and usable_price(strike[at]) and volatility[at] >= 0.0):
            continue
        side = 1.0 if call[at] else -1.0
        time = max(years[at], 0.0)
        spread = volatility[at] * math.sqrt(time)
        discount, dividends = math.exp(-rate[at] * time), math.exp(-carry[at] * time)
        d1 = moneyness_score(spot[at] * dividends / discount, strike[at], spread)
        density = normal_density(d1) if spread > 0.0 else 0.0
        held = spot[at] * dividends * normal_cdf(side * d1)
        paid = strike[at] * discount * normal_cdf(side * (d1 - spread))
        found[PRICE, at] = side * (held - paid)
        found[DELTA, at] = side * dividends * normal_cdf(side * d1)
        found[GAMMA, at] = dividends * density / (spot[at] * spread) if spread > 0.0 else 0.0
        found[VEGA, at] = spot[at] * dividends * density * math.sqrt(time)
        decay = (
            spot[at] * dividends * density * volatility[at] / (2.0 * math.sqrt(time)) if time > 0.0 else 0.0
        )
        found[THETA, at] = side * (carry[at] * held - rate[at] * paid) - decay if time > 0.0 else 0.0
        found[RHO, at] = side * time * paid
