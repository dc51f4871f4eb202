"""Stage `volatility`: from a forecast to a fraction of equity at the volatility target.

Average position and instrument diversification multiplier after Carver, Systematic Trading (2015), chapters 9
to 11.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

LARGEST_MULTIPLIER = 2.5


@njit(nogil=True, inline="always")
def positive(number: float) -> bool:
    return math.isfinite(number) and number > 0.0


@njit(nogil=True)
def admit(
    tradable: BoolArray,
    price: FloatArray,
    sigma: FloatArray,
    lot: FloatArray,
    min_quantity: FloatArray,
    min_notional: FloatArray,
    quantity: FloatArray,
    working: FloatArray,
    weight: FloatArray,
    orderable: BoolArray,
    usable: BoolArray,
) -> None:
    """`orderable` [S]: price, lot, minima and quantity are numbers an order can be made of. `usable` [S]:
    besides, tradable and with a volatility and weight to size by. What is neither can never reach an order as
    NaN."""
    for s in range(price.size):
        orderable[s] = (
            positive(price[s])
            and positive(lot[s])
            and math.isfinite(min_quantity[s])
            and math.isfinite(min_notional[s])
            and math.isfinite(quantity[s])
            and math.isfinite(working[s])
        )
        usable[s] = tradable[s] and orderable[s] and positive(sigma[s]) and math.isfinite(weight[s])


@njit(nogil=True)
def diversification(weight: FloatArray, correlation: FloatArray, usable: BoolArray) -> float:
    """IDM = min(2.5, 1 / sqrt(g C+ g)) over usable symbols, C+ = C with negative entries 0."""
    variance = 0.0
    for s in range(weight.size):
        if usable[s]:
            for t in range(weight.size):
                if usable[t] and correlation[s, t] > 0.0:
                    variance += weight[s] * correlation[s, t] * weight[t]
    if variance * LARGEST_MULTIPLIER**2 <= 1.0:
        return LARGEST_MULTIPLIER
    return 1.0 / math.sqrt(variance)


@njit(nogil=True)
def measure(
    weight: FloatArray,
    sigma: FloatArray,
    usable: BoolArray,
    idm: float,
    target: float,
    quantity: FloatArray,
    price: FloatArray,
    orderable: BoolArray,
    equity: float,
    average: FloatArray,
    current: FloatArray,
) -> None:
    """`average` [S] = g IDM target / sigma, the position of an average forecast (1/2), 0 where not usable,
    and `current` [S], what is held as a fraction of equity, 0 where it cannot be valued."""
    for s in range(weight.size):
        average[s] = weight[s] * idm * target / sigma[s] if usable[s] else 0.0
        current[s] = quantity[s] * price[s] / equity if orderable[s] and equity > 0.0 else 0.0


@njit(nogil=True)
def size(forecast: FloatArray, average: FloatArray, position: FloatArray) -> None:
    """`position` [S] = 2 F A."""
    for s in range(forecast.size):
        position[s] = 2.0 * forecast[s] * average[s]
