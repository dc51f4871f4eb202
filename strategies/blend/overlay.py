"""Stage `overlay`: market-wide readings that make every forecast of a sign larger or smaller."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

BOTH, LONG, SHORT = 0, 1, 2
SMALLEST, LARGEST = 0.25, 1.5


@njit(nogil=True, inline="always")
def overlay_multiplier(value: float, up: float, down: float) -> float:
    """1 + up * value for a value >= 0, 1 + down * value below; 1 without a value."""
    if not math.isfinite(value):
        return 1.0
    return 1.0 + (up if value >= 0.0 else down) * value


@njit(nogil=True)
def overlay(
    value: FloatArray,
    overlays: IntArray,
    up: FloatArray,
    down: FloatArray,
    side: IntArray,
    forecast: FloatArray,
    overlaid: FloatArray,
) -> None:
    """`overlaid` [S]: the forecast times the product, in [0.25, 1.5], of the overlays for its sign, in [-1,
    1]."""
    for s in range(forecast.size):
        product = 1.0
        sign = LONG if forecast[s] > 0.0 else SHORT
        for k in overlays:
            if side[k] == BOTH or side[k] == sign:
                product *= overlay_multiplier(value[k, s], up[k], down[k])
        product = min(max(product, SMALLEST), LARGEST)
        overlaid[s] = min(max(forecast[s] * product, -1.0), 1.0)
