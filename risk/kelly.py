"""The Kelly cap on gross exposure, from the book's own daily returns.

Kelly, Bell System Technical Journal 35 (1956); for a mean mu and variance var of returns on one unit of
exposure the growth-optimal exposure is mu / var (Thorp 2006, section 7), of which a fraction is taken.
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
