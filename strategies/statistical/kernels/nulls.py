"""Compiled look-ups in a stored null: how many of its values lie at or beyond what was observed."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import Integers

UNIT = 1e-6
"""Stored values are whole multiples of this, and observed ones are rounded to it before they are compared."""


@njit(cache=True)
def at_most(null: Integers, observed: float) -> float:
    """(1 + values <= observed) / (1 + values) of an ascending null: p of a small statistic."""
    units, low, high = round(observed / UNIT), 0, null.size
    while low < high:
        middle = (low + high) // 2
        if null[middle] <= units:
            low = middle + 1
        else:
            high = middle
    return (1.0 + low) / (1.0 + null.size)


@njit(cache=True)
def at_least(null: Integers, observed: float) -> float:
    """(1 + values >= observed) / (1 + values) of an ascending null: p of a large statistic."""
    units, low, high = round(observed / UNIT), 0, null.size
    while low < high:
        middle = (low + high) // 2
        if null[middle] < units:
            low = middle + 1
        else:
            high = middle
    return (1.0 + null.size - low) / (1.0 + null.size)
