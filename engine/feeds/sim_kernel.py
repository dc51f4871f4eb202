"""The law of the simulated market: one compiled recursion in steps of five minutes, every draw a hash.

What it promises: the state after step n is a function of the keys and n alone, and a coin's draws hang on its
own keys, so leaving another coin out changes nothing.

The model, per coin i with log price x_i relative to its anchor:

    dx_i = beta_i s_m z_m + s_i z_i + jumps + drift         every step; s_m, s_i fixed within the hour
    ln s_m = ln base + h,  ln s_i = ln base_i + COMMON_IN_OWN h + g_i
    h -> level of the volatility regime, g_i -> 0           Ornstein-Uhlenbeck, hourly: stochastic volatility
    regime: calm, normal, stress                            hourly Markov chain (Hamilton 1989)
    jumps: common and own, at most one each an hour         normal sizes (Merton 1976); a common one lifts h
    drift = trend of market and coin (up, flat, down, weeks long) - PULL (x_i + x_i^3 / 4)

High and low of a step follow the extremes of a Brownian bridge between its ends. Prices lie on the tick:
rint(exp(x) anchor / tick) tick, rounded for showing only, never fed back.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.feeds.sim_draws import exact_exp, exact_log, normal, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Keys = NDArray[np.uint64]

STEPS_PER_HOUR = 12
STEPS_PER_SETTLEMENT = 8 * STEPS_PER_HOUR
STEPS_PER_YEAR = 365.0 * 24 * STEPS_PER_HOUR

# Columns of `coins` [S, 11]: what a coin is.
ANCHOR, TICKS_PER_UNIT, LOTS_PER_UNIT, BETA, OWN_SD, STEP_USD, SPREAD_BPS, DEPTH_USD, OPEN_INTEREST = range(9)
OWN_JUMP_SD, FUNDING_CAP = 9, 10
COIN_COLUMNS = 11
# Columns of `states` [S, 14]: where a coin is. SD, DRIFT and the jump hold for the hour in progress.
X, PRICE, LOG_SD, TREND, SD, DRIFT, JUMP_STEP, JUMP, PREMIUM, PREMIUM_SUM, LOG_OI, ACTIVITY, SPREAD, DEPTH = (
    range(14)
)
STATE_COLUMNS = 14
# Entries of `market`: where the whole is. M_MOVED: the hour's move so far.
REGIME, M_TREND, M_LOG_SD, M_SD, M_JUMP_STEP, M_JUMP, M_DEMAND, M_MOVED = range(8)
MARKET_COLUMNS = 8
# Rows of `points` [4, steps, S] and of `hours` [4, hours, S].
CLOSE, HIGH, LOW, LOTS = range(4)
H_SPREAD_BPS, H_DEPTH_USD, H_OPEN_INTEREST, H_PREMIUM = range(4)

MARKET_VOLATILITY = 0.55
MARKET_SD = MARKET_VOLATILITY / math.sqrt(STEPS_PER_YEAR)

# Hourly odds to go from (row) to (column) calm, normal, stress: about 12, 11 and 2.5 days in a stretch.
REGIME_ODDS = np.array(
    [
        [0.0, 1.0 / (12 * 24), 1.0 / (90 * 24)],
        [1.0 / (20 * 24), 0.0, 1.0 / (24 * 24)],
        [0.0, 1.0 / (2.5 * 24), 0.0],
    ]
)
REGIME_LOG_LEVEL = np.array([-0.55, -0.08, 0.62])
# Per hour: the share of the way back that is gone, and the standard deviation of what is added.
COMMON_REVERSION, COMMON_NOISE = 0.08, 0.11
OWN_REVERSION, OWN_NOISE = 0.02, 0.065
COMMON_IN_OWN = 0.85
# E[exp(2 g)] = exp(2 var g) for a normal g: taken out, so that OWN_SD is what comes out.
OWN_LOG_CORRECTION = OWN_NOISE * OWN_NOISE / (2.0 * OWN_REVERSION - OWN_REVERSION * OWN_REVERSION)

# Volatility and volume by hour of the UTC day: quiet before Europe wakes, busy when America opens.
HOUR_LOG_SD = 0.01 * np.array(
    [5, -2, -6, -10, -14, -16, -12, -6, 0, 2, 0, -2, 4, 16, 24, 22, 14, 8, 4, 2, 2, -2, -6, -2]
)

# Odds per hour, by regime; sizes in log price; a common jump adds its size times the lift to h.
COMMON_JUMP_ODDS = np.array([0.0015, 0.003, 0.015])
COMMON_JUMP_SD = 0.024
JUMP_LIFTS_LOG_SD = 10.0
OWN_JUMP_ODDS = 0.0025

TREND_CHANGE_ODDS = 1.0 / (60 * 24)
MARKET_TREND_PER_YEAR = 1.00
OWN_TREND_PER_YEAR = 0.50
PULL_PER_YEAR = 0.4

# Premium of the perpetual over its index, as a fraction: demand for leverage chases what the market did. And what
# it settles to every eight hours.
DEMAND_REVERSION, DEMAND_NOISE, DEMAND_OF_MOVE = 0.01, 0.000_050, 0.008
PREMIUM_REVERSION, PREMIUM_NOISE = 0.10, 0.000_10
PREMIUM_BASE, PREMIUM_OF_MARKET_TREND, PREMIUM_OF_OWN_TREND = 0.000_20, 0.000_30, 0.000_25
INTEREST_PER_SETTLEMENT, DEAD_BAND = 0.000_1, 0.000_5

OPEN_INTEREST_REVERSION, OPEN_INTEREST_NOISE = 0.005, 0.006

# Draw numbers within an hour (coin and market) and within a step.
D_LOG_SD, D_TREND, D_TREND_VALUE, D_JUMP, D_JUMP_STEP, D_JUMP_SIZE, D_PREMIUM, D_OI, D_SPREAD, D_DEPTH = (
    range(10)
)
D_REGIME = 10
D_PATH, D_HIGH, D_LOW, D_VOLUME = range(4)

kernel = functools.partial(njit, cache=True, nogil=True, error_model="numpy")


@kernel("float64(float64)")
def _exp_of_little(x: float) -> float:
    """exp(x) where x is the little between a step's end and its extreme: three terms are plenty."""
    return 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0)))


