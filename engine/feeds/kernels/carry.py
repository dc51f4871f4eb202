"""What dated futures of the simulated market are worth.

A future is worth the index times exp(c(T) T): c(T), the mean annual carry until its expiry, goes from today's carry,
which follows the premium of the perpetual, to an ordinary one, so that the basis is gone at expiry.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.sim_draws import exact_exp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

ORDINARY_CARRY, CARRY_RETURNS_PER_YEAR = 0.06, 4.0

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64, float64)")
def total_carry(carry: float, years: float) -> float:
    """ln(future / index) for a time to expiry, given today's annual carry (Schwartz 1997 without noise)."""
    gone = (1.0 - exact_exp(-CARRY_RETURNS_PER_YEAR * years)) / CARRY_RETURNS_PER_YEAR
    return ORDINARY_CARRY * years + (carry - ORDINARY_CARRY) * gone


@kernel("void(float64[:,::1], float64[:,::1], float64[::1], float64[:,::1])")
def worth(index: FloatArray, carry: FloatArray, years: FloatArray, prices: FloatArray) -> None:
    """`prices` [n, S] of futures with `years` [n] to run, for index price and carry [n, S]."""
    for i in range(index.shape[0]):
        for s in range(index.shape[1]):
            prices[i, s] = index[i, s] * exact_exp(total_carry(carry[i, s], years[i]))
