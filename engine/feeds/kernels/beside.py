"""The law of what the simulated market shows beside its prices: one compiled recursion along a path that is given.

What it promises: the state after step n is a function of the path, the keys and n alone, and a coin's own states hang
on its own path and keys. It only looks at prices; no draw of theirs is used again.

Hourly, per coin, after the premium p of the perpetual over its index (fractions; OU: Ornstein-Uhlenbeck):

    mark's premium   m += (p - m) / 2                         the venue's averaged premium
    spot             index (1 + e), e OU                      one market beside the average of many
    carry c          base + CARRY_OF_PREMIUM mean(p) + OU     annual, mean over about five days
    venues 2 and 3   premium p + o_v, o_v OU                  settled every hour, every four hours
    variance         EW mean of squared returns, 3 d and 90 d, lifted by what sellers of options ask; level OU
    skew x           OU, falls with the coin's price          rho = x / sqrt(1 + x^2)
    flow             OU                                       who is in a hurry: buyers or sellers

Every step: share of takers who buy = (1 + s / sqrt(1 + s^2)) / 2, s of the step's return, the flow and chance.
Daily, of the whole: market cap, realised cap (each day a small share of all coins moves and is valued anew), stablecoin
supply (grows slowly, follows inflows, sometimes jumps), MVRV's expanding Z. Each is known a day after its day ended.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.sim_draws import exact_exp, normal, uniform
from engine.feeds.sim_kernel import CLOSE, LOTS, STEPS_PER_HOUR, STEPS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Keys = NDArray[np.uint64]

STEPS_PER_DAY = 24 * STEPS_PER_HOUR

# Columns of `coins` [S, 2]: what a coin is. ANCHOR_VARIANCE: annual.
ANCHOR_VARIANCE, FUNDING_CAP = range(2)
COIN_COLUMNS = 2
# Columns of `states` [S, 16]: where a coin is. PREMIUM is that of the hour in progress, HOUR_...: as it began.
PREMIUM, MARK, SPOT, SLOW_PREMIUM, CARRY_NOISE, OFFSET_2, OFFSET_3, SUM_3, VARIANCE, LONG_VARIANCE = range(10)
VARIANCE_NOISE, SKEW, FLOW, HOUR_PRICE, HOUR_VARIANCE, HOUR_LONG_VARIANCE = range(10, 16)
STATE_COLUMNS = 16
# Entries of `whole`: pending is known a day later.
LOG_STABLE, INFLOW, LAST_PRICE, REALISED, CAP_DAYS, CAP_MEAN, CAP_SQUARES, PENDING, KNOWN = (*range(8), 11)
WHOLE_COLUMNS = 15
# Rows of `hours` [12, hours, S]; series of `days` [8, days]: the four pending, then the four known.
H_MARK, H_SPOT, H_CARRY, H_RATE_2, H_RATE_3, H_VARIANCE, H_LONG_VARIANCE, H_RHO, H_PUTS, H_CALLS = range(10)
H_MARK_2, H_MARK_3 = 10, 11
HOUR_ROWS = 12
MARKET_CAP, REALISED_CAP, STABLE_SUPPLY, MVRV_Z = range(4)
DAY_SERIES = 4

# Per hour: the share of the way back that is gone, and the standard deviation of what is added.
MARK_REVERSION = 0.5
SPOT_REVERSION, SPOT_NOISE = 0.2, 0.000_12
SLOW_REVERSION = 1.0 / 120.0
CARRY_BASE, CARRY_OF_PREMIUM = 0.03, 200.0
CARRY_REVERSION, CARRY_NOISE_SD = 0.005, 0.002
OFFSET_REVERSION, OFFSET_NOISE = 0.015, 0.000_025
VARIANCE_REVERSION, VARIANCE_NOISE_SD = 0.02, 0.016
SKEW_REVERSION, SKEW_LEVEL, SKEW_NOISE, SKEW_OF_RETURN = 0.004, -0.2, 0.012, 1.6
FLOW_REVERSION, FLOW_NOISE = 1.0 / 6.0, 0.09

INTEREST_PER_HOUR = 0.000_1 / 8.0
DEAD_BAND_2, DEAD_BAND_3 = 0.000_45, 0.000_5
HOURS_3 = 4

VARIANCE_DECAY = 1.0 / (3.0 * STEPS_PER_DAY)
LONG_VARIANCE_DECAY = 1.0 / (90.0 * STEPS_PER_DAY)
# What an option costs over what the coin moves, in variance; and how much of the level is the coin's ordinary one.
SOLD_ABOVE, ORDINARY_SHARE = 1.16, 0.5
QUOTES_PULLED_ODDS = 0.004

TAKERS_FOLLOW, TAKERS_CHANCE = 0.5, 0.35

BITCOINS, BITCOINS_PER_DAY = 19_600_000.0, 450.0
# The cap before the origin, in caps at the origin: so many days of such a mean and deviation, and what was paid.
CAP_DAYS_BEFORE, CAP_MEAN_BEFORE, CAP_DEVIATION_BEFORE, REALISED_BEFORE = 4_900.0, 0.24, 0.33, 0.53
TURNOVER_PER_DAY = 1.0 / 300.0
STABLE_USD = 130e9
STABLE_GROWTH, STABLE_NOISE, STABLE_OF_INFLOW, INFLOW_REVERSION = 0.000_15, 0.000_5, 0.1, 1.0 / 30.0
STABLE_SHOCK_ODDS, STABLE_SHOCK_SD = 1.0 / 90.0, 0.015

# Draw numbers within an hour, a step, a day.
D_SPOT, D_CARRY, D_OFFSET_2, D_OFFSET_3, D_VARIANCE, D_SKEW, D_FLOW, D_PUTS, D_CALLS = range(9)
D_TAKERS = 0
D_TURNOVER, D_STABLE, D_SHOCK, D_SHOCK_SIZE = range(4)

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64, float64, float64, float64)")
def _settle(premium: float, hours: float, dead_band: float, cap: float) -> float:
    """Funding of `hours` at that mean premium, pulled to the interest rate within a dead band; cap per 8 h."""
    pull = min(dead_band, max(-dead_band, 8.0 * INTEREST_PER_HOUR - premium))
    rate = min(cap, max(-cap, premium + pull)) * (hours / 8.0)
    return float(np.rint(rate * 1e10) / 1e10)


@kernel("void(int64, int64, int64, float64[:,::1], float64[:,::1], float64[:,:,::1])")
def _end_hour(hour: int, row: int, s: int, coins: Floats, states: Floats, hours: Floats) -> None:
    """What venues 2 and 3 settle when the hour before `hour` has ended."""
    cap = coins[s, FUNDING_CAP]
    hours[H_RATE_2, row, s] = _settle(states[s, PREMIUM] + states[s, OFFSET_2], 1.0, DEAD_BAND_2, cap)
    states[s, SUM_3] += states[s, PREMIUM] + states[s, OFFSET_3]
    if hour % HOURS_3 == 0:
        hours[H_RATE_3, row, s] = _settle(states[s, SUM_3] / HOURS_3, float(HOURS_3), DEAD_BAND_3, cap)
        states[s, SUM_3] = 0.0


@kernel("float64(uint64, int64, int64, float64, float64, float64)")
def _wander(key: np.uint64, hour: int, draw: int, x: float, reversion: float, noise: float) -> float:
    """One hour of an Ornstein-Uhlenbeck process around 0."""
    return x - reversion * x + noise * normal(uniform(key, hour, draw))


@kernel("void(int64, int64, uint64, float64, float64, float64[:,::1])")
def _turn_coin(hour: int, s: int, key: np.uint64, premium: float, price: float, states: Floats) -> None:
    """One coin's state for the hour that begins at `price` with `premium`."""
    moved = price / states[s, HOUR_PRICE] - 1.0
    states[s, PREMIUM] = premium
    states[s, HOUR_PRICE] = price
    states[s, HOUR_VARIANCE] = states[s, VARIANCE]
    states[s, HOUR_LONG_VARIANCE] = states[s, LONG_VARIANCE]
    states[s, MARK] += MARK_REVERSION * (premium - states[s, MARK])
    states[s, SLOW_PREMIUM] += SLOW_REVERSION * (premium - states[s, SLOW_PREMIUM])
    states[s, SPOT] = _wander(key, hour, D_SPOT, states[s, SPOT], SPOT_REVERSION, SPOT_NOISE)
    states[s, CARRY_NOISE] = _wander(
        key, hour, D_CARRY, states[s, CARRY_NOISE], CARRY_REVERSION, CARRY_NOISE_SD
    )
    states[s, OFFSET_2] = _wander(key, hour, D_OFFSET_2, states[s, OFFSET_2], OFFSET_REVERSION, OFFSET_NOISE)
    states[s, OFFSET_3] = _wander(key, hour, D_OFFSET_3, states[s, OFFSET_3], OFFSET_REVERSION, OFFSET_NOISE)
    states[s, VARIANCE_NOISE] = _wander(
        key, hour, D_VARIANCE, states[s, VARIANCE_NOISE], VARIANCE_REVERSION, VARIANCE_NOISE_SD
    )
    skew = states[s, SKEW] - SKEW_LEVEL
    states[s, SKEW] = SKEW_LEVEL + (
        _wander(key, hour, D_SKEW, skew, SKEW_REVERSION, SKEW_NOISE) + SKEW_OF_RETURN * moved
    )
    states[s, FLOW] = _wander(key, hour, D_FLOW, states[s, FLOW], FLOW_REVERSION, FLOW_NOISE)


