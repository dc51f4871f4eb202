"""Shares tilted toward what has paid for its risk, and shrunk toward equal ones.

The Sharpe ratio of a year of days is known to about 1 per annum, so most of what it says is chance; how much of it is
believed is a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def tilted(returns: FloatArray, shrink: float) -> FloatArray:
    """Shares [K], sum 1: `shrink` parts of an equal share, the rest in proportion to each series' Sharpe ratio over
    returns [D, K], none of it to those that lost; equal shares where all of them lost."""
    equal = np.full(returns.shape[1], 1.0 / returns.shape[1])
    paid = np.maximum(returns.mean(axis=0) / returns.std(axis=0), 0.0)
    if not paid.any():
        return equal
    return np.asarray(shrink * equal + (1.0 - shrink) * paid / paid.sum(), dtype=np.float64)
