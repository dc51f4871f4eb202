"""The implied volatility of the simulated market's options, as a surface without arbitrage.

Total variance w(k, T) at k = ln(strike / forward) is the surface SSVI (Gatheral and Jacquier 2014):

    w = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),  phi = ETA / sqrt(theta (1 + theta))

ETA (1 + |rho|) <= 2 leaves no butterfly arbitrage at any theta, and rising theta(T) no calendar arbitrage. theta is the
variance until T of one that returns from today's to its long level, which is rising whatever they are.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.sim_draws import exact_exp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

ETA = 0.7
VARIANCE_RETURNS_PER_YEAR = 12.0
SHOWN_YEARS = 30.0 / 365.0
# d1 of a call with forward delta 0.25; of 0.75 it is the negative.
QUARTER_DELTA = -0.6744897501960817
NEWTON_STEPS = 12

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64, float64, float64)")
def at_the_money(variance: float, long_variance: float, years: float) -> float:
    """theta(T): total variance at the forward, for annual variance now and in the long run."""
    gone = (1.0 - exact_exp(-VARIANCE_RETURNS_PER_YEAR * years)) / VARIANCE_RETURNS_PER_YEAR
    return long_variance * years + (variance - long_variance) * gone


@kernel("float64(float64, float64, float64)")
def total_variance(k: float, theta: float, rho: float) -> float:
    """w(k) of the smile with `theta` at the money."""
    phi_k = ETA / math.sqrt(theta * (1.0 + theta)) * k
    return 0.5 * theta * (1.0 + rho * phi_k + math.sqrt((phi_k + rho) ** 2 + 1.0 - rho * rho))


@kernel("float64(float64, float64, float64)")
def variance_at(d1: float, theta: float, rho: float) -> float:
    """Total variance where a call's d1 = -k / sqrt(w) + sqrt(w) / 2 is that, by Newton's method in k."""
    phi = ETA / math.sqrt(theta * (1.0 + theta))
    k = 0.5 * theta - d1 * math.sqrt(theta)
    for _ in range(NEWTON_STEPS):
        w = total_variance(k, theta, rho)
        leaned = phi * k + rho
        slope = 0.5 * theta * phi * (rho + leaned / math.sqrt(leaned * leaned + 1.0 - rho * rho))
        off = k - 0.5 * w + d1 * math.sqrt(w)
        k -= off / (1.0 - 0.5 * slope + 0.5 * d1 * slope / math.sqrt(w))
    return total_variance(k, theta, rho)


@kernel("void(float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[:,::1])")
def thirty_days(
    variance: FloatArray, long_variance: FloatArray, rho: FloatArray, volatility: FloatArray, skew: FloatArray
) -> None:
    """Of smiles [n, S] at 30 days: annual volatility at 50 delta; that of the 25-delta put less that of the 25-delta
    call, over it. What `strategies.options.skew` finds in a chain of such smiles, without the gaps between quotes."""
    for i in range(variance.shape[0]):
        for s in range(variance.shape[1]):
            theta = at_the_money(variance[i, s], long_variance[i, s], SHOWN_YEARS)
            middle = variance_at(0.0, theta, rho[i, s])
            put = math.sqrt(variance_at(-QUARTER_DELTA, theta, rho[i, s]))
            call = math.sqrt(variance_at(QUARTER_DELTA, theta, rho[i, s]))
            volatility[i, s] = math.sqrt(middle / SHOWN_YEARS)
            skew[i, s] = (put - call) / math.sqrt(middle)
