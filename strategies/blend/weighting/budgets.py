"""Shares that keep to a floor and a cap and still sum to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

SMALLEST = 1e-9


def bounded(share: FloatArray, floor: float, cap: float) -> FloatArray:
    """Shares [K] (>= 0, sum 1) inside [floor, cap]: all that no bound holds are scaled by one factor, so that they keep
    their proportions.

    Bounds no K shares could keep give way: the floor to at most 1 / K, the cap to at least 1 / K. Already inside: the
    same to the last bit.
    """
    count = share.size
    low, high = min(floor, 1.0 / count), max(cap, 1.0 / count)
    if bool(((share >= low) & (share <= high)).all()):
        return share
    raw = np.maximum(share, SMALLEST)
    # The sum of clip(factor * raw) grows with the factor and is straight between the factors at which a share meets
    # a bound; so the factor that makes it 1 follows from the two of them around it.
    knots = np.sort(np.concatenate([low / raw, high / raw]))
    sums = np.clip(knots[:, np.newaxis] * raw, low, high).sum(axis=1)
    factor = float(np.interp(1.0, sums, knots))
    kept = np.clip(factor * raw, low, high)
    return np.asarray(kept / kept.sum(), dtype=np.float64)
