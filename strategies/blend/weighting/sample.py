"""The days an estimate may stand on: complete ones, of signals that have enough of them and that move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

NEGLIGIBLE = 1e-12
"""Standard deviation of daily returns below which a series counts as constant."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`columns` [K'] are the series that are left, `returns` [D', K'] their days without a hole, and `dropped` says
    of every other series why it is none of them."""

    columns: IntArray
    returns: FloatArray
    dropped: dict[int, str]


def usable(returns: FloatArray, least_days: int) -> Sample:
    """The series of [D, K] (oldest day first, NaN: no such day) that can be compared on at least `least_days`
    common days.

    A series with too few days of its own, or that never moves, is dropped at once; while the others have too few
    days in common, the one with the fewest goes, the last of them where several have.
    """
    known = np.isfinite(returns)
    count = known.sum(axis=0)
    dropped: dict[int, str] = {}
    for k in range(returns.shape[1]):
        days = returns[known[:, k], k]
        if days.size < least_days:
            dropped[k] = f"{days.size} of {least_days} days known"
        elif _constant(days):
            dropped[k] = "it never moved"
    left = [k for k in range(returns.shape[1]) if k not in dropped]
    while left and (common := int(known[:, left].all(axis=1).sum())) < least_days:
        fewest = min(left, key=lambda k: (count[k], -k))
        dropped[fewest] = f"{common} of {least_days} days in common with the others"
        left.remove(fewest)
    days = returns[known[:, left].all(axis=1)][:, left] if left else np.empty((0, 0))
    for column, k in enumerate(list(left)):
        if _constant(days[:, column]):
            dropped[k] = "it never moved"
    kept = [column for column, k in enumerate(left) if k not in dropped]
    columns = np.array([left[column] for column in kept], dtype=np.int64)
    return Sample(columns, np.ascontiguousarray(days[:, kept]), dropped)


def _constant(days: FloatArray) -> bool:
    return bool(np.std(days) <= NEGLIGIBLE * max(1.0, float(np.abs(days).max())))
