"""What is listed beside the universe, as the engine knows it at a close: a fold over bars like the market itself, and a
part of it. A leg moves as its coin does, so its volatility is that of the perpetual on the coin. A future that has
expired keeps its place, without bars and at its last close, until another one takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.feeds.feed import CLOSE, LEG_ROWS, VOLUME
from store.records import Instrument, InstrumentKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

DAY_MS = 86_400_000
NEVER_MS = 2**62


class LegMarket:
    """Closes and volumes of the instruments `legs` [L] beside a universe [S]; `under` [L] is where their coins stand in
    it, `expiry_ms` [L] when they end, and `symbols` [L] their names in the newest bar. Everything is [L]; with no legs
    all of it is empty."""

    def __init__(self, legs: Sequence[Instrument], universe: Sequence[Instrument], bar_ms: int) -> None:
        self.under: IntArray = np.array(coins_under(legs, universe), dtype=np.int64)
        self._list(tuple(legs))
        self.bar_ms = bar_ms
        self.now_ms = 0
        # By bar of the day, so that their sum does not depend on where a fold began.
        self._day = np.zeros((DAY_MS // bar_ms, len(self.instruments)))
        self._nothing = np.zeros(len(self.instruments))
        self.last_close: FloatArray = np.full(len(self.instruments), np.nan)
        self.volume: FloatArray = self._nothing
        self.volume_24h: FloatArray = self._nothing
        self._silent_bars: IntArray = np.zeros(len(self.instruments), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.instruments)

    def fold(self, open_ms: int, bars: FloatArray | None, listed: tuple[Instrument, ...]) -> None:
        """Take consecutive bars [5, n, L], n at least 1, the first opening at `open_ms`, of which the newest is that of
        what is `listed`; None where the feed has no legs."""
        if bars is None or not self.instruments:
            return
        if listed is not self.instruments:
            self._list(listed)
        self.now_ms = open_ms + bars.shape[1] * self.bar_ms
        per_day = len(self._day)
        newest = bars[:, -per_day:]
        first = open_ms // self.bar_ms + bars.shape[1] - newest.shape[1]
        volume = np.where(newest[VOLUME] > 0.0, newest[VOLUME], 0.0)
        self._day[(first + np.arange(len(volume))) % per_day] = volume
        self.volume, self.volume_24h = volume[-1], self._day.sum(axis=0)
        self.last_close = _last_known(bars[CLOSE], self.last_close)
        there = bars[CLOSE] > 0.0
        since, nowhere = there[::-1].argmax(axis=0), ~there.any(axis=0)
        self._silent_bars = np.where(nowhere, self._silent_bars + len(there), since)

    @property
    def alive(self) -> BoolArray:
        """Which of them have not expired at the close of the newest bar."""
        return self.expiry_ms > self.now_ms

    @property
    def unit(self) -> FloatArray:
        """What limits, bands and lots count a unit of each as: its last close, of an option that has one its strike."""
        return np.where((self.strike > 0.0) & (self.last_close > 0.0), self.strike, self.last_close)

    @property
    def plain(self) -> int:
        """How many stand before the first option."""
        options = np.flatnonzero(self.strike > 0.0)
        return int(options[0]) if options.size else len(self)

    @property
    def missing_run(self) -> IntArray:
        """Bars [L] missing in a row of what had one before and has not expired."""
        awaited = self.alive & (self.last_close > 0.0)
        return np.where(awaited, self._silent_bars, 0)

    def _list(self, listed: tuple[Instrument, ...]) -> None:
        self.instruments = listed
        self.symbols = tuple(leg.symbol for leg in listed)
        self.no_bar: FloatArray = np.full((LEG_ROWS, len(listed)), np.nan)
        self.expiry_ms: IntArray = np.array([leg.expiry_ms or NEVER_MS for leg in listed], dtype=np.int64)
        self.strike: FloatArray = np.array([float(leg.strike) for leg in listed])


class LegPart:
    """The first `count` of the legs beside a universe, as they are at any close."""

    def __init__(self, whole: LegMarket, count: int) -> None:
        self._whole, self._part = whole, slice(count)
        self.under = whole.under[:count]

    def __len__(self) -> int:
        return len(self.under)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return self._whole.instruments[self._part]

    @property
    def strike(self) -> FloatArray:
        return self._whole.strike[self._part]

    @property
    def last_close(self) -> FloatArray:
        return self._whole.last_close[self._part]

    @property
    def unit(self) -> FloatArray:
        return self._whole.unit[self._part]

    @property
    def volume(self) -> FloatArray:
        return self._whole.volume[self._part]

    @property
    def alive(self) -> BoolArray:
        return self._whole.alive[self._part]


def coins_under(legs: Sequence[Instrument], universe: Sequence[Instrument]) -> list[int]:
    """Where in a universe the coin of each leg stands: at its first perpetual, else at what is listed first on it."""
    places: dict[str, int] = {}
    for kinds in ((InstrumentKind.PERPETUAL,), tuple(InstrumentKind)):
        for place, instrument in enumerate(universe):
            if instrument.kind in kinds:
                places.setdefault(instrument.base, place)
    return [places[leg.base] for leg in legs]


def _last_known(closes: FloatArray, before: FloatArray) -> FloatArray:
    """The newest close of each column [n, L] that is one, else what was known before."""
    found: FloatArray = np.where(closes[-1] > 0.0, closes[-1], before)
    if len(closes) == 1 or (closes[-1] > 0.0).all():
        return found
    for column in range(closes.shape[1]):
        there = np.flatnonzero(closes[:, column] > 0.0)
        if there.size:
            found[column] = closes[there[-1], column]
    return found
