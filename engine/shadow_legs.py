"""The books of signals that hold several instruments on one coin: pairs, options, perpetuals at several venues.

They hold the legs that `engine.pairs` and `engine.option_legs` want for their readings, as a decision does, but out of
the whole neutral budget and before caps and lots. A leg is so many units (x equity / price), traded at the close when
what is said of its coin has left the band that legs have, or a contract is another one; prices alone trade nothing, but
for the perpetual against a straddle's deltas, which follows them at every close. So a pair that is left alone earns
what its two prices part by, and a call sold on a coin what the words of its signal say.

A leg earns what its own price moves by, close to close, and pays fee and half spread of what is traded, premiums
included. A perpetual is paid its funding on what was held when it was settled, at the close before the bar, as the
venue does it. A contract that ends is settled at its last close, without a fee. Where a leg has no price, its coin has
no position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import shadow_kernel as at
from engine.neutral_positions import neutral_positions
from engine.option_legs import OptionListings
from engine.pairs import UNLISTED, PairListings
from engine.shadow_columns import OTHER_VENUES, Columns
from engine.shadow_terms import Terms
from store.records import InstrumentKind
from strategies.classical.legs import own_legs
from strategies.signal import OptionStructure, Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

# Rows of what a signal said last of each coin, float64 [SAID_ROWS, S]: value, v q, when (ms), and at which venues.
VALUE, SCORE, HEARD_MS, SHORT_AT, LONG_AT = range(5)
SAID_ROWS = 5
# Rows of what is held, float64 [HELD_ROWS, W]: units now and before the trades of this close, and what share of what
# the account earns there is the signal's.
UNITS, CARRIED, PART = range(3)
HELD_ROWS = 3
HALF = 0.5
LONE = (0,)


def holds_several(signal: Signal) -> bool:
    """Whether a signal's legs are several instruments on one coin."""
    return signal.pair is not None or signal.options is not None or signal.venues is not None


