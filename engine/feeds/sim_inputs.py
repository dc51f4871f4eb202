"""The inputs of `strategies.inputs` as the simulated market shows them, each made only where it is asked for.

Every number is the one known when its bar closes: prices and states are those of the bar's last step, rates are added
up over the bar they settled in, daily series are those of the last day that ended a day before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.feeds import sim_futures as futures
from engine.feeds import sim_kernel as law
from engine.feeds.kernels import beside, smile
from engine.feeds.kernels.carry import worth
from engine.feeds.sim_beside import BesideStretch
from engine.feeds.sim_walk import STEP_MS, Stretch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SETTLEMENT_HOURS, SETTLEMENT_HOURS_2 = 8.0, 1.0


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one stretch: `steps` in each, `close` [n, S], the first opening at `first_open_ms`."""

    stretch: Stretch
    first_open_ms: int
    steps: int
    close: FloatArray
    ticks_per_unit: FloatArray
    lots_per_unit: FloatArray
    has_options: NDArray[np.bool_]

    @property
    def shown(self) -> BesideStretch:
        """What the walk ran for: a feed that is asked for inputs has it."""
        assert self.stretch.beside is not None
        return self.stretch.beside

    @property
    def last_step(self) -> IntArray:
        """The last step [n] of each bar."""
        return self.stretch.first_step + self.steps * np.arange(1, len(self.close) + 1) - 1

    @property
    def close_ms(self) -> IntArray:
        """When each bar [n] closes."""
        return self.first_open_ms + STEP_MS * self.steps * np.arange(1, len(self.close) + 1)

    def at_close(self, hours: FloatArray) -> FloatArray:
        """Of a row per hour touched, those [n, S] of the hours the bars close in."""
        first_hour = self.stretch.first_step // law.STEPS_PER_HOUR
        return np.ascontiguousarray(hours[self.last_step // law.STEPS_PER_HOUR - first_hour])

    def added_up(self, first_step: int, every: int, rates: FloatArray) -> FloatArray:
        """Sums [n, S] of rates [m, S] settled every so many steps from a step on; NaN where a bar has none."""
        bar = (first_step + every * np.arange(len(rates)) - self.stretch.first_step) // self.steps
        settled = ~np.isnan(rates).any(axis=1)
        total = np.full(self.close.shape, np.nan)
        total[bar[settled]] = 0.0
        np.add.at(total, bar[settled], rates[settled])
        return total

    def daily(self, series: int) -> FloatArray:
        """A daily series [n, S] as known at each close: a day's number a day after its end."""
        step = self.last_step
        row = step // beside.STEPS_PER_DAY - self.stretch.first_step // beside.STEPS_PER_DAY
        days_end = (step + 1) % beside.STEPS_PER_DAY == 0
        known = np.where(
            days_end, self.shown.days[series, row], self.shown.days[beside.DAY_SERIES + series, row]
        )
        return np.repeat(known[:, None], self.close.shape[1], axis=1)


def inputs_of(bars: Bars, names: Collection[str]) -> Mapping[str, FloatArray]:
    """Those inputs, each [n, S]."""
    return {name: TABLE[name](bars) for name in names}


def _taker_buy_volume(bars: Bars) -> FloatArray:
    lots = bars.shown.buys.reshape(len(bars.close), bars.steps, -1).sum(axis=1)
    return np.asarray(lots / bars.lots_per_unit)


def index_price(bars: Bars) -> FloatArray:
    return bars.close / (1.0 + bars.at_close(bars.stretch.hours[law.H_PREMIUM]))


def carry(bars: Bars) -> FloatArray:
    """The annual carry [n, S] that futures are priced with."""
    return bars.at_close(bars.shown.hours[beside.H_CARRY])


def _on_tick(bars: Bars, prices: FloatArray) -> FloatArray:
    return np.asarray(np.rint(prices * bars.ticks_per_unit) / bars.ticks_per_unit)


def _mark_price(bars: Bars) -> FloatArray:
    return _marked(bars, beside.H_MARK)


def marks_elsewhere(bars: Bars) -> FloatArray:
    """At what venues 2 and 3 margin their perpetuals [2, n, S]: each pays funding of the premium of its own price."""
    return np.stack([_marked(bars, row) for row in (beside.H_MARK_2, beside.H_MARK_3)])


def _marked(bars: Bars, row: int) -> FloatArray:
    return _on_tick(bars, index_price(bars) * (1.0 + bars.at_close(bars.shown.hours[row])))


def _spot_price(bars: Bars) -> FloatArray:
    return _on_tick(bars, index_price(bars) * (1.0 + bars.at_close(bars.shown.hours[beside.H_SPOT])))


def _open_interest(bars: Bars) -> FloatArray:
    return bars.at_close(bars.stretch.hours[law.H_OPEN_INTEREST])


def _settled(bars: Bars) -> FloatArray:
    return bars.added_up(bars.stretch.first_settlement_step, law.STEPS_PER_SETTLEMENT, bars.stretch.funding)


def _settled_hours(bars: Bars) -> FloatArray:
    covered = np.full_like(bars.stretch.funding, SETTLEMENT_HOURS)
    return bars.added_up(bars.stretch.first_settlement_step, law.STEPS_PER_SETTLEMENT, covered)


def _elsewhere(row: int) -> Callable[[Bars], FloatArray]:
    def rate(bars: Bars) -> FloatArray:
        hour = bars.stretch.first_step // law.STEPS_PER_HOUR
        return bars.added_up(hour * law.STEPS_PER_HOUR, law.STEPS_PER_HOUR, bars.shown.hours[row])

    return rate


def _elsewhere_hours(row: int, hours: float) -> Callable[[Bars], FloatArray]:
    def covered(bars: Bars) -> FloatArray:
        hour = bars.stretch.first_step // law.STEPS_PER_HOUR
        rates = bars.shown.hours[row]
        each = np.where(np.isnan(rates), np.nan, hours)
        return bars.added_up(hour * law.STEPS_PER_HOUR, law.STEPS_PER_HOUR, each)

    return covered


def _years_to_expiry(bars: Bars) -> FloatArray:
    return np.asarray((futures.nearest_expiry(bars.close_ms) - bars.close_ms) / futures.YEAR_MS)


def _future_price(bars: Bars) -> FloatArray:
    prices = np.empty_like(bars.close)
    worth(index_price(bars), carry(bars), _years_to_expiry(bars), prices)
    return _on_tick(bars, prices)


def _future_days(bars: Bars) -> FloatArray:
    days = (futures.nearest_expiry(bars.close_ms) - bars.close_ms) / futures.DAY_MS
    return np.repeat(days[:, None], bars.close.shape[1], axis=1)


def _thirty_days(bars: Bars) -> tuple[FloatArray, FloatArray]:
    volatility, skew = np.full((2, *bars.close.shape), np.nan)
    listed = np.flatnonzero(bars.has_options)
    shown = np.empty((2, len(bars.close), len(listed)))
    variance, long_variance, rho = (
        np.ascontiguousarray(bars.at_close(bars.shown.hours[row])[:, listed])
        for row in (beside.H_VARIANCE, beside.H_LONG_VARIANCE, beside.H_RHO)
    )
    smile.thirty_days(variance, long_variance, rho, shown[0], shown[1])
    volatility[:, listed], skew[:, listed] = shown
    return volatility, skew


def _implied_volatility(bars: Bars) -> FloatArray:
    return _thirty_days(bars)[0]


def _skew(bars: Bars) -> FloatArray:
    return _thirty_days(bars)[1]


def _skew_points(bars: Bars) -> FloatArray:
    puts, calls = (bars.at_close(bars.shown.hours[row]) for row in (beside.H_PUTS, beside.H_CALLS))
    return np.where(bars.has_options, puts + calls, np.nan)


def _daily(series: int) -> Callable[[Bars], FloatArray]:
    return lambda bars: bars.daily(series)


TABLE: Mapping[str, Callable[[Bars], FloatArray]] = {
    "taker_buy_volume": _taker_buy_volume,
    "mark_price": _mark_price,
    "index_price": index_price,
    "spot_price": _spot_price,
    "open_interest": _open_interest,
    "funding_rate": _settled,
    "funding_hours": _settled_hours,
    "funding_rate_2": _elsewhere(beside.H_RATE_2),
    "funding_hours_2": _elsewhere_hours(beside.H_RATE_2, SETTLEMENT_HOURS_2),
    "funding_rate_3": _elsewhere(beside.H_RATE_3),
    "funding_hours_3": _elsewhere_hours(beside.H_RATE_3, float(beside.HOURS_3)),
    "future_price": _future_price,
    "future_days": _future_days,
    "implied_volatility": _implied_volatility,
    "skew_25_delta": _skew,
    "skew_points": _skew_points,
    "bitcoin_market_cap": _daily(beside.MARKET_CAP),
    "bitcoin_realised_cap": _daily(beside.REALISED_CAP),
    "stablecoin_supply": _daily(beside.STABLE_SUPPLY),
    "mvrv_z": _daily(beside.MVRV_Z),
}
