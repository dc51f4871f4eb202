"""Funding as bars of an hour carry it: settlements of any interval, NaN between them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def funding(settlements: Iterable[tuple[float, int]]) -> tuple[FloatArray, FloatArray]:
    """Rates and hours, a bar of an hour each, of settlements (rate, interval in hours) one after the other."""
    rates: list[float] = []
    hours: list[float] = []
    for rate, interval in settlements:
        rates += [np.nan] * (interval - 1) + [rate]
        hours += [np.nan] * (interval - 1) + [float(interval)]
    return np.array(rates), np.array(hours)
