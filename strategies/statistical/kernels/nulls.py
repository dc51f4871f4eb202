"""Compiled look-ups in a stored null: how many of its values lie at or beyond what was observed."""

from __future__ import annotations

from numba import njit

from strategies.arithmetic import Integers

UNIT = 1e-6
"""Stored values are whole multiples of this, and observed ones are rounded to it before they are compared."""


@njit(cache=True)
def units_of(observed: float) -> int:
    """A number that is not negative in whole units, halves upwards."""
    return int(observed / UNIT + 0.5)


@njit(cache=True)
def values_up_to(ranks: Integers, units: int) -> float:
    """How many values of a null are at most `units`; `ranks[1 + i]`: how many are at most `ranks[0] + i`."""
    place = units - ranks[0]
    return float(ranks[1 + min(place, ranks.size - 2)]) if place >= 0 else 0.0


@njit(cache=True, error_model="numpy")
def at_most(ranks: Integers, observed: float) -> float:
    """(1 + values <= observed) / (1 + values) of a null: p of a small statistic."""
    return (1.0 + values_up_to(ranks, units_of(observed))) / (1.0 + float(ranks[ranks.size - 1]))


@njit(cache=True, error_model="numpy")
def at_least(ranks: Integers, observed: float) -> float:
    """(1 + values >= observed) / (1 + values) of a null: p of a large statistic."""
    values = float(ranks[ranks.size - 1])
    return (1.0 + values - values_up_to(ranks, units_of(observed) - 1)) / (1.0 + values)
