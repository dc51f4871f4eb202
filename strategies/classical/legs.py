"""Legs of signals whose readings are positions already: what a symbol says is what is held of it."""

from __future__ import annotations

import numpy as np

from strategies.signal import FloatArray


def own_legs(symbols: tuple[str, ...], value: FloatArray) -> FloatArray:
    """Weights [S, S], row r what reading r scales: the symbol itself, by so much that all legs together have a gross
    of at most 1. Positions that add up to less stay as small as they are."""
    return np.eye(len(symbols)) / max(1.0, float(np.nansum(np.abs(value))))
