"""The embedded market: USDT perpetuals on generated coins, a pure function of the seed.

Any range of bars equals the same range of one long read, bit for bit, and bars of different sizes show the
same market. Needs no file, no network and no clock.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.feeds.feed import BarBlock, DataFault, FundingSettlement
from engine.feeds.sim_listing import Listing, Terms
from engine.feeds.sim_universe import SYMBOLS, UNIVERSE, perpetual
from store.records import Instrument
from strategies.inputs import INPUT_NAMES
from strategies.signal import TAKER_BUY_VOLUME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.feeds.sim_inputs import Bars
    from engine.feeds.sim_options import Strikes
    from engine.feeds.sim_walk import Stretch
    from strategies.options.skew import Chain

    FloatArray = NDArray[np.float64]

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
STEP_MS = 300_000
START_MS = 1_704_067_200_000  # 2024-01-01
# Options are quoted from so long before the first bar that is traded.
OPTIONS_BEFORE_MS = 2 * DAY_MS
# How many of the last stretches keep their inside for `quotes`: 8 x 30 days of 12 coins are 10 MB.
KEPT_STRETCHES = 8


@dataclass(frozen=True, slots=True)
class MarketDetail:
    """What n bars of S symbols show beside prices, each array [n, S] as it stands when the bar opens.

    `spread_bps` between best bid and ask; `depth_usd` on one side within 10 bps of the middle;
    `open_interest` in base units; `premium` of the perpetual over its index, as a fraction.
    """

    first_open_ms: int
    bar_ms: int
    spread_bps: FloatArray
    depth_usd: FloatArray
    open_interest: FloatArray
    premium: FloatArray


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch as bars: block, detail, and the prices [n, steps + 1, S] where the steps of each bar end."""

    block: BarBlock
    detail: MarketDetail
    prices: FloatArray

    def row(self, open_ms: int) -> int | None:
        row, rest = divmod(open_ms - self.block.first_open_ms, self.block.bar_ms)
        return row if rest == 0 and 0 <= row < len(self.block) else None


