"""Bars of what is listed beside the perpetuals of the simulated market, made of the same path.

A coin costs on its spot market what `spot_price` says, a future what `future_price` says of its expiry, so that it ends
at the index. What the perpetual does inside an hour they do too, and what their differences do shows between two hours.
Their volumes are shares of the perpetual's; a future has no bar after its expiry. No draw is made for any of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.feeds import sim_kernel as law
from engine.feeds.feed import LEG_ROWS
from engine.feeds.kernels import beside
from engine.feeds.kernels import legs as kernel
from engine.feeds.sim_listing import PLACES, listed_expiries
from engine.feeds.sim_walk import STEP_MS, Stretch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPOT_SHARE, FUTURE_SHARE = 0.3, 0.1
"""What is traded of a coin on its spot market, and of each of its futures, for each unit of its perpetual."""


def leg_bars(
    stretch: Stretch,
    origin_ms: int,
    steps: int,
    ticks_per_unit: FloatArray,
    lots_per_unit: FloatArray,
    dated: Sequence[int],
) -> FloatArray:
    """Bars [5, n, L] of `steps` steps each of all that `sim_listing` lists beside the perpetuals [S] of a stretch that
    shows what is beside the prices. Step 0 begins at `origin_ms`; `dated`: the coins with futures."""
    assert stretch.beside is not None
    coins = [*range(len(ticks_per_unit)), *(coin for coin in dated for _ in range(PLACES))]
    share = [*np.full(len(ticks_per_unit), SPOT_SHARE), *np.full(PLACES * len(dated), FUTURE_SHARE)]
    listed = np.column_stack([coins, ticks_per_unit[coins], lots_per_unit[coins], share])
    count = stretch.points.shape[1] // steps
    expiry = np.full((count, len(coins)), kernel.NO_EXPIRY, dtype=np.int64)
    expiry[:, len(ticks_per_unit) :] = np.tile(_expiry_steps(stretch, origin_ms, steps), len(dated))
    bars = np.empty((LEG_ROWS, count, len(coins)))
    kernel.fill_bars(
        stretch.first_step,
        steps,
        stretch.opened,
        stretch.points,
        stretch.hours[law.H_PREMIUM],
        stretch.beside.hours[beside.H_SPOT],
        stretch.beside.hours[beside.H_CARRY],
        listed,
        expiry,
        bars,
    )
    return bars


def _expiry_steps(stretch: Stretch, origin_ms: int, steps: int) -> IntArray:
    """Before which step the futures trade that are listed in each bar [n, PLACES]."""
    first_ms = origin_ms + stretch.first_step * STEP_MS
    opens_ms = range(first_ms, first_ms + stretch.points.shape[1] * STEP_MS, steps * STEP_MS)
    if (listed := listed_expiries(opens_ms[0])) == listed_expiries(opens_ms[-1]):
        found = np.repeat(np.array([listed], dtype=np.int64), len(opens_ms), axis=0)
    else:
        found = np.array([listed_expiries(open_ms) for open_ms in opens_ms], dtype=np.int64)
    return np.maximum((found - origin_ms) // STEP_MS, 0)
