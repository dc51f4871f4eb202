"""Dated futures of the simulated market: when they expire and what they are worth.

A quarterly future is worth the index times exp(c(T) T): c(T), the mean annual carry until its expiry, goes from today's
carry, which follows the premium of the perpetual, to an ordinary one, so that the basis is gone at expiry.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.sim_draws import exact_exp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
EXPIRY_HOUR_MS = 8 * 3_600_000
QUARTERS = (3, 6, 9, 12)
FRIDAY = 4
ORDINARY_CARRY, CARRY_RETURNS_PER_YEAR = 0.06, 4.0
LEAST_DAYS = 3

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


def last_friday_ms(year: int, month: int) -> int:
    """08:00 UTC of the month's last Friday, in ms since 1970."""
    following = date(year + month // 12, month % 12 + 1, 1)
    day = following - timedelta(days=(following.weekday() - FRIDAY - 1) % 7 + 1)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 + EXPIRY_HOUR_MS


def quarterly_expiries(after_ms: int) -> Iterator[int]:
    """Every quarterly expiry later than `after_ms`, without end."""
    year = datetime.fromtimestamp(after_ms / 1000, UTC).year
    while True:
        for month in QUARTERS:
            if (expiry_ms := last_friday_ms(year, month)) > after_ms:
                yield expiry_ms
        year += 1


def nearest_expiry(now_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """The expiry [n] of the nearest quarterly future with at least three days to run at these rising times [n]."""
    if not len(now_ms):
        return now_ms
    least_ms = now_ms + LEAST_DAYS * DAY_MS
    listed = []
    for expiry_ms in quarterly_expiries(int(least_ms[0]) - 1):
        listed.append(expiry_ms)
        if expiry_ms >= least_ms[-1]:
            break
    expiries = np.array(listed)
    return np.asarray(expiries[np.searchsorted(expiries, least_ms)])
