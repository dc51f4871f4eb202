"""The Kelly cap on gross exposure, from the book's own daily returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def kelly_cap(returns: FloatArray, gross: FloatArray, fraction: float) -> float:
    """The cap from `returns` [n] per UTC day and `gross` [n] at the end of the day before each, oldest first."""
    raise NotImplementedError
