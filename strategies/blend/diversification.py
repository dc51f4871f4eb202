"""How much the forecasts diversify each other: their correlation, and the multiplier that follows.

Forecast diversification multiplier after Carver, Systematic Trading (2015), chapter 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, njit, void

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

LARGEST = 2.5
FEWEST_READINGS = 250


@dataclass(frozen=True, slots=True)
class ForecastState:
    """Sums over the readings (one per symbol and UTC day) where both signals of a pair have an opinion, [K,
    K] each, advanced in place: how many, of the row's forecast, of its square, and of the product of both."""

    count: IntArray
    total: FloatArray
    square: FloatArray
    product: FloatArray


def initial(signals: int) -> ForecastState:
    """A state that has seen nothing."""
    shape = (signals, signals)
    return ForecastState(np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape), np.zeros(shape))


def forecasts(value: FloatArray, confidence: FloatArray, scalar: FloatArray) -> FloatArray:
    """f = clip(k v q, -1, 1) of [..., K, S] with scalars [K]; NaN where there is no opinion."""
    clipped: FloatArray = np.clip(scalar[:, np.newaxis] * value * confidence, -1.0, 1.0)
    return clipped


def update(state: ForecastState, forecast: FloatArray) -> None:
    """Add one UTC day of forecasts [K, S]; NaN is no opinion."""
    extend(state, forecast[np.newaxis])


def extend(state: ForecastState, forecast: FloatArray) -> None:
    """Add days [n, K, S]; bit-equal to n updates."""
    if forecast.shape[1] != state.count.shape[0]:
        raise ValueError(f"forecasts must have shape (n, {state.count.shape[0]}, S), got {forecast.shape}")
    contiguous = np.ascontiguousarray(forecast, dtype=np.float64)
    add_days(contiguous, state.count, state.total, state.square, state.product)


def correlation(state: ForecastState) -> FloatArray:
    """H [K, K], Pearson's over the joint readings of each pair; 1 (no diversification) where one of them is
    constant or there is no joint reading."""
    matrix = np.ones(state.count.shape)
    correlate(state.count, state.total, state.square, state.product, matrix)
    return matrix


def joint_readings(state: ForecastState, weight: FloatArray) -> int:
    """The fewest readings that any pair of signals with a weight [K] has in common."""
    weighted = np.flatnonzero(weight)
    return int(state.count[np.ix_(weighted, weighted)].min()) if weighted.size else 0


def multiplier(state: ForecastState, weight: FloatArray) -> float:
    """FDM for directional weights [K]; 1 until 250 joint readings exist, and without any weight.

    Raises ValueError unless the weights sum to 1 or are all 0.
    """
    if not weight.any() or (
        math.isclose(_total(weight), 1.0) and joint_readings(state, weight) < FEWEST_READINGS
    ):
        return 1.0
    return diversification(weight, correlation(state))


def diversification(weight: FloatArray, correlation: FloatArray) -> float:
    """min(2.5, 1 / sqrt(w H+ w)) for weights [K] and H [K, K], H+ = H with negative entries 0.

    Raises ValueError unless the weights sum to 1.
    """
    if not math.isclose(_total(weight), 1.0, abs_tol=1e-9):
        raise ValueError(f"forecast weights must sum to 1, not {_total(weight):.9g}")
    positive = np.maximum(correlation, 0.0)
    variance = math.fsum((weight[:, np.newaxis] * positive * weight).ravel())
    return min(LARGEST, 1.0 / math.sqrt(variance))


def _total(weight: FloatArray) -> float:
    return math.fsum(weight)


@njit(
    void(float64[:, :, ::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1]),
    cache=True,
    nogil=True,
)
def add_days(
    forecast: FloatArray, count: IntArray, total: FloatArray, square: FloatArray, product: FloatArray
) -> None:
    """Add every reading of every day in order, in place."""
    days, signals, symbols = forecast.shape
    for day in range(days):
        for s in range(symbols):
            for j in range(signals):
                f = forecast[day, j, s]
                if not math.isfinite(f):
                    continue
                for k in range(signals):
                    g = forecast[day, k, s]
                    if math.isfinite(g):
                        count[j, k] += 1
                        total[j, k] += f
                        square[j, k] += f * f
                        product[j, k] += f * g


@njit(
    void(int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1]),
    cache=True,
    nogil=True,
)
def correlate(
    count: IntArray, total: FloatArray, square: FloatArray, product: FloatArray, correlation: FloatArray
) -> None:
    """Fill the correlation matrix from the sums."""
    for j in range(count.shape[0]):
        for k in range(count.shape[0]):
            correlation[j, k] = 1.0
            n = float(count[j, k])
            if j == k or n == 0.0:
                continue
            spread_j = n * square[j, k] - total[j, k] * total[j, k]
            spread_k = n * square[k, j] - total[k, j] * total[k, j]
            if spread_j > 1e-12 * n * n and spread_k > 1e-12 * n * n:
                quotient = n * product[j, k] - total[j, k] * total[k, j]
                quotient /= math.sqrt(spread_j) * math.sqrt(spread_k)
                correlation[j, k] = min(max(quotient, -1.0), 1.0)