@kernel("UniTuple(float64, 2)(int64, uint64, float64, float64)")
def _jump(hour: int, key: np.uint64, odds: float, sd: float) -> tuple[float, float]:
    """The step of the hour at which a jump falls and its log size; (-1, 0) without one."""
    if uniform(key, hour, D_JUMP) >= odds:
        return -1.0, 0.0
    step = math.floor(STEPS_PER_HOUR * uniform(key, hour, D_JUMP_STEP))
    return float(step), sd * normal(uniform(key, hour, D_JUMP_SIZE))


@kernel("float64(int64, uint64, float64)")
def _turn_trend(hour: int, key: np.uint64, trend: float) -> float:
    """-1, 0 or 1, drawn anew now and then."""
    if uniform(key, hour, D_TREND) < TREND_CHANGE_ODDS:
        return math.floor(3.0 * uniform(key, hour, D_TREND_VALUE)) - 1.0
    return trend


@kernel("void(int64, int64, float64[:,::1], float64[:,::1], float64[:,:,::1])")
def _show_hour(s: int, row: int, coins: Floats, states: Floats, hours: Floats) -> None:
    hours[H_SPREAD_BPS, row, s] = states[s, SPREAD]
    hours[H_DEPTH_USD, row, s] = states[s, DEPTH]
    hours[H_OPEN_INTEREST, row, s] = coins[s, OPEN_INTEREST] * exact_exp(states[s, LOG_OI])
    hours[H_PREMIUM, row, s] = states[s, PREMIUM]


@kernel("float64(int64, float64[:,::1], float64[:,::1])")
def _settle(s: int, coins: Floats, states: Floats) -> float:
    """Funding of the eight hours that end: mean premium, pulled to the interest rate within a dead band."""
    premium = states[s, PREMIUM_SUM] / 8.0
    states[s, PREMIUM_SUM] = 0.0
    pulled = premium + min(DEAD_BAND, max(-DEAD_BAND, INTEREST_PER_SETTLEMENT - premium))
    cap = coins[s, FUNDING_CAP]
    return float(np.rint(min(cap, max(-cap, pulled)) * 1e8) / 1e8)


