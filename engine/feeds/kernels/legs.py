"""Bars of what is listed beside the perpetuals of the simulated market, in one pass along a path that is given.

At every step a coin costs index (1 + e) on its spot market, and a future index exp(carry until expiry), the index being
perp / (1 + premium); premium, e and carry are those of the hour. A bar's open, high and low are those of its steps.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.feed import CLOSE, HIGH, LOW, OPEN, VOLUME
from engine.feeds.kernels.carry import total_carry
from engine.feeds.sim_draws import exact_exp
from engine.feeds.sim_kernel import CLOSE as STEP_CLOSE
from engine.feeds.sim_kernel import HIGH as STEP_HIGH
from engine.feeds.sim_kernel import LOTS, STEPS_PER_HOUR, STEPS_PER_YEAR
from engine.feeds.sim_kernel import LOW as STEP_LOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

NO_EXPIRY = -1

# Columns of `listed` [L, 4]: what a leg is. SHARE: of the perpetual's volume.
COIN, TICKS_PER_UNIT, LOTS_PER_UNIT, SHARE = range(4)
LISTED_COLUMNS = 4

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64, int64)")
def _growth(carry: float, left: int) -> float:
    """Future over index, so many steps before the expiry."""
    return exact_exp(total_carry(carry, left / STEPS_PER_YEAR))


@kernel("float64(float64, float64, float64, float64)")
def _on_tick(perp: float, premium: float, times: float, ticks_per_unit: float) -> float:
    """So many times the index where the perpetual stands at `perp`."""
    return float(np.rint(perp / (1.0 + premium) * times * ticks_per_unit) / ticks_per_unit)


@kernel(
    "void(int64, int64, float64[:], float64[:,:,:], float64[:,:], float64[:,:], float64[:,:], float64[:,::1],"
    " int64[:,::1], float64[:,:,::1])"
)
def fill_bars(
    first_step: int,
    steps: int,
    opened: Floats,
    points: Floats,
    premium: Floats,
    apart: Floats,
    carry: Floats,
    listed: Floats,
    expiry: Integers,
    bars: Floats,
) -> None:
    """Fill `bars` [5, n, L] of `steps` steps each from `first_step` on.

    `opened` [S] and `points` [4, n steps, S] are the path; `premium`, `apart`, `carry` [H, S] a row per hour touched.
    `expiry` [n, L]: the step before which a future trades, NO_EXPIRY of what always does.
    """
    first_hour = first_step // STEPS_PER_HOUR
    for leg in range(listed.shape[0]):
        coin, ticks = int(listed[leg, COIN]), listed[leg, TICKS_PER_UNIT]
        for n in range(bars.shape[1]):
            bars[:, n, leg] = math.nan
            lots = 0.0
            for at in range(n * steps, (n + 1) * steps):
                step, expires = first_step + at, expiry[n, leg]
                if expires != NO_EXPIRY and step >= expires:
                    break
                hour = step // STEPS_PER_HOUR - first_hour
                above = premium[hour, coin]
                begins = ends = 1.0 + apart[hour, coin]
                if expires != NO_EXPIRY:
                    begins = _growth(carry[hour, coin], expires - step)
                    ends = _growth(carry[hour, coin], expires - step - 1)
                before = opened[coin] if at == 0 else points[STEP_CLOSE, at - 1, coin]
                opens = _on_tick(before, above, begins, ticks)
                if at == n * steps:
                    bars[OPEN, n, leg] = bars[HIGH, n, leg] = bars[LOW, n, leg] = opens
                # An hour begins where its own differences put it, which may lie outside the range of the one before.
                high = max(opens, _on_tick(points[STEP_HIGH, at, coin], above, ends, ticks))
                low = min(opens, _on_tick(points[STEP_LOW, at, coin], above, ends, ticks))
                bars[HIGH, n, leg] = max(bars[HIGH, n, leg], high)
                bars[LOW, n, leg] = min(bars[LOW, n, leg], low)
                bars[CLOSE, n, leg] = _on_tick(points[STEP_CLOSE, at, coin], above, ends, ticks)
                lots += float(np.rint(listed[leg, SHARE] * points[LOTS, at, coin]))
            bars[VOLUME, n, leg] = lots / listed[leg, LOTS_PER_UNIT]