class SimulatedFeed:
    """The `Feed` of one seed. Every method may be called from any thread; `quotes` waits for none of them."""

    def __init__(
        self,
        seed: int,
        bar_ms: int = HOUR_MS,
        start_ms: int = START_MS,
        history_days: int = 600,
        symbols: Sequence[str] | None = None,
        inputs: Collection[str] = (),
        options: bool = False,
    ) -> None:
        """Loads the compiled kernel. `inputs`: what bars are to carry, by name as in `BarBlock`; other names are
        ignored. `options`: whether they are listed beside such bars. Raises DataFault for symbols, bar size or start
        this market lacks."""
        from engine.feeds.sim_walk import Walk

        self.symbols = tuple(symbols or SYMBOLS)
        _refuse_impossible(self.symbols, bar_ms, start_ms, history_days)
        coins = tuple(coin for name in self.symbols for coin in UNIVERSE if coin.symbol == name)
        self.instruments = tuple(perpetual(coin) for coin in coins)
        self.bar_ms = bar_ms
        self.start_ms = start_ms
        self.first_open_ms = start_ms - history_days * DAY_MS
        self.end_ms: int | None = None
        self.notices: tuple[str, ...] = ()
        self._seed = seed
        self._ticks_per_unit = np.array([float(1 / coin.tick) for coin in coins])
        self._lots_per_unit = np.array([float(1 / coin.lot) for coin in coins])
        self._inputs = frozenset(inputs).intersection((TAKER_BUY_VOLUME, *INPUT_NAMES))
        self._coins = coins
        self._has_options = np.array([coin.has_options for coin in coins])
        self._dated = np.flatnonzero(self._has_options).tolist() if self._inputs else []
        self._lists_options = options and bool(self._dated)
        self._options_from_ms = max(start_ms - OPTIONS_BEFORE_MS, self.first_open_ms)
        self._strikes: dict[int, tuple[Strikes, ...]] = {}
        self._list()
        self._new_walk = partial(Walk, seed, coins, beside=bool(self._inputs))
        self._begin()

    def _begin(self) -> None:
        """Stand before the first bar, and keep none."""
        self._walk = self._new_walk()
        self._turn = threading.Lock()
        self._kept: tuple[_Piece, ...] = ()

    def trade_on(self, terms: Terms) -> None:
        """List everything on these terms instead. Walks the market up to where trading starts."""
        self.instruments = tuple(map(terms, self.instruments))
        self._list(terms)
        self.legs_at(self.start_ms)

    @property
    def legs(self) -> tuple[Instrument, ...]:
        """See `Feed`."""
        return self.legs_at(self.start_ms)

    def legs_at(self, open_ms: int) -> tuple[Instrument, ...]:
        """See `Feed.legs_at`; immediate for a bar that was read, else the market is walked to what it lists."""
        listed = self._listing.at(open_ms)
        while listed is None:
            with self._turn:
                self._strike(self._listing.series(open_ms))
            listed = self._listing.at(open_ms)
        return listed

    def _list(self, terms: Terms = lambda instrument: instrument) -> None:
        self._terms = terms
        coins = self._coins if self._inputs else ()
        from_ms = self._options_from_ms if self._lists_options else None
        self._listing = Listing(coins, from_ms, self._strikes, terms)

    def _strike(self, series: Iterable[int], read: Stretch | None = None) -> None:
        """Have the strikes of these series, from the stretch just `read` where it shows their listing."""
        from engine.feeds.sim_strikes import listing_step, strikes_of

        for expiry_ms in series:
            if expiry_ms in self._strikes:
                continue
            step = listing_step(expiry_ms, self.first_open_ms)
            stretch = read
            if read is None or not 0 <= step - read.first_step < read.points.shape[1]:
                (stretch,) = self._walk.stretches(step, 1)
            assert stretch is not None
            self._strikes[expiry_ms] = strikes_of(stretch, step, self._dated)

    def beside(self, options: bool = False) -> SimulatedFeed:
        """See `Feed.beside`; neither reader waits for the other."""
        other = copy(self)
        other._begin()
        if options and not self._lists_options:
            other._lists_options, other._strikes = bool(self._dated), {}
            other._list(self._terms)
        return other

    def close(self) -> None:
        """Nothing is held open."""

    def read(self, first_open_ms: int, count: int) -> BarBlock:
        """`count` bars from `first_open_ms` on. Raises DataFault for a time that opens no bar here."""
        blocks: list[BarBlock] = []
        kept: list[_Piece] = []
        with self._turn:
            for piece in self._pieces(first_open_ms, count):
                blocks.append(piece.block)
                kept = [*kept, piece][-KEPT_STRETCHES:]
            self._kept = (*self._kept, *kept)[-KEPT_STRETCHES:]
        return _joined(blocks, first_open_ms, self.bar_ms, len(self.symbols))

    def quotes(self, open_ms: int, fraction: float) -> FloatArray | None:
        """Prices [S] `fraction` of the way through the bar: its open at 0, its close at 1, inside its range.

        None for a bar that was not among those read last.
        """
        for piece in reversed(self._kept):
            row = piece.row(open_ms)
            if row is not None:
                steps = piece.prices.shape[1] - 1
                position = min(1.0, max(0.0, fraction)) * steps
                step = min(int(position), steps - 1)
                before, after = piece.prices[row, step], piece.prices[row, step + 1]
                price = before + (after - before) * (position - step)
                return np.asarray(np.rint(price * self._ticks_per_unit) / self._ticks_per_unit)
        return None

    def detail(self, first_open_ms: int, count: int) -> MarketDetail:
        """Spread, depth, open interest and premium of `count` bars. Raises DataFault like `read`."""
        with self._turn:
            details = [piece.detail for piece in self._pieces(first_open_ms, count)]
        empty = np.empty((0, len(self.symbols)))
        return MarketDetail(
            first_open_ms,
            self.bar_ms,
            np.concatenate([empty, *(part.spread_bps for part in details)]),
            np.concatenate([empty, *(part.depth_usd for part in details)]),
            np.concatenate([empty, *(part.open_interest for part in details)]),
            np.concatenate([empty, *(part.premium for part in details)]),
        )

    def option_chain(self, open_ms: int, symbol: str) -> Chain:
        """Every option on the symbol's coin, as quoted when the bar closes. Raises DataFault where none is listed."""
        from engine.feeds.sim_chain import option_chain

        return option_chain(*self._listed(open_ms, symbol))

    def futures(self, open_ms: int, symbol: str) -> Mapping[int, float]:
        """Prices of the quarterly futures on the symbol's coin by expiry in ms, when the bar closes."""
        from engine.feeds.sim_chain import quarterly_futures

        return quarterly_futures(*self._listed(open_ms, symbol))

    def spread_bps(self, open_ms: int) -> FloatArray:
        """The spread [S] when the bar opens; immediate for the bars read last, recomputed for any other."""
        detail, row = self._detail_of(open_ms)
        return np.asarray(detail.spread_bps[row])

    def depth_usd(self, open_ms: int) -> FloatArray:
        """USD [S] on one side of the book when the bar opens; immediate for the bars read last."""
        detail, row = self._detail_of(open_ms)
        return np.asarray(detail.depth_usd[row])

    def open_interest(self, open_ms: int) -> FloatArray:
        """Open interest [S] in base units when the bar opens; immediate for the bars read last."""
        detail, row = self._detail_of(open_ms)
        return np.asarray(detail.open_interest[row])

    def identity(self) -> str:
        start = datetime.fromtimestamp(self.start_ms / 1000, UTC).date()
        history_days = (self.start_ms - self.first_open_ms) // DAY_MS
        return (
            f"sim:v1:seed={self._seed}:bar={_bar_name(self.bar_ms)}:start={start}:history={history_days}d"
            f":symbols={','.join(self.symbols)}"
        )

    def _listed(self, open_ms: int, symbol: str) -> tuple[Bars, int]:
        """The one bar, and the symbol's column. Raises DataFault."""
        if not self._inputs or symbol not in self.symbols:
            raise DataFault(f"sim market: nothing is listed beside {symbol} here; ask the feed for inputs")
        with self._turn:
            (stretch,) = self._walk.stretches(*self._steps_of(open_ms, 1))
        return self._shown(stretch), self.symbols.index(symbol)

    def _detail_of(self, open_ms: int) -> tuple[MarketDetail, int]:
        for piece in reversed(self._kept):
            row = piece.row(open_ms)
            if row is not None:
                return piece.detail, row
        return self.detail(open_ms, 1), 0

    def _pieces(self, first_open_ms: int, count: int) -> Iterator[_Piece]:
        for stretch in self._walk.stretches(*self._steps_of(first_open_ms, count)):
            yield self._piece(stretch)

    def _steps_of(self, first_open_ms: int, count: int) -> tuple[int, int]:
        """First step and steps of bars. Raises DataFault."""
        first_bar, rest = divmod(first_open_ms - self.first_open_ms, self.bar_ms)
        if rest or first_bar < 0 or count < 0:
            raise DataFault(
                f"sim market: no {count} bars of {_bar_name(self.bar_ms)} open at {first_open_ms}; "
                f"the first opens at {self.first_open_ms}"
            )
        steps_per_bar = self.bar_ms // STEP_MS
        return first_bar * steps_per_bar, count * steps_per_bar

    def _piece(self, stretch: Stretch) -> _Piece:
        first_open_ms = self.first_open_ms + stretch.first_step * STEP_MS
        steps_per_bar = self.bar_ms // STEP_MS
        close, high, low, lots = stretch.points.reshape(4, -1, steps_per_bar, len(self.symbols))
        prices = np.empty((len(close), steps_per_bar + 1, len(self.symbols)))
        prices[:, 1:] = close
        prices[0, 0] = stretch.opened
        prices[1:, 0] = close[:-1, -1]
        block = BarBlock(
            first_open_ms,
            self.bar_ms,
            open=prices[:, 0].copy(),
            high=high.max(axis=1),
            low=low.min(axis=1),
            close=prices[:, -1].copy(),
            volume=lots.sum(axis=1) / self._lots_per_unit,
            funding=tuple(self._settlements(stretch)),
            **(self._beside_of(stretch) if self._inputs else {}),
        )
        steps_per_hour = HOUR_MS // STEP_MS
        opens = stretch.first_step + np.arange(len(close)) * steps_per_bar
        spread, depth, interest, premium = stretch.hours[
            :, opens // steps_per_hour - stretch.first_step // steps_per_hour
        ]
        least_spread_bps = 1e4 / (self._ticks_per_unit * block.open)
        detail = MarketDetail(
            first_open_ms, self.bar_ms, np.maximum(spread, least_spread_bps), depth, interest, premium
        )
        return _Piece(block, detail, prices)

    def _beside_of(self, stretch: Stretch) -> dict[str, Any]:
        from engine.feeds.sim_inputs import inputs_of, marks_elsewhere

        bars = self._shown(stretch)
        inputs, elsewhere = inputs_of(bars, self._inputs), marks_elsewhere(bars)
        return {"inputs": inputs, "legs": self._legs_of(stretch), "elsewhere": elsewhere}

    def _legs_of(self, stretch: Stretch) -> FloatArray:
        from engine.feeds.sim_legs import leg_bars

        steps = self.bar_ms // STEP_MS
        per_unit = self._ticks_per_unit, self._lots_per_unit
        legs = leg_bars(stretch, self.first_open_ms, steps, *per_unit, self._dated)
        if not self._lists_options:
            return legs
        return np.concatenate((legs, self._options_of(stretch, steps, per_unit)), axis=2)

    def _options_of(
        self, stretch: Stretch, steps: int, per_unit: tuple[FloatArray, FloatArray]
    ) -> FloatArray:
        from engine.feeds.sim_strikes import no_option_bars, option_bars

        first_ms = self.first_open_ms + stretch.first_step * STEP_MS
        end_ms = first_ms + stretch.points.shape[1] * STEP_MS
        if end_ms <= self._options_from_ms:
            return no_option_bars(stretch.points.shape[1] // steps, len(self._dated))
        for open_ms in range(max(first_ms, self._options_from_ms), end_ms, self.bar_ms):
            self._strike(self._listing.series(open_ms), stretch)
        from_ms = self._options_from_ms
        return option_bars(stretch, self.first_open_ms, steps, from_ms, self._dated, per_unit, self._strikes)

    def _shown(self, stretch: Stretch) -> Bars:
        from engine.feeds.sim_inputs import Bars

        steps = self.bar_ms // STEP_MS
        return Bars(
            stretch,
            self.first_open_ms + stretch.first_step * STEP_MS,
            steps,
            np.ascontiguousarray(stretch.points[0, steps - 1 :: steps]),
            self._ticks_per_unit,
            self._lots_per_unit,
            self._has_options,
        )

    def _settlements(self, stretch: Stretch) -> Iterator[FundingSettlement]:
        interval_ms = self.instruments[0].funding_interval_ms
        first_ms = self.first_open_ms + stretch.first_settlement_step * STEP_MS
        for row, rates in enumerate(stretch.funding.tolist()):
            for index, rate in enumerate(rates):
                yield FundingSettlement(first_ms + row * interval_ms, index, rate)


def _joined(blocks: list[BarBlock], first_open_ms: int, bar_ms: int, symbols: int) -> BarBlock:
    if len(blocks) == 1:
        return blocks[0]
    empty = np.empty((0, symbols))
    inputs = blocks[0].inputs if blocks else ()
    legs = [block.legs for block in blocks if block.legs is not None]
    elsewhere = [block.elsewhere for block in blocks if block.elsewhere is not None]
    return BarBlock(
        first_open_ms,
        bar_ms,
        open=np.concatenate([empty, *(block.open for block in blocks)]),
        high=np.concatenate([empty, *(block.high for block in blocks)]),
        low=np.concatenate([empty, *(block.low for block in blocks)]),
        close=np.concatenate([empty, *(block.close for block in blocks)]),
        volume=np.concatenate([empty, *(block.volume for block in blocks)]),
        funding=tuple(item for block in blocks for item in block.funding),
        inputs={name: np.concatenate([empty, *(block.inputs[name] for block in blocks)]) for name in inputs},
        legs=np.concatenate(legs, axis=1) if legs else None,
        elsewhere=np.concatenate(elsewhere, axis=1) if elsewhere else None,
    )


def _bar_name(bar_ms: int) -> str:
    return f"{bar_ms // HOUR_MS}h" if bar_ms % HOUR_MS == 0 else f"{bar_ms // 60_000}m"


def _refuse_impossible(symbols: tuple[str, ...], bar_ms: int, start_ms: int, history_days: int) -> None:
    unknown = [name for name in symbols if name not in SYMBOLS]
    if unknown:
        raise DataFault(f"sim market: no symbol {', '.join(unknown)}; there are {', '.join(SYMBOLS)}")
    if len(set(symbols)) < len(symbols):
        raise DataFault(f"sim market: a symbol is named twice in {', '.join(symbols)}")
    if bar_ms < STEP_MS or bar_ms % STEP_MS or DAY_MS % bar_ms:
        raise DataFault(
            f"sim market: no bar of {bar_ms} ms; bars are multiples of 5 minutes that divide a day"
        )
    if start_ms % DAY_MS or history_days < 0:
        raise DataFault(
            f"sim market: cannot start at {start_ms} with {history_days} days of history; days are UTC"
        )
