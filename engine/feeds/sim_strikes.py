"""What the options of the simulated market are made of along its path: their strikes, and their bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.feeds import sim_kernel as law
from engine.feeds.feed import LEG_ROWS
from engine.feeds.kernels import beside, smile
from engine.feeds.kernels import options as kernel
from engine.feeds.kernels.carry import total_carry
from engine.feeds.sim_chain import round_strikes
from engine.feeds.sim_futures import YEAR_MS
from engine.feeds.sim_options import AT_THE_MONEY, CONTRACTS, LIFE_MS, PLACES, Strikes, listed_series
from engine.feeds.sim_walk import STEP_MS, Stretch
from store.records import OptionRight
from strategies.options.income import strike_score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

OPTION_SHARE = 0.001
"""What is traded of each option, for each unit of the perpetual."""


def listing_step(expiry_ms: int, origin_ms: int) -> int:
    """The last step before a series is listed; step 0 begins at `origin_ms`, and what was listed before that is priced
    as it ended."""
    return max((expiry_ms - LIFE_MS - origin_ms) // STEP_MS - 1, 0)


def strikes_of(stretch: Stretch, step: int, coins: Sequence[int]) -> tuple[Strikes, ...]:
    """By coin, the strikes of what is listed after a `step` of the stretch."""
    return tuple(_strikes(stretch, step, coin) for coin in coins)


def option_bars(
    stretch: Stretch,
    origin_ms: int,
    steps: int,
    from_ms: int,
    coins: Sequence[int],
    steps_per_unit: tuple[FloatArray, FloatArray],
    strikes: Mapping[int, tuple[Strikes, ...]],
) -> FloatArray:
    """Bars [5, n, O] of `steps` steps each of all options on `coins`: by coin, place of the series and contract. None
    opens before `from_ms`. `steps_per_unit`: ticks and lots of the perpetuals [S]."""
    assert stretch.beside is not None
    each, width = PLACES * len(CONTRACTS), PLACES * len(CONTRACTS) * len(coins)
    count = stretch.points.shape[1] // steps
    expiry = np.full((count, width), kernel.NOT_LISTED, dtype=np.int64)
    strike = np.full((count, width), np.nan)
    first_ms = origin_ms + stretch.first_step * STEP_MS
    series: tuple[int, ...] = ()
    for n in range(max(-(-(from_ms - first_ms) // (steps * STEP_MS)), 0), count):
        if (found := listed_series(first_ms + n * steps * STEP_MS)) != series:
            series = found
            ends = np.repeat([max((at_ms - origin_ms) // STEP_MS, 0) for at_ms in series], len(CONTRACTS))
            expiry[n:] = np.tile(ends, len(coins))
            strike[n:] = [
                value for place in range(len(coins)) for at_ms in series for value in strikes[at_ms][place]
            ]
    ticks, lots = steps_per_unit
    columns = np.repeat(np.array(coins, dtype=np.int64), each)
    sides = np.tile([float(contract.right.sign) for contract in CONTRACTS], PLACES * len(coins))
    listed = np.column_stack([columns, ticks[columns], lots[columns], np.full(width, OPTION_SHARE), sides])
    rows = (beside.H_CARRY, beside.H_VARIANCE, beside.H_LONG_VARIANCE, beside.H_RHO)
    hours = np.stack([stretch.hours[law.H_PREMIUM], *(stretch.beside.hours[row] for row in rows)])
    bars = np.empty((LEG_ROWS, count, width))
    kernel.fill_bars(
        stretch.first_step, steps, stretch.opened, stretch.points, hours, listed, expiry, strike, bars
    )
    return bars


def no_option_bars(count: int, coins: int) -> FloatArray:
    """So many bars of the options on so many coins where none is quoted yet."""
    return np.full((LEG_ROWS, count, PLACES * len(CONTRACTS) * coins), np.nan)


def _strikes(stretch: Stretch, step: int, coin: int) -> Strikes:
    assert stretch.beside is not None
    hour = step // law.STEPS_PER_HOUR - stretch.first_step // law.STEPS_PER_HOUR
    carry, variance, long_variance, rho = (
        float(stretch.beside.hours[row, hour, coin])
        for row in (beside.H_CARRY, beside.H_VARIANCE, beside.H_LONG_VARIANCE, beside.H_RHO)
    )
    perp = float(stretch.points[law.CLOSE, step - stretch.first_step, coin])
    years = LIFE_MS / YEAR_MS
    index = perp / (1.0 + float(stretch.hours[law.H_PREMIUM, hour, coin]))
    forward = index * math.exp(total_carry(carry, years))
    theta = smile.at_the_money(variance, long_variance, years)
    listed = round_strikes(forward, math.sqrt(theta))
    found = []
    for right, delta in CONTRACTS:
        wanted = forward
        if delta != AT_THE_MONEY:
            score = strike_score(delta, right is OptionRight.CALL)
            w = smile.variance_at(score, theta, rho)
            wanted = forward * math.exp(0.5 * w - score * math.sqrt(w))
        found.append(float(listed[np.abs(np.log(listed / wanted)).argmin()]))
    return tuple(found)
