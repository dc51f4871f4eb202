"""Correlation that can be inverted however short the sample: shrunk toward none.

Ledoit, Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices, J Multivariate Analysis
88, theorem 3.2 and lemmas 3.2 to 3.5, on returns brought to unit variance first: the target is then the identity, and
the scale of a series changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

LEAST_INTENSITY = 1e-4
"""No eigenvalue is smaller than this, also where the formula sees no error in the sample (two series that are one)."""


class Estimate(NamedTuple):
    """Shrunk `correlation` [K, K] (unit diagonal, positive definite), `volatility` [K] (population standard
    deviation) and the `intensity` in [0, 1] of the shrinkage."""

    correlation: FloatArray
    volatility: FloatArray
    intensity: float


def estimate(returns: FloatArray) -> Estimate:
    """From returns [D, K] without holes or constant columns, D >= 2."""
    days, count = returns.shape
    centred = returns - returns.mean(axis=0)
    volatility = np.sqrt((centred**2).mean(axis=0))
    standard = centred / volatility
    sample = standard.T @ standard / days
    distance = float(((sample - np.eye(count)) ** 2).sum())
    error = float(((standard**2).sum(axis=1) ** 2).sum()) / days**2 - float((sample**2).sum()) / days
    intensity = min(error, distance) / distance if distance > 0.0 else 1.0
    intensity = min(max(intensity, LEAST_INTENSITY), 1.0)
    correlation = (1.0 - intensity) * sample
    np.fill_diagonal(correlation, 1.0)
    return Estimate((correlation + correlation.T) / 2.0, volatility, intensity)
