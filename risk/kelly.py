"""The Kelly cap on gross exposure, from the book's own daily returns; and what Kelly holds of several assets.

Kelly, Bell System Technical Journal 35 (1956); for a mean mu and variance var of returns on one unit of
exposure the growth-optimal exposure is mu / var (Thorp 2006, section 7), of which a fraction is taken; for several
assets it is the inverse of their covariance times their mean excess returns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

WINDOW_DAYS = 90
FEWEST_DAYS = 60
LEAST_GROSS = 0.01
LOWEST, HIGHEST = 0.25, 3.0
UNKNOWN = 1.0
# Deviations below this are rounding errors of a constant series.
NEGLIGIBLE = 1e-12


def kelly_cap(returns: FloatArray, gross: FloatArray, fraction: float) -> float:
    """The cap from `returns` [n] per UTC day and `gross` [n] exposure at the end of the day before, oldest
    first.

    clip(fraction mu / var, 0.25, 3) over r / gross of the last 90 days, counting days that began with at
    least 1 % of exposure: a book at 0 earns nothing and would never leave it. 1 until 60 such days exist, and
    where their returns do not vary: nothing can be said of an edge without risk. Raises ValueError for
    unequal lengths.
    """
    if returns.shape != gross.shape:
        raise ValueError(f"returns and gross must have one length, got {returns.shape} and {gross.shape}")
    recent, exposure = returns[-WINDOW_DAYS:], gross[-WINDOW_DAYS:]
    counted = np.isfinite(recent) & (exposure >= LEAST_GROSS)
    per_unit = recent[counted] / exposure[counted]
    if per_unit.size < FEWEST_DAYS:
        return UNKNOWN
    mean = math.fsum(per_unit) / per_unit.size
    variance = math.fsum((r - mean) ** 2 for r in per_unit.tolist()) / (per_unit.size - 1)
    if math.sqrt(variance) <= NEGLIGIBLE * max(1.0, abs(mean)):
        return UNKNOWN
    return min(max(fraction * mean / variance, LOWEST), HIGHEST)


def growth_optimal(excess: FloatArray, covariance: FloatArray) -> FloatArray:
    """The exposures [K] (x equity) of fastest growth: inverse of the covariance [K, K] times the mean returns in
    excess of the rate [K], all of one period.

    Raises ValueError where shapes do not fit or the covariance is not positive definite: an asset without risk, or two
    that are one, would be held without bound.
    """
    if excess.ndim != 1 or covariance.shape != (excess.size, excess.size):
        raise ValueError(
            f"{excess.size} excess returns need as many rows of covariance, got {covariance.shape}"
        )
    known = bool(np.isfinite(covariance).all())
    spread = np.linalg.eigvalsh(covariance) if known else np.zeros(1)
    if spread[0] <= NEGLIGIBLE * spread[-1]:
        raise ValueError("growth-optimal exposures need a positive definite covariance")
    return np.asarray(np.linalg.solve(covariance, excess), dtype=np.float64)


def growth_rate(exposure: FloatArray, excess: FloatArray, covariance: FloatArray, rate: float) -> float:
    """Growth of equity a period, in log, at exposures [K] held in continuous time: rate + f m - f C f / 2."""
    return rate + float(exposure @ excess) - float(exposure @ covariance @ exposure) / 2.0
