"""How much the forecasts diversify each other: their correlation, and the multiplier that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ForecastState:
    """Sums over the readings where both signals of a pair have an opinion, [K, K] each, advanced in place: `count`,
    `total` (of the row's forecast), `square` (of the row's forecast), `product`."""

    count: IntArray
    total: FloatArray
    square: FloatArray
    product: FloatArray


def initial(signals: int) -> ForecastState:
    """A state that has seen nothing."""
    raise NotImplementedError


def update(state: ForecastState, forecast: FloatArray) -> None:
    """Add one UTC day of forecasts f = clip(k v q) [K, S]; NaN is no opinion."""
    raise NotImplementedError


def extend(state: ForecastState, forecast: FloatArray) -> None:
    """Add days [n, K, S]; bit-equal to n updates."""
    raise NotImplementedError


def forecasts(value: FloatArray, confidence: FloatArray, scalar: FloatArray) -> FloatArray:
    """f = clip(k v q, -1, 1) of [..., K, S] with scalars [K]; NaN where there is no opinion."""
    raise NotImplementedError


def multiplier(state: ForecastState, weight: FloatArray) -> float:
    """FDM for directional weights [K]. Raises ValueError unless they sum to 1 or to 0 (then 1)."""
    raise NotImplementedError