@kernel(
    "void(int64, int64, int64, uint64, float64[:,::1], float64, float64, float64[:,::1], float64[:,:,::1])"
)
def _step_coin(
    n: int,
    row: int,
    s: int,
    key: np.uint64,
    coins: Floats,
    market_move: float,
    market_sd: float,
    states: Floats,
    points: Floats,
) -> None:
    """One coin over step `n`: its new log price, and what a tape would show of the step."""
    beta, sd = coins[s, BETA], states[s, SD]
    move = beta * market_move + sd * normal(uniform(key, n, D_PATH)) + states[s, DRIFT]
    if n % STEPS_PER_HOUR == int(states[s, JUMP_STEP]):
        move += states[s, JUMP]
    variance = beta * beta * market_sd * market_sd + sd * sd
    up = 0.5 * (move + math.sqrt(move * move - 2.0 * variance * exact_log(uniform(key, n, D_HIGH))))
    down = 0.5 * (move - math.sqrt(move * move - 2.0 * variance * exact_log(uniform(key, n, D_LOW))))
    states[s, X] += move
    ticks_per_unit = coins[s, TICKS_PER_UNIT]
    ticks = coins[s, ANCHOR] * exact_exp(states[s, X]) * ticks_per_unit
    opened, closed = states[s, PRICE], max(1.0, np.rint(ticks)) / ticks_per_unit
    top = np.rint(ticks * _exp_of_little(up - move)) / ticks_per_unit
    bottom = max(1.0, np.rint(ticks * _exp_of_little(down - move))) / ticks_per_unit
    stretch = (up - down) / math.sqrt(variance)
    traded_usd = (
        coins[s, STEP_USD] * states[s, ACTIVITY] * (0.3 + 0.45 * stretch) * (0.5 + uniform(key, n, D_VOLUME))
    )
    states[s, PRICE] = closed
    points[CLOSE, row, s] = closed
    points[HIGH, row, s] = max(opened, closed, top)
    points[LOW, row, s] = min(opened, closed, bottom)
    points[LOTS, row, s] = max(1.0, np.rint(traded_usd / closed * coins[s, LOTS_PER_UNIT]))


@kernel("void(int64, int64, uint64, float64[:,::1], float64[::1], float64[:,::1])")
def _turn_coin(hour: int, s: int, key: np.uint64, coins: Floats, market: Floats, states: Floats) -> None:
    """One coin's state for the hour that begins, after the market's."""
    states[s, LOG_SD] += OWN_NOISE * normal(uniform(key, hour, D_LOG_SD)) - OWN_REVERSION * states[s, LOG_SD]
    stir = COMMON_IN_OWN * market[M_LOG_SD] + states[s, LOG_SD] + HOUR_LOG_SD[hour % 24]
    states[s, SD] = coins[s, OWN_SD] * exact_exp(stir - OWN_LOG_CORRECTION)
    states[s, TREND] = _turn_trend(hour, key, states[s, TREND])
    trend = MARKET_TREND_PER_YEAR * coins[s, BETA] * market[M_TREND] + OWN_TREND_PER_YEAR * states[s, TREND]
    x = states[s, X]
    states[s, DRIFT] = (trend - PULL_PER_YEAR * x * (1.0 + 0.25 * x * x)) / STEPS_PER_YEAR
    states[s, JUMP_STEP], states[s, JUMP] = _jump(hour, key, OWN_JUMP_ODDS, coins[s, OWN_JUMP_SD])
    premium = (
        PREMIUM_BASE + PREMIUM_OF_MARKET_TREND * market[M_TREND] + PREMIUM_OF_OWN_TREND * states[s, TREND]
    )
    states[s, PREMIUM] += PREMIUM_REVERSION * (
        premium + market[M_DEMAND] - states[s, PREMIUM]
    ) + PREMIUM_NOISE * normal(uniform(key, hour, D_PREMIUM))
    states[s, PREMIUM_SUM] += states[s, PREMIUM]
    states[s, LOG_OI] += (
        OPEN_INTEREST_REVERSION * (0.3 * market[M_TREND] + 0.2 * states[s, TREND] - states[s, LOG_OI])
        + OPEN_INTEREST_NOISE * normal(uniform(key, hour, D_OI))
        - abs(market[M_JUMP])
        - abs(states[s, JUMP])
    )
    states[s, ACTIVITY] = exact_exp(0.9 * stir)
    states[s, SPREAD] = coins[s, SPREAD_BPS] * exact_exp(
        0.8 * stir + 0.2 * normal(uniform(key, hour, D_SPREAD))
    )
    states[s, DEPTH] = coins[s, DEPTH_USD] * exact_exp(
        0.25 * normal(uniform(key, hour, D_DEPTH)) - 0.7 * stir
    )


