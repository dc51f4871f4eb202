"""Dated futures of the simulated market: when they expire, and which of them is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
EXPIRY_HOUR_MS = 8 * 3_600_000
QUARTERS = (3, 6, 9, 12)
FRIDAY = 4
LEAST_DAYS = 3


@cache
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
