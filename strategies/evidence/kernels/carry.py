"""Compiled parts of the carry signals: whether funding is complete, and what is left of a yield after its costs."""

from __future__ import annotations

import math

from numba import njit

from strategies.arithmetic import GAP, NAN_INPUT, NO_INPUT, NOT_BORROWABLE, OK, Floats, sign


@njit(cache=True)
def net_carry(annual: float, cost: float, full: float, borrowable: bool) -> tuple[float, int]:
    """sgn(x) min(1, max(0, |x| - cost) / full) of a yield a year, and the reason.

    A negative one is held by selling borrowed spot: it counts 0 where that cannot be done.
    """
    size = min(1.0, max(0.0, abs(annual) - cost) / full)
    if annual < 0.0 and size > 0.0 and not borrowable:
        return 0.0, NOT_BORROWABLE
    return sign(annual) * size, OK


@njit(cache=True)
def settled(rate: float, hours: float) -> bool:
    return not (math.isnan(rate) and math.isnan(hours))


@njit(cache=True)
def funding_fault(rate: Floats, hours: Floats, bar_hours: float) -> int:
    """Why the funding of these bars cannot be read, or OK.

    A settlement covers the `hours` up to its bar. Missing is one that is due, or where more than half an
    interval lies between two of them that neither covers: some venues settle late by a bar now and then. Before
    the first of the window nothing else tells, so there a bar is all that may be left uncovered.
    """
    since, interval = 0.0, 0.0
    for index in range(rate.size):
        since += bar_hours
        if not settled(rate[index], hours[index]):
            continue
        if not (math.isfinite(rate[index]) and 0.0 < hours[index] < math.inf):
            return NAN_INPUT
        is_first, interval = interval == 0.0, hours[index]
        if since > 1.5 * interval or (is_first and since > interval + bar_hours):
            return GAP
        since = 0.0
    if interval == 0.0:
        return NO_INPUT
    return GAP if since >= interval else OK
