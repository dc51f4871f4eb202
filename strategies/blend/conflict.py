"""Stage `conflict`: signals that contradict each other make a smaller forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@njit(nogil=True)
def temper(parts: FloatArray, directional: IntArray, forecast: FloatArray, tempered: FloatArray) -> None:
    """`tempered` [S] = F (1/2 + a/2), a = abs(sum of parts) / sum of abs(parts), 1 where nobody speaks."""
    for s in range(forecast.size):
        total = 0.0
        size = 0.0
        for k in directional:
            total += parts[k, s]
            size += abs(parts[k, s])
        agreement = abs(total) / size if size > 0.0 else 1.0
        tempered[s] = forecast[s] * (0.5 + 0.5 * agreement)