class LegBooks:
    """The books of those of the `signals` [K] that hold several instruments on a coin; `rows` [P] is where they stand
    among them, `wanted` [P, W] what they want held (x equity, options in strikes), the universe [S] first."""

    def __init__(self, signals: Sequence[Signal], market: MarketState, terms: Terms) -> None:
        self.rows = tuple(row for row, signal in enumerate(signals) if holds_several(signal))
        self._signals = tuple(signals[row] for row in self.rows)
        self._market, self._terms = market, terms
        self._columns = Columns(market, terms)
        legs = self._columns.listed
        self._pairs = PairListings(terms.universe, legs, terms.allow_short)
        self._options = OptionListings(terms.universe, legs, terms.allow_short)
        count, width = len(self.rows), len(self._columns.names)
        self._said = np.full((count, SAID_ROWS, len(market.symbols)), np.nan)
        self._standing = np.zeros((count, len(market.symbols)))
        self._held = np.zeros((count, HELD_ROWS, width))
        self._account = np.zeros(width)
        self._price = self._columns.known(market)
        self._prices_options = any(signal.options is not None for signal in self._signals)
        self._delta: FloatArray = np.empty(0)
        self.wanted: FloatArray = np.zeros((count, width))

    def fold(self, now_ms: int, weight: FloatArray, beside: FloatArray | None = None) -> FloatArray:
        """Take the newest bar, with `weight` [P] in force; the account holds so much `beside` the universe [L] (x
        equity, options in strikes). Returns what it adds to each one's day [P, DAY_COLUMNS]."""
        if self._market.legs.instruments is not self._columns.listed:
            self._list()
        columns, before = self._columns, self._price
        self._price = columns.prices(self._market, before)
        moved = np.nan_to_num(self._price - before)
        ended = columns.expiry_ms <= now_ms
        sums = np.zeros((len(self.rows), at.DAY_COLUMNS))
        held, price = self._held, np.nan_to_num(self._price)
        earned = self._account_earned(moved, ended, beside)
        at_open, inside = columns.settled(self._market)
        at_open, inside = (np.nan_to_num(rate * before) for rate in (at_open, inside))
        for place in range(len(self.rows)):
            paid = held[place, CARRIED] * at_open + held[place, UNITS] * inside
            sums[place, at.GROSS] = math.fsum((held[place, UNITS] * moved - paid).tolist())
            sums[place, at.ATTRIBUTION] = math.fsum((held[place, PART] * earned).tolist())
        held[:, UNITS, ended] = 0.0
        held[:, CARRIED] = held[:, UNITS]
        if self._prices_options:
            self._delta = self._options.deltas(self._market.legs)
        for place in range(len(self.rows)):
            traded = self._trade(place, now_ms) * price
            sums[place, at.TURNOVER] = math.fsum(traded.tolist())
            sums[place, at.COST] = math.fsum((traded * columns.rate).tolist())
        self._share(weight)
        return sums

    def no_book(self, row: int) -> str:
        """Why the signal in a row of all signals has no book here, "" where it has one."""
        if row not in self.rows:
            return ""
        signal = self._signals[self.rows.index(row)]
        if not self._terms.allow_short:
            return "shorting is off"
        if signal.pair is not None and not self._pairs.lists(signal):
            return f"no price for its legs: {signal.pair[0].value} and {signal.pair[1].value} of one coin"
        if signal.options is not None and not self._options.lists(signal):
            return "no price for its legs: options are not listed"
        if signal.venues is not None and not np.isfinite(self._price[self._columns.beside.stop :]).any():
            return "no price for its legs at other venues"
        return ""

    def dump(self) -> dict[str, Any]:
        """The running part, as JSON has it."""
        names, symbols, price = self._columns.names, self._market.symbols, self._price
        books = {}
        for place, signal in enumerate(self._signals):
            said, standing = self._said[place].T.tolist(), self._standing[place].tolist()
            held = np.flatnonzero(self._held[place].any(axis=0)).tolist()
            books[signal.name] = {
                "said": {
                    symbol: [*each, standing[coin]]
                    for coin, (symbol, each) in enumerate(zip(symbols, said, strict=True))
                    if each[HEARD_MS] == each[HEARD_MS]
                },
                "held": {names[n]: [*self._held[place, :, n].tolist(), float(price[n])] for n in held},
            }
        account = np.flatnonzero(self._account).tolist()
        return {
            "books": books,
            "account": {names[n]: [float(self._account[n]), float(price[n])] for n in account},
        }

    def take(self, stored: Mapping[str, Any], names: Sequence[str]) -> None:
        """Go on with what `dump` told of the signals `names`."""
        place_of = {name: column for column, name in enumerate(self._columns.names)}
        coin_of = {symbol: coin for coin, symbol in enumerate(self._market.symbols)}
        for name, (units, price) in stored.get("account", {}).items():
            if (column := place_of.get(name)) is not None:
                self._account[column], self._price[column] = units, price
        for place, signal in enumerate(self._signals):
            book = stored.get("books", {}).get(signal.name) if signal.name in names else None
            if book is None:
                continue
            for symbol, told in book["said"].items():
                *said, self._standing[place, coin_of[symbol]] = told
                self._said[place, :, coin_of[symbol]] = said
            for name, told in book["held"].items():
                if (column := place_of.get(name)) is not None:
                    *held, self._price[column] = told
                    self._held[place, :, column] = held

    def _list(self) -> None:
        """Go on with what stands beside the universe now."""
        before, self._columns = self._columns, Columns(self._market, self._terms)
        self._pairs.list_legs(self._columns.listed)
        self._options.list_legs(self._columns.listed)
        self._held = self._columns.moved(before, self._held)
        self._account = self._columns.moved(before, self._account)
        self._price = self._columns.moved(before, self._price, np.nan)

    def _account_earned(self, moved: FloatArray, ended: BoolArray, beside: FloatArray | None) -> FloatArray:
        """What the account earned beside the universe [W] by what it holds now, and by what has just ended."""
        part = self._columns.beside
        units = np.zeros_like(self._account)
        if beside is not None and beside.size:
            units[part][: beside.size] = np.nan_to_num(beside / self._unit[part][: beside.size])
        earned = np.where(ended, self._account, units) * moved
        self._account = units
        return earned

    @property
    def _unit(self) -> FloatArray:
        """What targets count a unit of each column as: its price, of an option its strike."""
        return np.where(self._columns.strike > 0.0, self._columns.strike, self._price)

    def _trade(self, place: int, now_ms: int) -> FloatArray:
        """Hold what one signal wants at this close; the units traded of each column [W]."""
        columns, signal = self._columns, self._signals[place]
        self._hear(place, now_ms)
        amount, target = self._target(place, now_ms)
        self.wanted[place] = target
        units, hedges = self._held[place, UNITS], signal.options is OptionStructure.STRADDLE
        priced = np.where(target != 0.0, self._unit, 1.0)
        wanted = target / priced
        lacks = (wanted != 0.0) != (units != 0.0)
        standing = self._standing[place]
        anew = np.abs(amount - standing) > self._terms.band * np.abs(amount)
        np.logical_or.at(anew, columns.coin, lacks)
        moves = anew[columns.coin]
        if hedges:
            moves[columns.universe] = True
        self._standing[place] = np.where(anew, amount, standing)
        held = np.where(moves, wanted, units)
        traded: FloatArray = np.abs(held - units)
        self._held[place, UNITS] = held
        return traded

    def _hear(self, place: int, now_ms: int) -> None:
        """What a signal says of each coin now, where it says anything."""
        readings, row, said = self._market.readings, self.rows[place], self._said[place]
        score = readings.value[row] * readings.confidence[row]
        known = np.isfinite(score)
        said[VALUE, known], said[SCORE, known] = readings.value[row, known], score[known]
        said[HEARD_MS, known] = now_ms
        for kind, name in zip((SHORT_AT, LONG_AT), self._signals[place].venues or (), strict=False):
            told = readings.statistics[row].get(name)
            if told is not None:
                said[kind, known] = told[known]

    def _target(self, place: int, now_ms: int) -> tuple[FloatArray, FloatArray]:
        """How much one signal has of each coin [S] (x budget), and of each column [W] (x equity); nothing of a coin
        where one of its legs has no price."""
        signal, said = self._signals[place], self._said[place]
        fresh = now_ms - said[HEARD_MS] <= self._terms.hold_ms
        value, score = np.where(fresh, said[VALUE], np.nan), np.where(fresh, said[SCORE], np.nan)
        if signal.options is not None:
            amount, target = self._structure(signal, value, score)
        elif signal.pair is not None:
            amount, target = self._pair(signal, value, score, now_ms)
        else:
            amount, target = self._venues(said, value, score)
        unpriced = np.zeros(amount.size, dtype=np.bool_)
        np.logical_or.at(unpriced, self._columns.coin, (target != 0.0) & ~(self._unit > 0.0))
        target[unpriced[self._columns.coin]] = 0.0
        return np.where(unpriced, 0.0, amount), target * self._terms.neutral_budget

    def _structure(
        self, signal: Signal, value: FloatArray, score: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        columns, market = self._columns, self._market
        held = self._held[self._signals.index(signal), UNITS, columns.beside]
        said = [(value, score)]
        close, legs = market.last_close, market.legs
        found = self._options.wanted(LONE, [signal], said, close, legs, held, self._delta)
        target = np.zeros(len(columns.names))
        target[: columns.beside.stop] = found.wanted[0].sum(axis=0)
        target[[columns.beside.start + place for place in found.resting]] = 0.0
        return found.amount[0], target

    def _pair(
        self, signal: Signal, value: FloatArray, score: FloatArray, now_ms: int
    ) -> tuple[FloatArray, FloatArray]:
        columns = self._columns
        held = self._held[self._signals.index(signal), UNITS, columns.beside]
        found = self._pairs.wanted(LONE, [signal], [(value, score)], now_ms, held)
        first, second = found.first[0], found.second[0]
        amount = np.where((first != UNLISTED) & (second != UNLISTED), found.amount[0], 0.0)
        there = amount != 0.0
        target = np.zeros(len(columns.names))
        target[first[there]] += HALF * amount[there]
        target[second[there]] -= HALF * amount[there]
        return amount, target

    def _venues(
        self, said: FloatArray, value: FloatArray, score: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        columns, target = self._columns, np.zeros(len(self._columns.names))
        amount = np.nan_to_num(neutral_positions(own_legs, self._market.symbols, value, score))
        sold = [each.kind is InstrumentKind.PERPETUAL for each in self._terms.universe]
        amount = np.where(np.array(sold) & self._terms.allow_short, amount, 0.0)
        known = np.isin(said[[SHORT_AT, LONG_AT]], (1, *OTHER_VENUES)).all(axis=0)
        amount = np.where(known, amount, 0.0)
        for coin in np.flatnonzero(amount).tolist():
            short_at, long_at = (
                columns.at_venue(coin, int(said[kind, coin])) for kind in (SHORT_AT, LONG_AT)
            )
            target[short_at] -= HALF * amount[coin]
            target[long_at] += HALF * amount[coin]
        return amount, target

    def _share(self, weight: FloatArray) -> None:
        """Whose the account's legs are from here on: by weight x what each wants, nobody's where that cancels."""
        said = weight[:, np.newaxis] * self.wanted
        net, gross = said.sum(axis=0), np.abs(said).sum(axis=0)
        whole = np.where(np.abs(net) >= at.LEAST_AGREEMENT * gross, net, 0.0)
        self._held[:, PART] = np.divide(said, whole, out=np.zeros_like(said), where=whole != 0.0)
