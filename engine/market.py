"""The market as the engine knows it: a pure fold over bars from the feed's first one, so nothing of it is stored.

A restarted engine folds the same bars through the same code and stands exactly where it stood.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine import market_kernel as kernel
from engine.daily_forecasts import DailyForecasts
from engine.decision import Market
from engine.feeds import feed as at
from engine.feeds.feed import BarBlock, Feed, FundingSettlement
from engine.market_legs import LegMarket
from engine.selection import Selector
from engine.venues.simulated import MarketStep
from risk import clusters, volatility
from risk.parameters import RiskParameters
from store.records import InstrumentKind
from strategies.evaluate import Readings, evaluate, unknown_inputs
from strategies.evidence.breakout import average_true_range
from strategies.inputs import INPUT_NAMES
from strategies.panel import Panel
from strategies.signal import BAR_LENGTHS_MS, TAKER_BUY_VOLUME, Signal
from strategies.track_record import TrackRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

DAY_MS = 86_400_000
FILLED_BARS = 3
ATR_DAYS = 420
ATR_MINIMUM_DAYS = 21
PANEL_DAYS = 435
CRYPTO_DAYS_A_YEAR = 365.0
ROOT_OF_DAYS_A_YEAR = math.sqrt(CRYPTO_DAYS_A_YEAR)
BAR_NAMES = {length: name for name, length in BAR_LENGTHS_MS.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One bar of every symbol, [S] float64, NaN where missing; `inputs`, `legs` [5, L] and `elsewhere` [2, S] as in
    `BarBlock`, of this bar."""

    open_ms: int
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    funding: tuple[FundingSettlement, ...]
    inputs: Mapping[str, FloatArray] = field(default_factory=dict)
    legs: FloatArray | None = None
    elsewhere: FloatArray | None = None


def bars_to_remember(signals: Sequence[Signal], least: Mapping[str, int]) -> dict[str, int]:
    """How many bars of each size a panel must hold for these signals, and at least what is given."""
    depths = dict(least)
    for signal in signals:
        depths[signal.bar] = max(depths.get(signal.bar, 1), signal.window)
    return depths


def inputs_to_keep(signals: Sequence[Signal]) -> dict[str, set[str]]:
    """Which inputs a panel must keep for these signals beside its bars of each size."""
    kept: dict[str, set[str]] = {}
    for signal in signals:
        kept.setdefault(signal.bar, set()).update(name for name in signal.fields if name in INPUT_NAMES)
    return kept


