"""The choice of symbols as a fold over days: made at the close of one, and the book's until the next choice.

Like everything the market alone determines it is folded again at a start, who was chosen before included; so the
confidence in it is of the configured signals, whatever an operator or an estimate has made of their weights since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.estimates import When, ask_instruments
from store.records import SignalClass
from strategies.blend.selector import (
    Measures,
    SelectorSettings,
    directional_index,
    select,
    sharpe_and_volatility,
)
from strategies.blend.settings import HOURS_A_DAY, SelectorConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from store.weight_rows import WeightRow
    from strategies.evaluate import Readings
    from strategies.panel import Panel
    from strategies.signal import Signal

    FloatArray = NDArray[np.float64]

DAY_MS = 86_400_000
RETURN_DAYS = 30
TREND_DAYS = 100
TREND_PERIOD = 14


class Selector:
    """Who is traded of the symbols [S]: all of them until the first choice, and where too few are left to choose."""

    def __init__(self, config: SelectorConfig, symbols: Sequence[str], signals: Sequence[Signal]) -> None:
        self._settings = SelectorSettings(
            config.count,
            config.stay_ranks,
            config.least_quote_volume,
            config.allocation == "inverse-volatility",
        )
        self._every_ms = config.every_hours // HOURS_A_DAY * DAY_MS
        self._symbols = tuple(symbols)
        self._heard = [
            row
            for row, signal in enumerate(signals)
            if signal.signal_class is SignalClass.DIRECTIONAL and signal.weight > 0.0
        ]
        self._incumbent = np.zeros(len(self._symbols), dtype=np.bool_)
        self._weight: FloatArray | None = None
        self._question: tuple[int, Measures, NDArray[np.bool_]] | None = None

    def close_day(self, now_ms: int, panel: Panel, readings: Readings, volume: FloatArray) -> None:
        """Choose anew where a choice is due; `volume` [S] in base units over 24 hours."""
        if now_ms % self._every_ms:
            return
        measures = self._measures(panel, readings, volume)
        self._question = (now_ms, measures, self._incumbent)
        self._weight = select(measures, self._incumbent, self._settings).weight
        self._incumbent = self._incumbent & False if self._weight is None else self._weight > 0.0

    def narrow(self, weight: FloatArray) -> FloatArray:
        """Instrument weights [S] (0: not tradable) as they become under the choice in force."""
        return weight if self._weight is None else np.where(weight > 0.0, self._weight, 0.0)

    def chosen_at(self, now_ms: int) -> WeightRow | None:
        """The choice made at this close, as it is recorded; None where none was."""
        if self._question is None or self._question[0] != now_ms:
            return None
        _, measures, incumbent = self._question
        return ask_instruments(When(now_ms, now_ms), self._symbols, measures, incumbent, self._settings)

    def _measures(self, panel: Panel, readings: Readings, volume: FloatArray) -> Measures:
        unknown = np.full(len(self._symbols), np.nan)
        held = panel.frame("1d").held
        sharpe, volatility, trend, confidence = (unknown,) * 4
        if held > RETURN_DAYS:
            sharpe, volatility = sharpe_and_volatility(panel.window("close", RETURN_DAYS + 1))
        if held >= TREND_DAYS:
            high, low, close = (panel.window(name, TREND_DAYS) for name in ("high", "low", "close"))
            trend = directional_index(high, low, close, TREND_PERIOD)
        if self._heard:
            heard = readings.confidence[self._heard]
            known = np.isfinite(heard) & np.isfinite(readings.value[self._heard])
            count = known.sum(axis=0)
            total = np.where(known, heard, 0.0).sum(axis=0)
            confidence = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return Measures(sharpe, trend, confidence, volatility, volume * panel.last_close)
