"""The choice of symbols as a fold over days: made at the close of one, and the book's until the next choice.

A choice that was decided with is on record and stands: a fold that comes to its close again, at a start or because
other signals are computed by now, takes it from there, and chooses for itself only what nobody has chosen yet. The
confidence in it is of the signals computed then that have a configured weight, whatever an operator or an estimate
has made of their weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.estimates import INSTRUMENTS, When, ask_instruments, shares
from store.database import Database
from store.records import SignalClass
from store.weight_rows import load
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
NEVER = -1


class Selector:
    """Who is traded of the symbols [S]: all of them until the first choice, and where too few are left to choose."""

    def __init__(self, config: SelectorConfig, symbols: Sequence[str], signals: Sequence[Signal]) -> None:
        self._settings = SelectorSettings(
            config.count,
            config.stay_ranks,
            config.least_quote_volume,
            config.by_inverse_volatility,
        )
        self._every_ms = config.every_hours // HOURS_A_DAY * DAY_MS
        self._symbols = tuple(symbols)
        self.hear(signals)
        self._made_ms = NEVER
        self._incumbent = np.zeros(len(self._symbols), dtype=np.bool_)
        self._weight: FloatArray | None = None
        self._question: tuple[int, Measures, NDArray[np.bool_]] | None = None

    def hear(self, signals: Sequence[Signal]) -> None:
        """Choose by what these signals say from the next choice on, in the order of the rows of their readings."""
        self._heard = [
            row
            for row, signal in enumerate(signals)
            if signal.signal_class is SignalClass.DIRECTIONAL and signal.weight > 0.0
        ]

    async def recall(self, database: Database, now_ms: int) -> None:
        """Stand by the newest choice that was on record at the close `now_ms`, where there is one."""
        made = (
            f"SELECT max(estimated_ms) FROM weights WHERE kind = '{INSTRUMENTS}' AND estimated_ms <= {now_ms}"
        )
        for row in await load(database, f"WHERE kind = '{INSTRUMENTS}' AND estimated_ms = ({made})"):
            self.stand_on(row)

    def stand_on(self, row: WeightRow) -> None:
        """Stand by a choice that is on record."""
        share = shares(row)
        weight = None if share is None else np.array([share[symbol] for symbol in self._symbols])
        self._choose(row.estimated_ms, weight)

    def stand_by(self, other: Selector) -> None:
        """Stand by the choice another one made last."""
        self._made_ms, self._incumbent, self._weight = other._made_ms, other._incumbent, other._weight
        self._question = other._question

    def close_day(self, now_ms: int, panel: Panel, readings: Readings, volume: FloatArray) -> None:
        """Choose anew where a choice is due that was not made yet; `volume` [S] in base units over 24 hours."""
        if now_ms % self._every_ms or now_ms <= self._made_ms:
            return
        measures = self._measures(panel, readings, volume)
        self._question = (now_ms, measures, self._incumbent)
        self._choose(now_ms, select(measures, self._incumbent, self._settings).weight)

    def narrow(self, weight: FloatArray) -> FloatArray:
        """Instrument weights [S] (0: not tradable) as they become under the choice in force."""
        return weight if self._weight is None else np.where(weight > 0.0, self._weight, 0.0)

    def chosen_at(self, now_ms: int) -> WeightRow | None:
        """The choice made at this close, as it is recorded; None where none was."""
        return self.newest() if self._question is not None and self._question[0] == now_ms else None

    def newest(self) -> WeightRow | None:
        """The last choice made here, as it is recorded; None where none was."""
        if self._question is None:
            return None
        made_ms, measures, incumbent = self._question
        return ask_instruments(When(made_ms, made_ms), self._symbols, measures, incumbent, self._settings)

    def _choose(self, made_ms: int, weight: FloatArray | None) -> None:
        self._made_ms, self._weight = made_ms, weight
        nobody = np.zeros(len(self._symbols), dtype=np.bool_)
        self._incumbent = nobody if weight is None else weight > 0.0

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