@kernel("void(int64, int64, int64, uint64, float64[:,::1], float64[:,::1], float64[:,:,::1])")
def _show_hour(
    hour: int, row: int, s: int, key: np.uint64, coins: Floats, states: Floats, hours: Floats
) -> None:
    hours[H_MARK, row, s] = states[s, MARK]
    hours[H_MARK_2, row, s] = states[s, MARK] + states[s, OFFSET_2]
    hours[H_MARK_3, row, s] = states[s, MARK] + states[s, OFFSET_3]
    hours[H_SPOT, row, s] = states[s, SPOT]
    hours[H_CARRY, row, s] = CARRY_BASE + CARRY_OF_PREMIUM * states[s, SLOW_PREMIUM] + states[s, CARRY_NOISE]
    ordinary = coins[s, ANCHOR_VARIANCE]
    lifted = SOLD_ABOVE * exact_exp(2.0 * states[s, VARIANCE_NOISE])
    hours[H_VARIANCE, row, s] = lifted * states[s, HOUR_VARIANCE]
    hours[H_LONG_VARIANCE, row, s] = SOLD_ABOVE * (
        ORDINARY_SHARE * ordinary + (1.0 - ORDINARY_SHARE) * states[s, HOUR_LONG_VARIANCE]
    )
    skew = states[s, SKEW]
    hours[H_RHO, row, s] = skew / math.sqrt(1.0 + skew * skew)
    hours[H_PUTS, row, s] = 1.0 if uniform(key, hour, D_PUTS) >= QUOTES_PULLED_ODDS else 0.0
    hours[H_CALLS, row, s] = 1.0 if uniform(key, hour, D_CALLS) >= QUOTES_PULLED_ODDS else 0.0


