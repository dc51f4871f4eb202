"""Volatility of a bar from its range: what highs and lows tell beside closes.

Parkinson 1980: P^2 = mean(ln(H/L)^2) / (4 ln 2). Garman and Klass 1980: GK^2 = mean(ln(H/L)^2 / 2 - (2 ln 2 - 1)
ln(C/O)^2). Both a fraction per bar (times sqrt(bars a year): a year), for prices without drift or jumps between
bars; of a path seen in n steps they come out low, for its extremes fall between the steps.
"""

from __future__ import annotations

import math

import numpy as np

from strategies.options.pricing import Volatility
from strategies.signal import REASONS, FloatArray, Reason

_DEGENERATE, _NAN, _ZERO = (
    REASONS.index(reason) for reason in (Reason.DEGENERATE, Reason.NAN_INPUT, Reason.ZERO_VAR)
)


def parkinson(high: FloatArray, low: FloatArray) -> Volatility:
    """Over the last axis of bars [..., n]. ZERO_VAR: no bar has a range; NAN_INPUT: a price is not usable."""
    square = _mean_square(high, low) / (4.0 * math.log(2.0))
    return _root(square, _mean_square(high, low))


def garman_klass(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> Volatility:
    """Over the last axis of bars [..., n]. DEGENERATE: the estimate of the variance is negative."""
    spread = _mean_square(high, low)
    return _root(0.5 * spread - (2.0 * math.log(2.0) - 1.0) * _mean_square(close, open_), spread)


def _mean_square(above: FloatArray, below: FloatArray) -> FloatArray:
    """Mean squared log ratio; NaN where a price is not finite and positive."""
    usable = np.isfinite(above) & np.isfinite(below) & (above > 0) & (below > 0)
    ratio = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=usable)
    squares: FloatArray = np.mean(np.log(ratio) ** 2, axis=-1)
    return squares


def _root(square: FloatArray, spread: FloatArray) -> Volatility:
    reason = np.where(
        np.isnan(square), _NAN, np.where(spread == 0, _ZERO, np.where(square < 0, _DEGENERATE, 0))
    )
    root = np.sqrt(np.where(reason == 0, square, np.nan))
    return Volatility(root, reason.astype(np.int64))