@kernel("void(int64, uint64, float64[::1])")
def _turn_market(hour: int, key: np.uint64, market: Floats) -> None:
    """The market's own state for the hour that begins."""
    regime = int(market[REGIME])
    u = uniform(key, hour, D_REGIME)
    for target in range(3):
        if u < REGIME_ODDS[regime, target]:
            market[REGIME] = target
            break
        u -= REGIME_ODDS[regime, target]
    regime = int(market[REGIME])
    market[M_LOG_SD] += (
        COMMON_REVERSION * (REGIME_LOG_LEVEL[regime] - market[M_LOG_SD])
        + COMMON_NOISE * normal(uniform(key, hour, D_LOG_SD))
        + JUMP_LIFTS_LOG_SD * abs(market[M_JUMP])
    )
    market[M_SD] = MARKET_SD * exact_exp(market[M_LOG_SD] + HOUR_LOG_SD[hour % 24])
    market[M_TREND] = _turn_trend(hour, key, market[M_TREND])
    market[M_JUMP_STEP], market[M_JUMP] = _jump(hour, key, COMMON_JUMP_ODDS[regime], COMMON_JUMP_SD)
    market[M_DEMAND] += (
        DEMAND_OF_MOVE * market[M_MOVED]
        + DEMAND_NOISE * normal(uniform(key, hour, D_PREMIUM))
        - DEMAND_REVERSION * market[M_DEMAND]
    )
    market[M_MOVED] = 0.0


@kernel(
    "void(int64, int64, float64[:,::1], uint64[:,::1], uint64[::1], float64[::1], float64[:,::1],"
    " float64[:,:,::1], float64[:,:,::1], float64[:,::1])"
)
def advance(
    first_step: int,
    steps: int,
    coins: Floats,
    coin_keys: Keys,
    market_keys: Keys,
    market: Floats,
    states: Floats,
    points: Floats,
    hours: Floats,
    funding: Floats,
) -> None:
    """Move `market` and `states` in place from the start of `first_step` over `steps` steps.

    Keys: [..., 0] for the hours, [..., 1] for the steps. Out: `points` [4, steps, S] (prices on the tick,
    volume in lots), `hours` [4, H, S] one row per hour touched, `funding` [F, S] one row per settlement
    touched but the one at step 0, which nothing precedes.
    """
    first_hour = first_step // STEPS_PER_HOUR
    first_settlement = max(1, -(-first_step // STEPS_PER_SETTLEMENT))
    if first_step % STEPS_PER_HOUR != 0:
        for s in range(coins.shape[0]):
            _show_hour(s, 0, coins, states, hours)
    for n in range(first_step, first_step + steps):
        if n % STEPS_PER_HOUR == 0:
            hour = n // STEPS_PER_HOUR
            _turn_market(hour, market_keys[0], market)
            for s in range(coins.shape[0]):
                if n > 0 and n % STEPS_PER_SETTLEMENT == 0:
                    row = n // STEPS_PER_SETTLEMENT - first_settlement
                    funding[row, s] = _settle(s, coins, states)
                _turn_coin(hour, s, coin_keys[s, 0], coins, market, states)
                _show_hour(s, hour - first_hour, coins, states, hours)
        move = market[M_SD] * normal(uniform(market_keys[1], n, D_PATH))
        if n % STEPS_PER_HOUR == int(market[M_JUMP_STEP]):
            move += market[M_JUMP]
        market[M_MOVED] += move
        for s in range(coins.shape[0]):
            _step_coin(n, n - first_step, s, coin_keys[s, 1], coins, move, market[M_SD], states, points)
