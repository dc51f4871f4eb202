"""Structures of options on one coin: which contracts a signal holds, and how much of each.

Limits, bands and lots count an option in strikes: its quantity times its strike, which is what its exercise could move
and what a put that is secured in cash has set aside. So a position stays what it is while its premium comes and goes.

- A straddle is a call and a put at one strike, sold (or, for a negative reading, bought) in equal quantities, and the
  perpetual on the coin against their deltas of the moment; it trades when it leaves its band, as every position does.
- A covered call is a coin bought and a call sold on it, the one listed furthest above the coin; never more calls than
  coins.
- A secured put is a put sold, the one listed furthest below the coin; its strikes are part of the neutral budget.

The last two are held for what they earn at expiry and are not hedged. What is held runs until it is settled; then the
structure goes on with the series that expires last, as it does where nothing is held; it waits for the next bar, which
lists one with strikes of that hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.market_legs import coins_under
from engine.neutral_positions import neutral_positions
from store.records import Instrument, InstrumentKind, OptionRight
from strategies.classical.legs import own_legs
from strategies.signal import OptionStructure, Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.market_legs import LegMarket

    FloatArray = NDArray[np.float64]

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
# A series nearer to its expiry than this is not sold any more.
LEAST_MS = 3 * DAY_MS
HALF = 0.5


@dataclass(frozen=True, slots=True)
class OptionLegs:
    """What signals that hold options want: `rows` [P] in the table of signals, and `wanted` [P, S, S + L] for each coin
    (x budget), options in strikes. `betas` [L]: what each leg has of the beta of its coin in that measure; of contracts
    that are not hedged, what leaves nothing to hedge. `covered`: the places of calls that are sold on a coin only, and
    of that coin. `resting`: the places of those that are not sold yet. `amount` [P, S]: what each signal says of each
    coin (x budget), of which it holds the structure."""

    rows: tuple[int, ...]
    wanted: FloatArray
    betas: FloatArray
    amount: FloatArray
    covered: tuple[tuple[int, int], ...] = ()
    resting: tuple[int, ...] = ()

    def rows_on(self, column: int) -> tuple[int, ...]:
        """The rows of the signals that want something of a column."""
        there = (self.wanted[:, :, column] != 0.0).any(axis=1)
        return tuple(row for row, wants in zip(self.rows, there.tolist(), strict=True) if wants)


@dataclass(frozen=True, slots=True)
class Series:
    """What expires at one time on the coin that stands at `coin` in the universe: places among the legs of a call and a
    put at one strike, of the call with the highest strike and of the put with the lowest."""

    coin: int
    expiry_ms: int
    call: int
    put: int
    far_call: int
    far_put: int

    def contracts(self, structure: OptionStructure) -> tuple[int, ...]:
        """The places of the options that make up a structure."""
        if structure is OptionStructure.STRADDLE:
            return self.call, self.put
        return (self.far_call,) if structure is OptionStructure.COVERED_CALL else (self.far_put,)


class OptionListings:
    """The options among the legs [L] beside a universe [S], and the structures that can be made of them."""

    def __init__(self, universe: Sequence[Instrument], legs: Sequence[Instrument], allow_short: bool) -> None:
        self._universe = tuple(universe)
        self._symbols = tuple(instrument.symbol for instrument in universe)
        self._perpetual = [each.kind is InstrumentKind.PERPETUAL for each in universe]
        self._allow_short = allow_short
        self.list_legs(legs)

    def list_legs(self, legs: Sequence[Instrument]) -> None:
        """What stands beside the universe from now on."""
        coins = coins_under(legs, self._universe)
        self._spot = {
            coin: place
            for place, (leg, coin) in enumerate(zip(legs, coins, strict=True))
            if leg.kind is InstrumentKind.SPOT
        }
        found: dict[tuple[int, int], dict[tuple[OptionRight, float], int]] = {}
        for place, (leg, coin) in enumerate(zip(legs, coins, strict=True)):
            if leg.right is not None:
                found.setdefault((coin, leg.expiry_ms), {})[leg.right, float(leg.strike)] = place
        self._series = [
            series
            for (coin, at_ms), places in sorted(found.items())
            if (series := _series(coin, at_ms, places))
        ]
        self._on_coin: dict[int, list[Series]] = {}
        for series in self._series:
            self._on_coin.setdefault(series.coin, []).append(series)
        self._strike = np.array([float(leg.strike) for leg in legs])
        self._is_call = np.array([leg.right is OptionRight.CALL for leg in legs], dtype=np.bool_)

    def lists(self, signal: Signal) -> bool:
        """Whether a signal's structure can be held on any coin."""
        return self._allow_short and any(self._holdable(series.coin, signal) for series in self._series)

    def wanted(
        self,
        rows: Sequence[int],
        signals: Sequence[Signal],
        said: Sequence[tuple[FloatArray, FloatArray]],
        price: FloatArray,
        legs: LegMarket,
        held: FloatArray,
        delta: FloatArray | None = None,
    ) -> OptionLegs:
        """What `signals` [P] in the `rows` of the table want, having `said` so much of each coin: values, and those
        times confidence; NaN for what is not known. `price` [S] of the universe; so much [L] is `held` of the
        legs. Without their `delta` [L] it is worked out."""
        count = len(self._universe)
        delta = self.deltas(legs) if delta is None else delta
        wanted = np.zeros((len(rows), count, count + len(legs)))
        resting, amounts = [], np.zeros((len(rows), count))
        for place, (signal, (value, score)) in enumerate(zip(signals, said, strict=True)):
            chosen = {coin: self._chosen(coin, signal, legs.now_ms, held) for coin in self._on_coin}
            there = np.array([chosen.get(coin) is not None for coin in range(count)], dtype=np.bool_)
            value, score = np.where(there, value, np.nan), np.where(there, score, np.nan)
            amounts[place] = amount = np.nan_to_num(neutral_positions(own_legs, self._symbols, value, score))
            for coin, series in chosen.items():
                if series is None or amount[coin] == 0.0:
                    continue
                if self._awaits(coin, signal, legs, held):
                    if signal.options is not OptionStructure.COVERED_CALL:
                        continue
                    # The coin stays, whose call is sold in the next bar.
                    resting.append(series.far_call)
                self._fill(wanted[place, coin], signal, series, amount[coin], price[coin], legs, delta)
        covered = self.covered(any(signal.options is OptionStructure.COVERED_CALL for signal in signals))
        betas = self._betas(price, legs, delta)
        return OptionLegs(tuple(rows), wanted, betas, amounts, covered, tuple(resting))

    def covered(self, wanted: bool) -> tuple[tuple[int, int], ...]:
        """The places of calls that are sold on a coin, `wanted` or still held, and of that coin."""
        on_coins = (series for series in self._series if series.coin in self._spot)
        return tuple(
            (series.far_call, self._spot[series.coin])
            for series in on_coins
            if wanted or series.far_call != series.call
        )

    def deltas(self, legs: LegMarket) -> FloatArray:
        """Forward deltas [L] at the newest closes, NaN of what is no option or has no price; those without time value
        are what they are worth exercising. The forward is that of call and put at one strike."""
        from strategies.options.pricing import black_76, implied_volatility

        delta = np.full(len(legs), np.nan)
        if not self._series:
            return delta
        close, each = legs.last_close, self._series
        places = np.array([[s.call, s.put, s.far_call, s.far_put] for s in each])
        strike, call = self._strike[places], self._is_call[places]
        forward = (strike[:, 0] + close[places[:, 0]] - close[places[:, 1]])[:, np.newaxis]
        years = np.array([[max(s.expiry_ms - legs.now_ms, 0) / YEAR_MS] for s in each])
        volatility = implied_volatility(close[places], forward, strike, years, call).volatility
        found = black_76(forward, strike, years, volatility, call).delta
        exercised = np.where(call, 1.0 * (forward > strike), -1.0 * (forward < strike))
        known = (forward > 0.0) & (close[places] > 0.0)
        delta[places] = np.where(known, np.where(np.isnan(found), exercised, found), np.nan)
        return delta

    def _fill(
        self,
        row: FloatArray,
        signal: Signal,
        series: Series,
        amount: float,
        price: float,
        legs: LegMarket,
        delta: FloatArray,
    ) -> None:
        """The legs [S + L] of one structure on one coin; none where it has no price."""
        first, contracts = len(self._universe), series.contracts(signal.options or OptionStructure.STRADDLE)
        if signal.options is OptionStructure.STRADDLE:
            of_coin = price / self._strike[series.call]
            hedge = HALF * amount * of_coin * float(delta[list(contracts)].sum())
            if not np.isfinite(hedge):
                return
            row[[first + place for place in contracts]] = -HALF * amount
            row[series.coin] = hedge
            return
        amount = max(amount, 0.0)
        if signal.options is OptionStructure.SECURED_PUT:
            row[first + series.far_put] = -amount
            return
        spot = self._spot[series.coin]
        coin = legs.last_close[spot]
        if coin > 0.0:
            row[first + spot] = HALF * amount
            row[first + series.far_call] = -HALF * amount * self._strike[series.far_call] / coin

    def _betas(self, price: FloatArray, legs: LegMarket, delta: FloatArray) -> FloatArray:
        betas = np.ones(len(legs))
        for series in self._series:
            straddle = [series.call, series.put]
            betas[straddle] = delta[straddle] * price[series.coin] / self._strike[straddle]
            betas[series.far_put] = 0.0
            spot = self._spot.get(series.coin)
            coin = price[series.coin] if spot is None else legs.last_close[spot]
            betas[series.far_call] = coin / self._strike[series.far_call]
        # What is not known is of nothing that is wanted: a structure without a price is not.
        return np.nan_to_num(betas)

    def _chosen(self, coin: int, signal: Signal, now_ms: int, held: FloatArray) -> Series | None:
        """The series to hold on a coin: the one that is held, until it expires, else the one that expires last."""
        structure = signal.options
        if structure is None or not self._holdable(coin, signal):
            return None
        alive = [series for series in self._on_coin[coin] if series.expiry_ms > now_ms]
        kept = [series for series in alive if any(held[at] for at in series.contracts(structure))]
        lasting = [series for series in reversed(alive) if series.expiry_ms >= now_ms + LEAST_MS]
        return next(iter((*kept, *lasting)), None)

    def _awaits(self, coin: int, signal: Signal, legs: LegMarket, held: FloatArray) -> bool:
        """Whether nothing is held for a signal on a coin, and a series has just expired: the next bar lists another,
        with strikes of that hour."""
        structure, each = signal.options or OptionStructure.STRADDLE, self._on_coin[coin]
        alive = (series for series in each if series.expiry_ms > legs.now_ms)
        ended = any(legs.now_ms - legs.bar_ms < series.expiry_ms <= legs.now_ms for series in each)
        return ended and not any(held[at] for series in alive for at in series.contracts(structure))

    def _holdable(self, coin: int, signal: Signal) -> bool:
        if signal.options is OptionStructure.COVERED_CALL:
            return coin in self._spot
        return signal.options is OptionStructure.SECURED_PUT or self._perpetual[coin]


def _series(coin: int, expiry_ms: int, places: dict[tuple[OptionRight, float], int]) -> Series | None:
    """None where no strike has both a call and a put."""
    calls, puts = (
        sorted(strike for each, strike in places if each is right)
        for right in (OptionRight.CALL, OptionRight.PUT)
    )
    both = [strike for strike in calls if strike in puts]
    if not both:
        return None
    middle = both[len(both) // 2]
    return Series(
        coin,
        expiry_ms,
        places[OptionRight.CALL, middle],
        places[OptionRight.PUT, middle],
        places[OptionRight.CALL, calls[-1]],
        places[OptionRight.PUT, puts[0]],
    )
