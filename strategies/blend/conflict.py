"""Stage `conflict`: signals that contradict each other make a smaller forecast, and a change of sides must be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@njit(nogil=True)
def temper(
    parts: FloatArray,
    directional: IntArray,
    forecast: FloatArray,
    floor: float,
    flip_margin: float,
    leaning: FloatArray,
    agreement: FloatArray,
    netted: FloatArray,
    tempered: FloatArray,
) -> None:
    """`tempered` [S] = F (floor + (1 - floor) a), `agreement` a = abs(sum of parts) / sum of abs(parts), 1 where
    nobody speaks; 0 where that is smaller than `flip_margin` and opposes the sign `leaning` [S].

    `netted` [S] = sum of abs(parts) - abs(sum of parts): what opposing opinions took from each other.
    """
    for s in range(forecast.size):
        total = 0.0
        size = 0.0
        for k in directional:
            total += parts[k, s]
            size += abs(parts[k, s])
        agreement[s] = abs(total) / size if size > 0.0 else 1.0
        netted[s] = max(size - abs(total), 0.0)
        tempered[s] = forecast[s] * (floor + (1.0 - floor) * agreement[s])
        if tempered[s] * leaning[s] < 0.0 and abs(tempered[s]) < flip_margin:
            tempered[s] = 0.0