def rows(block: BarBlock) -> list[Row]:
    """The bars of a block one by one, each with the settlements inside it."""
    settled: dict[int, list[FundingSettlement]] = {}
    for settlement in block.funding:
        settled.setdefault((settlement.ts_ms - block.first_open_ms) // block.bar_ms, []).append(settlement)
    return [
        Row(
            block.first_open_ms + index * block.bar_ms,
            block.open[index],
            block.high[index],
            block.low[index],
            block.close[index],
            block.volume[index],
            tuple(settled.get(index, ())),
            {name: values[index] for name, values in block.inputs.items()},
            None if block.legs is None else block.legs[:, index],
            None if block.elsewhere is None else block.elsewhere[:, index],
        )
        for index in range(len(block))
    ]


class MarketState:
    """Panel, volatility, clusters and readings of one universe, and the `legs` beside it; `now_ms` is the close of the
    newest bar folded in, `row` that bar where it came by itself."""

    def __init__(
        self,
        feed: Feed,
        signals: Sequence[Signal],
        parameters: RiskParameters,
        selector: Selector | None = None,
    ) -> None:
        self.symbols, self.bar_ms = feed.symbols, feed.bar_ms
        self.signals = tuple(signals)
        self._parameters = parameters
        self.selector = selector
        self.legs = LegMarket(feed.legs, feed.instruments, feed.bar_ms)
        self._legs_at = feed.legs_at
        count, self._base = len(self.symbols), BAR_NAMES[self.bar_ms]
        more = bars_to_remember(self.signals, {self._base: max(DAY_MS // self.bar_ms, 1), "1d": PANEL_DAYS})
        self._panel = Panel(self.symbols, self.bar_ms, more.pop("1d"), more, inputs_to_keep(self.signals))
        self._intraday = tuple(sorted({signal.bar for signal in self.signals} - {"1d"}))
        self._volatility = volatility.initial(count, self.bar_ms, parameters.volatility_decay_days)
        self.forecasts = DailyForecasts(self.signals)
        self._lot = np.array([float(i.lot) for i in feed.instruments])
        self._min_quantity = np.array([float(i.min_quantity) for i in feed.instruments])
        self._min_notional = np.array([float(i.min_notional) for i in feed.instruments])
        self._shortable = np.array(
            [i.kind is not InstrumentKind.SPOT and parameters.allow_short for i in feed.instruments]
        )
        self._faults_told: dict[str, str] = {}
        self.row: Row | None = None
        self.now_ms = 0
        self.day_completed = False
        self.readings: Readings = evaluate(self.signals, self._panel, 0)
        self._record = TrackRecord(self.signals, count)
        self.atr: FloatArray = np.full(count, np.nan)
        self.cluster = np.full(count, -1, dtype=np.int64)
        self.last_close: FloatArray = np.full(count, np.nan)
        self.missing_run = np.zeros(count, dtype=np.int64)
        self.volume: FloatArray = np.zeros(count)
        self.volume_24h: FloatArray = np.zeros(count)
        self.sigma: FloatArray = np.full(count, np.nan)
        self.sigma_bar_before: FloatArray = np.full(count, np.nan)
        self._sigma_bar: FloatArray = np.full(count, np.nan)
        self._bar_share = self._volatility.bars_per_year**-0.5
        self.bar_return: FloatArray = np.full(count, np.nan)
        self.instrument_weight: FloatArray = np.zeros(count)
        self.tradable: BoolArray = np.zeros(count, dtype=np.bool_)
        self.stale: BoolArray = np.zeros(count, dtype=np.bool_)
        self._seasoned_closes = math.ceil(parameters.min_history_days * DAY_MS / self.bar_ms)

    def stand_as(self, other: MarketState) -> None:
        """Be the same fold as `other`, with the signals it was folded with."""
        vars(self).update(vars(other))

    def keep_only(self, signals: Sequence[Signal]) -> None:
        """Go on with some of the signals, as if the others had never been computed."""
        place = {signal.name: row for row, signal in enumerate(self.signals)}
        kept = [place[signal.name] for signal in signals]
        said = self.readings
        self.signals = tuple(signals)
        self.forecasts = self.forecasts.only(kept)
        self._record.keep(kept)
        self._intraday = tuple(sorted({signal.bar for signal in self.signals} - {"1d"}))
        self.readings = replace(
            said,
            closed_ms=tuple(said.closed_ms[row] for row in kept),
            value=said.value[kept],
            confidence=said.confidence[kept],
            reasons=tuple(said.reasons[row] for row in kept),
            statistics=tuple(said.statistics[row] for row in kept),
            faults=tuple(said.faults[row] for row in kept),
        )
        if self.selector is not None:
            self.selector.hear(self.signals)

    def extend(self, block: BarBlock) -> None:
        """Fold a block in, day by day; the same as appending its bars one by one."""
        per_day = DAY_MS // self.bar_ms
        start = 0
        while start < len(block):
            index = (block.first_open_ms // self.bar_ms + start) % per_day
            stop = min(start + per_day - index, len(block))
            self._fold(block, start, stop)
            start = stop

    def append(self, row: Row) -> None:
        """Fold one bar in."""
        self.row = row
        self.sigma_bar_before, close_before = self._sigma_bar, self.last_close
        completed = self._panel.append(
            row.open_ms,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.inputs.get(TAKER_BUY_VOLUME),
            inputs=row.inputs,
        )
        self._look_back()
        bars = None if row.legs is None else row.legs[:, np.newaxis]
        self.legs.fold(row.open_ms, bars, self._legs_at(row.open_ms))
        entered = np.empty((2, len(self.symbols)))
        kernel.enter(
            np.ascontiguousarray(row.close),
            close_before,
            self.last_close,
            self.missing_run,
            FILLED_BARS,
            entered,
        )
        self.bar_return = entered[kernel.BAR_RETURN]
        volatility.update(self._volatility, entered[kernel.FILLED_CLOSE])
        self._refresh(row.open_ms, row.volume, completed)

    def step(self, row: Row) -> MarketStep:
        """What the venue needs to move through `row`: the bar, and the costs as known at the decision before it."""
        known = self.legs
        legs = known.no_bar if row.legs is None else row.legs
        return MarketStep(
            open_ms=row.open_ms,
            bar_ms=self.bar_ms,
            open=self._beside(row.open, legs[at.OPEN]),
            high=self._beside(row.high, legs[at.HIGH]),
            low=self._beside(row.low, legs[at.LOW]),
            close=self._beside(row.close, legs[at.CLOSE]),
            volume=self._beside(row.volume, legs[at.VOLUME]),
            previous_close=self.closes,
            previous_volume=self.volumes,
            volume_24h=self._beside(self.volume_24h, known.volume_24h),
            sigma_daily=self._beside(self.sigma, self.sigma[known.under]) / ROOT_OF_DAYS_A_YEAR,
            funding=row.funding,
            legs=self._legs_at(row.open_ms),
        )

    @property
    def listed(self) -> tuple[str, ...]:
        """The symbols [S], and then those of the legs [L] that stood in the newest bar."""
        return (*self.symbols, *self.legs.symbols)

    @property
    def closes(self) -> FloatArray:
        """The last close [S + L] of all that is listed."""
        return self._beside(self.last_close, self.legs.last_close)

    @property
    def volumes(self) -> FloatArray:
        """What was traded [S + L] of all that is listed in the newest bar, in base units."""
        return self._beside(self.volume, self.legs.volume)

    @property
    def missing_runs(self) -> IntArray:
        """The bars [S + L] missing in a row of all that is listed."""
        runs, legs = self.missing_run, self.legs
        return np.concatenate((runs, legs.missing_run)) if len(legs) else runs

    @property
    def dead(self) -> BoolArray:
        """What of all that is listed [S + L] has had no bar for long; a leg is dead with the perpetual on its coin."""
        legs = self.legs
        return np.concatenate((self.stale, self.stale[legs.under] | (legs.missing_run > FILLED_BARS)))

    def _beside(self, universe: FloatArray, legs: FloatArray) -> FloatArray:
        return np.concatenate((universe, legs)) if legs.size else universe

    def view(self) -> Market:
        """The market as `decide` takes it."""
        return Market(
            price=self.last_close,
            sigma=self.sigma,
            correlation=volatility.correlation(self._volatility),
            tradable=self.tradable,
            stale=self.stale,
            shortable=self._shortable,
            lot=self._lot,
            min_quantity=self._min_quantity,
            min_notional=self._min_notional,
            instrument_weight=self.instrument_weight,
            cluster=self.cluster,
        )

    def forecast_multiplier(self, weights: FloatArray) -> float:
        """FDM for directional weights [K], from all daily forecasts so far."""
        return self.forecasts.multiplier(weights)

    def forecast_correlation(self) -> FloatArray:
        """H [K, K] of the daily forecasts so far; NaN on the diagonal and below 30 joint readings."""
        return self.forecasts.correlation()

    def daily_closes(self, days: int) -> FloatArray:
        """Closes [S, days] of the newest UTC days that ended, NaN where there is none."""
        return self._panel.window("close", days)

    def fresh_faults(self) -> list[tuple[str, str]]:
        """The signals that raise and what they raise, each told once."""
        if not any(self.readings.faults):
            return []
        found = {
            signal.name: fault
            for signal, fault in zip(self.signals, self.readings.faults, strict=True)
            if fault and self._faults_told.get(signal.name) != fault
        }
        self._faults_told.update(found)
        return list(found.items())

    def bars_known(self, signal: Signal) -> int:
        """Bars of a signal's size the longest history has so far, for telling how far a warm-up is."""
        count = self._panel.frame(signal.bar).count
        return int(count.max()) if count.size else 0

    def unknown_inputs(self, signal: Signal) -> tuple[tuple[str, ...], ...]:
        """By symbol, the inputs that a signal which is computed needs and of which its newest window knows nothing."""
        return unknown_inputs(signal, self._panel)

    def _fold(self, block: BarBlock, start: int, stop: int) -> None:
        part = slice(start, stop)
        inputs = {name: values[part] for name, values in block.inputs.items()}
        open_ms = block.first_open_ms + start * self.bar_ms
        completed = self._panel.extend(
            open_ms,
            block.open[part],
            block.high[part],
            block.low[part],
            block.close[part],
            block.volume[part],
            inputs.get(TAKER_BUY_VOLUME),
            inputs=inputs,
        )
        self._look_back()
        bars = None if block.legs is None else block.legs[:, part]
        self.legs.fold(open_ms, bars, self._legs_at(open_ms + (stop - start - 1) * self.bar_ms))
        volatility.extend(self._volatility, self._filled_closes(stop - start))
        self._refresh(open_ms + (stop - start - 1) * self.bar_ms, block.volume[stop - 1], completed > 0)

    def _filled_closes(self, count: int) -> FloatArray:
        """The newest closes [count, S] under the panel's gap rule."""
        return np.ascontiguousarray(self._panel.window("close", count, self._base).T)

    def _look_back(self) -> None:
        self.last_close = self._panel.last_close
        self.missing_run = self._panel.missing_run
        self.volume_24h = self._panel.volume_24h

    def _refresh(self, open_ms: int, volume: FloatArray, day_completed: bool) -> None:
        self.now_ms = open_ms + self.bar_ms
        count = len(self.symbols)
        facts, flags = np.empty((kernel.FACTS, count)), np.empty((kernel.FLAGS, count), dtype=np.bool_)
        kernel.judge(
            np.ascontiguousarray(volume),
            self._volatility.variance,
            self._volatility.closes,
            self.last_close,
            self.missing_run,
            self._seasoned_closes,
            FILLED_BARS,
            self._volatility.bars_per_year,
            self._bar_share,
            self._parameters.sigma_floor,
            facts,
            flags,
        )
        self.volume, self.sigma, self.instrument_weight, self._sigma_bar = facts
        self.tradable, self.stale = flags
        self.day_completed = day_completed
        if day_completed:
            self._close_day()
        elif self._intraday:
            said = evaluate(self.signals, self._panel, None, self.readings)
            self.readings = self._record.applied(said, self.readings)
        if self.selector is not None:
            if day_completed:
                self.selector.close_day(self.now_ms, self._panel, self.readings, self.volume_24h)
            self.instrument_weight = self.selector.narrow(self.instrument_weight)

    def _close_day(self) -> None:
        self.readings = self._record.applied(evaluate(self.signals, self._panel, self.now_ms))
        self._record.close_day(self.readings.value, self.last_close)
        self.forecasts.add(self._panel.frame("1d").close_ms, self.readings)
        self.cluster = clusters.assign(
            self.symbols,
            self._parameters.clusters,
            volatility.correlation(self._volatility),
            self._parameters.cluster_correlation,
        )
        days = min(ATR_DAYS, self._panel.frame("1d").held)
        if days >= ATR_MINIMUM_DAYS:
            self.atr = average_true_range(
                self._panel.window("high", days),
                self._panel.window("low", days),
                self._panel.window("close", days),
            )
