"""What stands beside recorded bars, joined to their closes as of the moment it was known.

Read span by span like the bars themselves, a little further back where a value may still be fresh, so that what a span
holds does not depend on which was read before it. MVRV Z, which needs its whole series, and the skew of chains of
options are derived once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from engine.feeds.as_of import (
    HOUR_MS,
    LONGEST_INTERVAL_HOURS,
    PERIODS_FRESH,
    SETTLED_BEFORE_MS,
    as_of,
    fallen_into,
    hours_covered,
    mvrv_z,
)
from store.history import FIRST_SETTLEMENTS_MS, TAKER_BUY_VOLUME, History, Rows, first_interval_ms
from store.history_inputs import InputPart
from store.history_venues import VenuePart
from store.stablecoins import PEG_BREAK, counts_until_ms
from store.symbols import base_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

END_OF_TIME_MS = 2**62
SNAPSHOT_MS = 60_000
"""Quotes that follow each other sooner are of one snapshot."""
RATE, HOURS = "funding_rate", "funding_hours"
SUPPLY = "stablecoin_supply"
Series = tuple["IntArray", "FloatArray"]
"""Times [m] in ms and values [m]."""


class ReplayInputs:
    """The inputs of one history."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._whole = [self._derived(item) for item in history.inputs]
        self._first_hours = [_hours(history.funding_interval_ms(symbol)) for symbol in history.symbols]
        self._first_hours_beside = [
            {name: self._first_hours_at(venue, name) for name in venue.slots} for venue in history.venues
        ]

    @property
    def names(self) -> frozenset[str]:
        """The inputs the files have anything of."""
        history = self._history
        numbers = {
            f"_{number}" for item in history.venues for slots in item.slots.values() for _, number in slots
        }
        suffixes = numbers | ({""} if history.has_funding() else set())
        funding = {name + suffix for name in (RATE, HOURS) for suffix in suffixes}
        return frozenset({item.name for item in history.inputs} | funding)

    def served(self, name: str) -> frozenset[int]:
        """The symbols, by index, of which the files have anything of an input."""
        parts = (item for item in self._history.inputs if item.name == name)
        return frozenset(place for item in parts for places in item.serves.values() for place in places)

    def in_each_bar(self, name: str, first_open_ms: int, count: int) -> FloatArray:
        """An input as it became known inside each of `count` bars [count, S], NaN where it did not."""
        bar_ms = self._history.bar_ms
        close_ms = first_open_ms + bar_ms * np.arange(1, count + 1, dtype=np.int64)
        found = np.full((count, len(self._history.symbols)), np.nan)
        for item in (each for each in self._history.inputs if each.name == name):
            for symbol, (available_ms, values) in self._series(item, close_ms).items():
                joined = as_of(close_ms, available_ms, values, bar_ms - 1)
                for place in item.serves[symbol]:
                    found[:, place] = _first_of(found[:, place], joined)
        return found

    def block(self, first_open_ms: int, count: int) -> dict[str, FloatArray]:
        """Every input the files know something of, [count, S] by name, at the closes of `count` bars."""
        known: dict[str, FloatArray] = {}
        close_ms = first_open_ms + self._history.bar_ms * np.arange(1, count + 1, dtype=np.int64)
        found: dict[tuple[str, int], dict[str, FloatArray]] = {}
        for item, whole in zip(self._history.inputs, self._whole, strict=True):
            for symbol, (available_ms, values) in (whole or self._series(item, close_ms)).items():
                joined = as_of(close_ms, available_ms, values, PERIODS_FRESH * item.period_ms)
                for place in item.serves[symbol]:
                    by_symbol = found.setdefault((item.name, place), {})
                    by_symbol[symbol] = _first_of(by_symbol.get(symbol), joined)
        for (name, place), by_symbol in found.items():
            column = self._column(known, name, count, place)
            column[:] = (
                self._supply(close_ms, by_symbol) if name == SUPPLY else reduce(_first_of, by_symbol.values())
            )
        self._fund(known, first_open_ms, count)
        bought = self._history.taker_buy_volume(first_open_ms, count)
        return known if bought is None else {**known, TAKER_BUY_VOLUME: bought}

    def _supply(self, close_ms: IntArray, by_coin: Mapping[str, FloatArray]) -> FloatArray:
        """The sum over the coins that count on the day that is known by then, NaN while one of them is not known."""
        total, any_counts = np.zeros(len(close_ms)), np.zeros(len(close_ms), dtype=np.bool_)
        items = [item for item in self._history.inputs if item.name == SUPPLY]
        for coin in sorted({coin for item in items for coin in item.serves}):
            known_ms = close_ms - min(item.lag_ms for item in items if coin in item.serves)
            first_ms = min(item.part.spans[coin].first_ms for item in items if coin in item.serves)
            counts = (known_ms >= first_ms) & (known_ms < counts_until_ms(base_of(coin)))
            total += np.where(counts, by_coin.get(coin, np.nan), 0.0)
            any_counts |= counts
        return np.where(any_counts, total, np.nan)

    def _series(self, item: InputPart, close_ms: IntArray) -> dict[str, Series]:
        """Values by the file's own symbols that may be known at these closes, and when they became so."""
        first_ms = int(close_ms[0]) - item.lag_ms - PERIODS_FRESH * item.period_ms
        rows = self._history.rows(item, item.columns, first_ms, int(close_ms[-1]) - item.lag_ms + 1)
        return {
            symbol: (own.ts_ms + item.lag_ms, own.columns[0] * item.factor)
            for symbol in item.serves
            if len((own := rows.of(symbol)).ts_ms)
        }

    def _derived(self, item: InputPart) -> dict[str, Series]:
        """An input that is derived of a whole file, nothing for one that stands in a column."""
        if len(item.columns) == 1:
            return {}
        rows = self._history.rows(item, item.columns, 0, END_OF_TIME_MS)
        series = {symbol: _derived_series(item.name, rows.of(symbol)) for symbol in item.serves}
        return {symbol: (at_ms + item.lag_ms, values) for symbol, (at_ms, values) in series.items()}

    def _first_hours_at(self, venue: VenuePart, name: str) -> float:
        """What the first settlement of a symbol of a venue that is not traded covers."""
        first_ms = venue.part.spans[name].first_ms
        rows = self._history.rows(venue, (RATE, HOURS), first_ms, first_ms + FIRST_SETTLEMENTS_MS)
        return _hours(first_interval_ms(_settlements(rows.of(name))))

    def _fund(self, known: dict[str, FloatArray], first_open_ms: int, count: int) -> None:
        """Rates and hours of the venue traded and of the others."""
        history = self._history
        since_ms, end_ms = first_open_ms - SETTLED_BEFORE_MS, first_open_ms + count * history.bar_ms
        span = first_open_ms, count
        if history.has_funding():
            settled, funded = history.settlements(since_ms, end_ms), history.funded
            for place, symbol in enumerate(history.symbols):
                if symbol in funded:
                    self._settle(known, "", place, span, settled.of(symbol), self._first_hours[place])
        for venue, first_hours in zip(history.venues, self._first_hours_beside, strict=True):
            rows = history.rows(venue, (RATE, HOURS), since_ms, end_ms)
            for name, slots in venue.slots.items():
                own = _settlements(rows.of(name))
                for place, number in slots:
                    self._settle(known, f"_{number}", place, span, own, first_hours[name])

    def _settle(
        self,
        known: dict[str, FloatArray],
        suffix: str,
        place: int,
        span: tuple[int, int],
        settled: Rows,
        first_hours: float,
    ) -> None:
        first_open_ms, count = span
        rates, told = settled.columns
        hours = hours_covered(settled.ts_ms, told, first_hours)
        for name, values in ((RATE, rates), (HOURS, hours)):
            column = self._column(known, name + suffix, count, place)
            fallen = fallen_into(first_open_ms, self._history.bar_ms, count, settled.ts_ms, values)
            column[:] = np.where(np.isnan(column), fallen, column)

    def _column(self, known: dict[str, FloatArray], name: str, count: int, place: int) -> FloatArray:
        shape = (count, len(self._history.symbols))
        return known.setdefault(name, np.full(shape, np.nan))[:, place]


