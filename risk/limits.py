"""Stages `type` to `gross`: the caps on exposure, each binding at its own stage, in fractions of equity.

Every kernel reads positions [S] and writes the capped ones into its last argument.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

NEGLIGIBLE = 1e-12


@njit(nogil=True)
def cap_types(
    position: FloatArray,
    parts: FloatArray,
    directional: IntArray,
    signal_type: IntArray,
    limits: FloatArray,
    sums: FloatArray,
    capped: FloatArray,
) -> None:
    """Scale each symbol so that no type contributes more than its limit. One factor for all types: clipping
    type by type would reverse signs where they oppose. `sums` is room for one number per type."""
    for s in range(position.size):
        total = 0.0
        sums[: limits.size] = 0.0
        for k in directional:
            total += parts[k, s]
            sums[signal_type[k]] += parts[k, s]
        factor = 1.0
        if total != 0.0:
            for kind in range(limits.size):
                contribution = abs(position[s] * sums[kind] / total)
                if contribution > limits[kind]:
                    factor = min(factor, limits[kind] / contribution)
        capped[s] = position[s] * factor


@njit(nogil=True)
def cap_symbols(
    position: FloatArray,
    hold: BoolArray,
    current: FloatArray,
    held_legs: FloatArray,
    shortable: BoolArray,
    limit: float,
    capped: FloatArray,
    bound: BoolArray,
) -> None:
    """Clip to +-limit, and to >= 0 where a short is not possible; `bound` [S] where that changed anything.

    A held symbol joins here at its own position (less what is held for neutral legs), so that this cap and
    all later ones count it.
    """
    for s in range(position.size):
        wanted = position[s]
        if hold[s]:
            wanted = current[s] - (held_legs[s] if math.isfinite(held_legs[s]) else 0.0)
        lowest = -limit if shortable[s] else 0.0
        capped[s] = min(max(wanted, lowest), limit)
        bound[s] = abs(capped[s] - wanted) > NEGLIGIBLE


@njit(nogil=True)
def cap_clusters(
    position: FloatArray, cluster: IntArray, limit: float, sums: FloatArray, capped: FloatArray
) -> None:
    """Scale the members of a cluster whose summed size exceeds the limit. Labels outside [0, S) are no
    cluster."""
    symbols = position.size
    sums[:symbols] = 0.0
    for s in range(symbols):
        if 0 <= cluster[s] < symbols:
            sums[cluster[s]] += abs(position[s])
    for s in range(symbols):
        capped[s] = position[s]
        if 0 <= cluster[s] < symbols and sums[cluster[s]] > limit:
            capped[s] *= limit / sums[cluster[s]]


@njit(nogil=True)
def cap_net(position: FloatArray, limit: float, capped: FloatArray) -> None:
    """Scale the larger side so that the sum of all is at most the limit in size."""
    longs = 0.0
    shorts = 0.0
    for s in range(position.size):
        longs += max(position[s], 0.0)
        shorts += max(-position[s], 0.0)
    long_factor = (limit + shorts) / longs if longs - shorts > limit else 1.0
    short_factor = (limit + longs) / shorts if shorts - longs > limit else 1.0
    for s in range(position.size):
        capped[s] = position[s] * (long_factor if position[s] > 0.0 else short_factor)


@njit(nogil=True)
def cap_directional(position: FloatArray, budget: float, capped: FloatArray) -> float:
    """Scale the directional book so that its summed size is at most its budget; returns the factor."""
    gross = 0.0
    for s in range(position.size):
        gross += abs(position[s])
    factor = budget / gross if gross > budget else 1.0
    for s in range(position.size):
        capped[s] = position[s] * factor
    return factor


@njit(nogil=True)
def cap_gross(position: FloatArray, neutral: FloatArray, limit: float, capped: FloatArray) -> float:
    """Scale both books so that their summed size is at most the limit; returns the factor for the neutral
    one."""
    gross = 0.0
    for s in range(position.size):
        gross += abs(position[s]) + abs(neutral[s])
    factor = limit / gross if gross > limit else 1.0
    for s in range(position.size):
        capped[s] = position[s] * factor
    return factor
