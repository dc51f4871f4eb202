"""Sines and cosines of the frequencies of a window, made once for each number of samples."""

from __future__ import annotations

from functools import cache

import numpy as np

from strategies.signal import FloatArray


@cache
def angles(samples: int) -> tuple[FloatArray, FloatArray]:
    """Cosine and sine of 2 pi t / N for t < N/2, read-only by convention."""
    turns = 2.0 * np.pi * np.arange(samples // 2) / samples
    return np.cos(turns), np.sin(turns)
