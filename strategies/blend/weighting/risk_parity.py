"""Equal risk contribution: every series adds the same to the variance of the whole.

Maillard, Roncalli, Teiletche (2010), J Portfolio Management 36(4). The weights are those of the minimum of
x C x / 2 - sum(ln x) / K, found by Newton's method with the step that keeps a self-concordant function inside its
domain (Spinu 2013), on the correlation, because the result there only needs to be divided by the volatilities.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

STEPS = 60
PRECISION = 1e-14
ACCEPTABLE = 1e-9
FULL_STEP = 0.25
"""Newton decrement below which the whole step stays inside the domain and converges quadratically."""


def equal_risk(correlation: FloatArray, volatility: FloatArray) -> FloatArray:
    """Shares [K], positive, sum 1, of equal share * (covariance @ shares).

    Raises ValueError where the correlation [K, K] is not positive definite.
    """
    try:
        np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        raise ValueError("equal risk needs a positive definite correlation: shrink it first") from None
    x = _solve(correlation)
    share = x / volatility
    return np.asarray(share / share.sum(), dtype=np.float64)


def _solve(correlation: FloatArray) -> FloatArray:
    """x [K] > 0 with x (C x) = 1 / K in every entry."""
    count = correlation.shape[0]
    x = np.full(count, 1.0 / math.sqrt(float(correlation.sum())))
    best, error = x, math.inf
    for _ in range(STEPS):
        pull = correlation @ x
        wrong = float(np.abs(count * x * pull - 1.0).max())
        if wrong < error:
            best, error = x, wrong
        elif error <= ACCEPTABLE:
            break
        if error <= PRECISION:
            break
        gradient = pull - 1.0 / (count * x)
        hessian = correlation + np.diag(1.0 / (count * x**2))
        move = np.linalg.solve(hessian, gradient)
        decrement = math.sqrt(max(count * float(gradient @ move), 0.0))
        x = x - (move if decrement < FULL_STEP else move / (1.0 + decrement))
    if error > ACCEPTABLE:
        raise ValueError(f"equal risk did not settle: contributions differ by {error:.1e}")
    return best
