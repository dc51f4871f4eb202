"""Legs of signals whose readings are positions already: what a symbol says is what is held of it."""

from __future__ import annotations

import numpy as np

from strategies.signal import FloatArray


def own_legs(symbols: tuple[str, ...], value: FloatArray) -> FloatArray:
    """Weights [S, S], row r what reading r scales: the symbol itself, all together never more than 1."""
    return np.eye(len(symbols)) / max(1.0, float(np.abs(value).sum()))
