"""What is listed on the coins of the simulated market when a bar closes: quarterly futures and chains of options.

Options expire on the next four Fridays, the last Fridays of the next three months, and with the next four quarterly
futures, at 08:00 UTC. Each is priced on the forward of its own expiry, without discounting (collateral is worth its
face), on a surface without arbitrage; bid and ask of a strike's call and put stand at the same volatilities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from engine.feeds import sim_futures as futures
from engine.feeds.feed import DataFault
from engine.feeds.kernels import beside, smile
from engine.feeds.kernels.carry import total_carry
from engine.feeds.sim_inputs import Bars, carry, index_price
from strategies.options.pricing import black_76
from strategies.options.skew import Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

WEEK_MS = 7 * futures.DAY_MS
# 1970-01-02 was a Friday.
FIRST_FRIDAY_MS = futures.DAY_MS + futures.EXPIRY_HOUR_MS
WEEKS, MONTHS, QUARTERS = 4, 3, 4
# Strikes reach so many deviations to both sides, in steps of about a fifth of one.
REACH, STEPS_PER_DEVIATION = 2.5, 5.0
ROUND = (5.0, 2.5, 2.0, 1.0)
# Ask less bid, in volatility; of a side whose quotes are pulled.
SPREAD, PULLED_SPREAD = 0.02, 0.16


def quarterly_futures(bars: Bars, column: int) -> Mapping[int, float]:
    """Prices on the tick of the next four quarterly futures, by expiry in ms, at the last bar's close."""
    now_ms = int(bars.close_ms[-1])
    listed = list(islice(futures.quarterly_expiries(now_ms), QUARTERS))
    ticks = bars.ticks_per_unit[column]
    return {at: float(np.rint(_forward(bars, column, at) * ticks) / ticks) for at in listed}


def option_chain(bars: Bars, column: int) -> Chain:
    """Calls and puts of every strike and expiry of one coin at the last bar's close. Raises DataFault."""
    if not bars.has_options[column]:
        raise DataFault("sim market: no options are listed on this coin; there are some on BTC and ETH")
    parts = [_quotes(bars, column, expiry_ms) for expiry_ms in option_expiries(int(bars.close_ms[-1]))]
    expiry_ms, strike, call, bid, ask, forward = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Chain(expiry_ms, strike, call, bid, ask, forward)


def option_expiries(now_ms: int) -> list[int]:
    """When the options listed at `now_ms` expire, soonest first."""
    friday_ms = now_ms + (FIRST_FRIDAY_MS - now_ms - 1) % WEEK_MS + 1
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    months = [now.year * 12 + now.month - 1 + ahead for ahead in range(MONTHS + 1)]
    ends = [futures.last_friday_ms(month // 12, month % 12 + 1) for month in months]
    return sorted(
        {
            *(friday_ms + week * WEEK_MS for week in range(WEEKS)),
            *[end_ms for end_ms in ends if end_ms > now_ms][:MONTHS],
            *islice(futures.quarterly_expiries(now_ms), QUARTERS),
        }
    )


def _quotes(bars: Bars, column: int, expiry_ms: int) -> tuple[FloatArray | NDArray[np.int64], ...]:
    """Columns of the chain for one expiry: at each strike the call, then the put."""
    years = (expiry_ms - int(bars.close_ms[-1])) / futures.YEAR_MS
    variance, long_variance, rho = (
        float(bars.at_close(bars.shown.hours[row])[-1, column])
        for row in (beside.H_VARIANCE, beside.H_LONG_VARIANCE, beside.H_RHO)
    )
    forward = _forward(bars, column, expiry_ms)
    theta = smile.at_the_money(variance, long_variance, years)
    strikes = round_strikes(forward, math.sqrt(theta))
    log_strikes = np.log(strikes / forward)
    middle = np.sqrt([smile.total_variance(k, theta, rho) / years for k in log_strikes.tolist()])
    puts, calls = (
        bars.at_close(bars.shown.hours[row])[-1, column] > 0.0 for row in (beside.H_PUTS, beside.H_CALLS)
    )
    half = 0.5 * np.where(np.where(strikes >= forward, calls, puts), SPREAD, PULLED_SPREAD)
    is_call = np.tile([True, False], len(strikes))
    strike = np.repeat(strikes, 2)
    bid, ask = (
        black_76(forward, strike, years, np.repeat(middle + side, 2), is_call).price for side in (-half, half)
    )
    every = np.ones(len(strike))
    return np.full(len(strike), expiry_ms), strike, is_call, bid, ask, forward * every


def _forward(bars: Bars, column: int, expiry_ms: int) -> float:
    years = (expiry_ms - int(bars.close_ms[-1])) / futures.YEAR_MS
    grown = math.exp(total_carry(float(carry(bars)[-1, column]), years))
    return float(index_price(bars)[-1, column]) * grown


def round_strikes(forward: float, deviation: float) -> FloatArray:
    """Round strikes around the forward, whose total deviation is given."""
    finest = forward * deviation / STEPS_PER_DEVIATION
    power = 10.0 ** math.floor(math.log10(finest))
    step = next(each for each in ROUND if each * power <= finest) * power
    first = math.ceil(forward * math.exp(-REACH * deviation) / step)
    last = math.floor(forward * math.exp(REACH * deviation) / step)
    return step * np.arange(max(first, 1), last + 1, dtype=np.float64)
