"""The instruments that own books of pairs, options and several venues are held in, each one column: the universe, what
is listed beside it, and the perpetuals of two other venues on the coins of the universe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from engine.feeds.feed import CLOSE
from engine.shadow_terms import Terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market import MarketState

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

OTHER_VENUES = (2, 3)
RATE = "funding_rate"
NEVER_MS = 2**62


class Columns:
    """The columns [W] of one market as it lists them now: `names`, where in the universe their coins stand, what a
    trade costs (fraction), strikes (0: no option) and when they end."""

    def __init__(self, market: MarketState, terms: Terms) -> None:
        symbols, legs = market.symbols, market.legs
        count, others = len(symbols), len(OTHER_VENUES)
        self.listed = legs.instruments
        self.universe, self.beside = slice(count), slice(count, count + len(legs))
        self.names = (
            *symbols,
            *legs.symbols,
            *(f"{symbol} {venue}" for venue in OTHER_VENUES for symbol in symbols),
        )
        coins = np.arange(count)
        self.coin: IntArray = np.concatenate((coins, legs.under, np.tile(coins, others)))
        elsewhere = np.zeros(others * count)
        beside = [terms.rate_of(leg) for leg in legs.instruments]
        self.rate: FloatArray = np.concatenate((terms.rate, beside, np.tile(terms.rate, others)))
        self.strike: FloatArray = np.concatenate((np.zeros(count), legs.strike, elsewhere))
        never = np.full(count, NEVER_MS)
        self.expiry_ms: IntArray = np.concatenate((never, legs.expiry_ms, np.tile(never, others)))

    def at_venue(self, coin: int, venue: int) -> int:
        """The column of the perpetual on a coin of the universe at a venue; 1 is the one traded."""
        if venue == 1:
            return coin
        return self.beside.stop + OTHER_VENUES.index(venue) * self.universe.stop + coin

    def known(self, market: MarketState) -> FloatArray:
        """The last closes [W] that the market itself remembers, NaN where it has none."""
        elsewhere = np.full(len(OTHER_VENUES) * self.universe.stop, np.nan)
        found = np.concatenate((market.last_close, market.legs.last_close, elsewhere))
        return found if market.row is None else self.prices(market, found)

    def prices(self, market: MarketState, before: FloatArray) -> FloatArray:
        """What each is worth at the newest close [W], what it was worth `before` where that has none of it. An option
        may be worth nothing."""
        row = market.row
        assert row is not None
        legs = np.full(len(self.listed), np.nan) if row.legs is None else row.legs[CLOSE]
        nowhere = np.full((len(OTHER_VENUES), self.universe.stop), np.nan)
        elsewhere = nowhere if row.elsewhere is None else row.elsewhere
        found = np.concatenate((market.last_close, legs, *elsewhere))
        return np.where((found > 0.0) | ((found == 0.0) & (self.strike > 0.0)), found, before)

    def settled(self, market: MarketState) -> tuple[FloatArray, FloatArray]:
        """Funding rates [W] of the newest bar: on what was held when it opened, and on what was held inside it. Of
        other venues only the sum over the bar is known; it falls on what was held at the open."""
        at_open, inside = np.zeros((2, len(self.names)))
        row = market.row
        assert row is not None
        for settlement in row.funding:
            rates = at_open if settlement.ts_ms == row.open_ms else inside
            rates[settlement.symbol_index] += settlement.rate
        at = self.beside.stop
        for venue in OTHER_VENUES:
            rate = row.inputs.get(f"{RATE}_{venue}")
            if rate is not None:
                at_open[at : at + rate.size] = np.nan_to_num(rate)
            at += self.universe.stop
        return at_open, inside

    def moved(self, before: Columns, values: FloatArray, empty: float = 0.0) -> FloatArray:
        """Values [..., W'] of the columns there were `before`, as those of these columns; `empty` where one is new."""
        found = np.full((*values.shape[:-1], len(self.names)), empty)
        place = {name: column for column, name in enumerate(before.names)}
        for column, old in self._kept(place):
            found[..., column] = values[..., old]
        return found

    def _kept(self, place: dict[str, int]) -> Iterator[tuple[int, int]]:
        return ((column, place[name]) for column, name in enumerate(self.names) if name in place)
