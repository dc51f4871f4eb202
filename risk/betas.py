"""Betas of daily returns to one reference: what hedges a book of legs against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BETA_DAYS = 60


def daily_betas(closes: FloatArray, reference: int) -> FloatArray:
    """Betas [S] of log returns between closes [S, D + 1] to those of the row `reference`: least squares with a
    constant. NaN where a return is missing on either side, and where the reference did not move."""
    with np.errstate(invalid="ignore", divide="ignore"):
        returns = np.diff(np.log(closes), axis=1)
        centred = returns - returns.mean(axis=1, keepdims=True)
        found: FloatArray = (centred * centred[reference]).sum(axis=1) / (centred[reference] ** 2).sum()
    return np.where(np.isfinite(found), found, np.nan)
