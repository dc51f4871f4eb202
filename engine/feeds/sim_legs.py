"""Bars of what is listed beside the perpetuals of the simulated market, made of the same path.

A coin costs on its spot market what `spot_price` says: perp / (1 + premium) (1 + e), premium and e those of the hour,
on the tick. So it is at every step, and a bar's open, high and low are those of its steps: what the perpetual does
inside an hour the coin does too, and what their difference does shows between two hours. Its volume is a share of the
perpetual's. No draw is made for any of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.feeds import sim_kernel as law
from engine.feeds.feed import CLOSE, HIGH, LEG_ROWS, LOW, OPEN, VOLUME
from engine.feeds.kernels import beside
from engine.feeds.sim_walk import Stretch

FloatArray = NDArray[np.float64]

SPOT_SHARE = 0.3
"""What is traded of a coin on its spot market, for each unit of its perpetual."""


def spot_bars(
    stretch: Stretch, steps: int, ticks_per_unit: FloatArray, lots_per_unit: FloatArray
) -> FloatArray:
    """Bars [5, n, S] of `steps` steps each of the coins of a stretch that shows what is beside the prices."""
    assert stretch.beside is not None
    count = stretch.points.shape[1]
    hour = (stretch.first_step + np.arange(count)) // law.STEPS_PER_HOUR
    hour -= stretch.first_step // law.STEPS_PER_HOUR
    premium, apart = stretch.hours[law.H_PREMIUM][hour], stretch.beside.hours[beside.H_SPOT][hour]

    def on_spot(prices: FloatArray) -> FloatArray:
        worth = prices / (1.0 + premium) * (1.0 + apart)
        return np.asarray(np.rint(worth * ticks_per_unit) / ticks_per_unit)

    before = np.vstack([stretch.opened, stretch.points[law.CLOSE, :-1]])
    shape = (-1, steps, premium.shape[1])
    opened, close, high, low = (
        on_spot(prices).reshape(shape) for prices in (before, *stretch.points[[law.CLOSE, law.HIGH, law.LOW]])
    )
    bars = np.empty((LEG_ROWS, *close[:, -1].shape))
    bars[OPEN], bars[CLOSE] = opened[:, 0], close[:, -1]
    # The steps of an hour begin where the hour's own difference puts them, which may lie outside the last one's range.
    bars[HIGH] = np.maximum(high, opened).max(axis=1)
    bars[LOW] = np.minimum(low, opened).min(axis=1)
    lots = np.rint(SPOT_SHARE * stretch.points[law.LOTS])
    bars[VOLUME] = lots.reshape(shape).sum(axis=1) / lots_per_unit
    return bars