@kernel("float64(int64, int64, uint64, float64, float64, float64[:,::1])")
def _takers_buy(n: int, s: int, key: np.uint64, moved: float, lots: float, states: Floats) -> float:
    """Lots of the step that takers bought; then the step's return enters the variance."""
    score = moved / math.sqrt(states[s, VARIANCE] / STEPS_PER_YEAR)
    lean = TAKERS_FOLLOW * score + states[s, FLOW] + TAKERS_CHANCE * normal(uniform(key, n, D_TAKERS))
    square = moved * moved * STEPS_PER_YEAR
    states[s, VARIANCE] += VARIANCE_DECAY * (square - states[s, VARIANCE])
    states[s, LONG_VARIANCE] += LONG_VARIANCE_DECAY * (square - states[s, LONG_VARIANCE])
    return float(np.rint(lots * 0.5 * (1.0 + lean / math.sqrt(1.0 + lean * lean))))


@kernel("void(int64, uint64, float64, float64[::1])")
def _end_day(day: int, key: np.uint64, price: float, whole: Floats) -> None:
    """The series of the day `day` that has ended at bitcoin's `price`; those of the day before become known."""
    for series in range(DAY_SERIES):
        whole[KNOWN + series] = whole[PENDING + series]
    cap = (BITCOINS + BITCOINS_PER_DAY * day) * price
    turnover = TURNOVER_PER_DAY * (0.5 + uniform(key, day, D_TURNOVER))
    whole[REALISED] += turnover * (cap - whole[REALISED])
    whole[CAP_DAYS] += 1.0
    off = cap - whole[CAP_MEAN]
    whole[CAP_MEAN] += off / whole[CAP_DAYS]
    whole[CAP_SQUARES] += off * (cap - whole[CAP_MEAN])
    whole[INFLOW] += INFLOW_REVERSION * (price / whole[LAST_PRICE] - 1.0 - whole[INFLOW])
    whole[LAST_PRICE] = price
    whole[LOG_STABLE] += (
        STABLE_GROWTH + STABLE_OF_INFLOW * whole[INFLOW] + STABLE_NOISE * normal(uniform(key, day, D_STABLE))
    )
    if uniform(key, day, D_SHOCK) < STABLE_SHOCK_ODDS:
        whole[LOG_STABLE] += STABLE_SHOCK_SD * normal(uniform(key, day, D_SHOCK_SIZE))
    whole[PENDING + MARKET_CAP] = cap
    whole[PENDING + REALISED_CAP] = whole[REALISED]
    whole[PENDING + STABLE_SUPPLY] = STABLE_USD * exact_exp(whole[LOG_STABLE])
    whole[PENDING + MVRV_Z] = (cap - whole[REALISED]) / math.sqrt(whole[CAP_SQUARES] / whole[CAP_DAYS])