def _settlements(rows: Rows) -> Rows:
    """Those rows that have a rate: bars of a perpetual future may have one in some of them alone."""
    have = np.isfinite(rows.columns[0])
    return Rows(rows.symbol[have], rows.ts_ms[have], tuple(column[have] for column in rows.columns))


def _hours(interval_ms: int | None) -> float:
    """An interval in hours, the longest there is where nothing told it."""
    return float(LONGEST_INTERVAL_HOURS) if interval_ms is None else interval_ms / HOUR_MS


def _first_of(one: FloatArray | None, other: FloatArray) -> FloatArray:
    """The values of the first of two sources, and of the second where the first has none."""
    return other if one is None else np.where(np.isnan(one), other, one)


def _derived_series(name: str, rows: Rows) -> Series:
    if name == SUPPLY:
        return rows.ts_ms, _at_market(*rows.columns)
    return _scores(rows) if name == "mvrv_z" else _skews(rows, name)


def _at_market(supply: FloatArray, price: FloatArray) -> FloatArray:
    """A dollar a coin, and where its peg is broken what it is worth."""
    return np.where(np.abs(price - 1.0) > PEG_BREAK, supply * price, supply)


def _scores(rows: Rows) -> Series:
    """MVRV Z of every day."""
    market_cap, realised_cap = rows.columns
    return rows.ts_ms, mvrv_z(market_cap, realised_cap)


def _skews(rows: Rows, name: str) -> Series:
    """The skew of every snapshot of a chain of coin-settled options, or how many of its points are well quoted."""
    from strategies.options.skew import Chain, recorded_skew

    starts = np.flatnonzero(np.diff(rows.ts_ms, prepend=-END_OF_TIME_MS) > SNAPSHOT_MS)
    taken, found = [], []
    for start, stop in zip(starts, [*starts[1:], len(rows.ts_ms)], strict=True):
        expiry, strike, is_call, bid, ask, forward = (column[start:stop] for column in rows.columns)
        chain = Chain(expiry.astype(np.int64), strike, is_call > 0, bid * forward, ask * forward, forward)
        taken.append(int(rows.ts_ms[stop - 1]))
        skew = recorded_skew(chain, taken[-1])
        found.append(skew.skew if name == "skew_25_delta" else float(skew.points))
    return np.array(taken, dtype=np.int64), np.array(found, dtype=np.float64)
