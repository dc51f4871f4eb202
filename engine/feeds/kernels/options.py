"""Bars of options of the simulated market, in one pass along a path that is given.

An option is worth at every step what Black 1976 makes of the forward of its expiry and of the surface's volatility at
its strike, at least one tick; in the last moment before its expiry what it is worth against the index, which may be
nothing. A bar's open, high, low and close are those of its steps.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.feed import CLOSE, HIGH, LOW, OPEN, VOLUME
from engine.feeds.kernels.carry import total_carry
from engine.feeds.kernels.smile import at_the_money, total_variance
from engine.feeds.sim_draws import exact_exp
from engine.feeds.sim_kernel import CLOSE as STEP_CLOSE
from engine.feeds.sim_kernel import LOTS, STEPS_PER_HOUR, STEPS_PER_YEAR
from strategies.options.kernels.black import black_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

NOT_LISTED = -1

# Columns of `listed` [O, 5]: what an option is. SIDE: 1 call, -1 put; SHARE: of the perpetual's volume.
COIN, TICKS_PER_UNIT, LOTS_PER_UNIT, SHARE, SIDE = range(5)
LISTED_COLUMNS = 5
# Rows of `hours` [5, H, S]: what the coins' hours are like.
PREMIUM, CARRY, VARIANCE, LONG_VARIANCE, RHO = range(5)
HOUR_ROWS = 5

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64, float64[::1], float64, int64, float64)")
def option_value(perp: float, hour: Floats, strike: float, left: int, side: float) -> float:
    """Of one option `left` steps before its expiry, where the perpetual stands at `perp` in such an `hour` [5]."""
    index = perp / (1.0 + hour[PREMIUM])
    if left <= 0:
        return float(max(side * (index - strike), 0.0))
    years = left / STEPS_PER_YEAR
    forward = index * exact_exp(total_carry(hour[CARRY], years))
    theta = at_the_money(hour[VARIANCE], hour[LONG_VARIANCE], years)
    spread = math.sqrt(total_variance(math.log(strike / forward), theta, hour[RHO]))
    value: float = black_value(forward, strike, spread, side)
    return value


@kernel("float64(float64, int64, float64)")
def _on_tick(value: float, left: int, ticks_per_unit: float) -> float:
    return float(max(np.rint(value * ticks_per_unit), 1.0 if left > 0 else 0.0) / ticks_per_unit)


@kernel(
    "void(int64, int64, float64[:], float64[:,:,:], float64[:,:,::1], float64[:,::1], int64[:,::1], float64[:,::1],"
    " float64[:,:,::1])"
)
def fill_bars(
    first_step: int,
    steps: int,
    opened: Floats,
    points: Floats,
    hours: Floats,
    listed: Floats,
    expiry: Integers,
    strike: Floats,
    bars: Floats,
) -> None:
    """Fill `bars` [5, n, O] of `steps` steps each from `first_step` on.

    `opened` [S] and `points` [4, n steps, S] are the path, `hours` [5, H, S] a row per hour touched. `expiry` [n, O]:
    the step before which an option trades, NOT_LISTED where it does not; `strike` [n, O].
    """
    first_hour = first_step // STEPS_PER_HOUR
    known = np.empty(HOUR_ROWS)
    for leg in range(listed.shape[0]):
        coin, ticks, side = int(listed[leg, COIN]), listed[leg, TICKS_PER_UNIT], listed[leg, SIDE]
        for n in range(bars.shape[1]):
            bars[:, n, leg] = math.nan
            lots = 0.0
            for at in range(n * steps, (n + 1) * steps):
                step, left = first_step + at, expiry[n, leg] - (first_step + at)
                if left <= 0:
                    break
                known[:] = hours[:, step // STEPS_PER_HOUR - first_hour, coin]
                before = opened[coin] if at == 0 else points[STEP_CLOSE, at - 1, coin]
                if at == n * steps or step % STEPS_PER_HOUR == 0:
                    opens = _on_tick(option_value(before, known, strike[n, leg], left, side), left, ticks)
                    if at == n * steps:
                        bars[OPEN, n, leg] = bars[HIGH, n, leg] = bars[LOW, n, leg] = opens
                    # An hour begins where its own surface puts it.
                    bars[HIGH, n, leg] = max(bars[HIGH, n, leg], opens)
                    bars[LOW, n, leg] = min(bars[LOW, n, leg], opens)
                after = points[STEP_CLOSE, at, coin]
                closes = _on_tick(option_value(after, known, strike[n, leg], left - 1, side), left - 1, ticks)
                bars[HIGH, n, leg] = max(bars[HIGH, n, leg], closes)
                bars[LOW, n, leg] = min(bars[LOW, n, leg], closes)
                bars[CLOSE, n, leg] = closes
                lots += max(float(np.rint(listed[leg, SHARE] * points[LOTS, at, coin])), 1.0)
            if lots > 0.0:
                bars[VOLUME, n, leg] = lots / listed[leg, LOTS_PER_UNIT]