@kernel("void(int64, float64[::1], float64[:,::1])")
def _show_day(row: int, whole: Floats, days: Floats) -> None:
    for series in range(2 * DAY_SERIES):
        days[series, row] = whole[PENDING + series]


@kernel(
    "void(int64, int64, int64, float64[::1], float64[:,:,::1], float64[:,::1], float64[:,::1], uint64[:,::1],"
    " uint64, float64[:,::1], float64[::1], float64[:,::1], float64[:,:,::1], float64[:,::1])"
)
def advance(
    first_step: int,
    steps: int,
    bitcoin: int,
    opened: Floats,
    points: Floats,
    premium: Floats,
    coins: Floats,
    coin_keys: Keys,
    day_key: np.uint64,
    states: Floats,
    whole: Floats,
    buys: Floats,
    hours: Floats,
    days: Floats,
) -> None:
    """Move `states` and `whole` in place along the path of `steps` steps from `first_step` on.

    `opened` [S], `points` [4, steps, S] and `premium` [H, S] are the path; `bitcoin` its column. Out: `buys`
    [steps, S] lots; `hours` [10, H, S] one row per hour touched, rates NaN where none settled inside the
    stretch; `days` [8, D] one row per day touched.
    """
    first_hour, first_day = first_step // STEPS_PER_HOUR, first_step // STEPS_PER_DAY
    count = coins.shape[0]
    hours[H_RATE_2 : H_RATE_3 + 1] = np.nan
    if first_step % STEPS_PER_HOUR != 0:
        for s in range(count):
            _show_hour(first_hour, 0, s, coin_keys[s, 0], coins, states, hours)
    if first_step % STEPS_PER_DAY != 0:
        _show_day(0, whole, days)
    for n in range(first_step, first_step + steps):
        at = n - first_step
        before = opened if at == 0 else points[CLOSE, at - 1]
        if n % STEPS_PER_DAY == 0:
            if n > 0:
                _end_day(n // STEPS_PER_DAY - 1, day_key, before[bitcoin], whole)
            _show_day(n // STEPS_PER_DAY - first_day, whole, days)
        if n % STEPS_PER_HOUR == 0:
            hour = n // STEPS_PER_HOUR
            row = hour - first_hour
            for s in range(count):
                key = coin_keys[s, 0]
                if n > 0:
                    _end_hour(hour, row, s, coins, states, hours)
                _turn_coin(hour, s, key, premium[row, s], before[s], states)
                _show_hour(hour, row, s, key, coins, states, hours)
        for s in range(count):
            moved = points[CLOSE, at, s] / before[s] - 1.0
            buys[at, s] = _takers_buy(n, s, coin_keys[s, 1], moved, points[LOTS, at, s], states)
