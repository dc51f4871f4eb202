"""What a market-neutral signal holds of each symbol for what it says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strategies.attempt import leg_weights
from strategies.signal import Legs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


def neutral_positions(
    legs: Legs | None, symbols: tuple[str, ...], value: FloatArray, score: FloatArray
) -> FloatArray:
    """Positions [S] (x budget) of a market-neutral signal from its values and v q [S]; NaN without any opinion."""
    known = np.isfinite(score)
    if not known.any():
        return np.full(score.shape, np.nan)
    if legs is None:
        return np.zeros(score.shape)
    weights, _ = leg_weights(legs, symbols, np.where(known, value, 0.0))
    held: FloatArray = np.where(known, score, 0.0) @ weights
    return held
