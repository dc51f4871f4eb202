"""Daily returns of imagined books, and the covariance that published weights belong to."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VOLATILITY = np.array([0.1, 0.2, 0.3, 0.4])
CORRELATION = np.array([[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, -0.5], [0, 0, -0.5, 1.0]])
NAMES = ("A1", "A2", "A3", "B1", "B10", "B2", "C1", "C2", "C3", "C4", "D1", "D2")


def correlated(seed: int, days: int, count: int, silent: float = 0.0) -> Floats:
    """Returns [days, count] with a common part and volatilities from .1 % to 10 % a day; some days NaN."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(days, 2)) @ rng.normal(size=(2, count))
    returns = (common + rng.normal(size=(days, count))) * 10.0 ** rng.uniform(-3, -1, count)
    returns[rng.uniform(size=returns.shape) < silent] = np.nan
    return np.asarray(returns, dtype=np.float64)


def samples(most: int = 12, silent: float = 0.0) -> st.SearchStrategy[Floats]:
    """Samples of any size, often of fewer days than series."""
    return st.builds(
        correlated, st.integers(0, 2**32 - 1), st.integers(3, 120), st.integers(1, most), st.just(silent)
    )
