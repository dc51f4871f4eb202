"""The port every market data source implements: bars by index on one grid, with gaps as gaps.

A block is a pure function of the source and the range asked for, so a restarted engine sees the same market.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from store.data_fault import DataFault
from store.records import Instrument

# Rows of the bars of legs.
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
LEG_ROWS = 5

__all__ = ["BarBlock", "DataFault", "Feed", "FundingSettlement"]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FundingSettlement:
    """A funding rate (fraction of notional) settled at `ts_ms`; positive: longs pay."""

    ts_ms: int
    symbol_index: int
    rate: float


@dataclass(frozen=True, slots=True)
class BarBlock:
    """`n` consecutive bars of S symbols: arrays [n, S] float64, NaN where the source has no bar.

    Row i covers [first_open_ms + i * bar_ms, + bar_ms). `volume` is in base units.
    `funding` holds the settlements inside the block, ordered by (ts_ms, symbol_index). `inputs` [n, S] each: what is
    known at the close of each bar, by name as in `strategies.inputs`, and `taker_buy_volume`, the part of `volume`
    that takers bought; absent where the source knows nothing of the kind. `legs` [5, n, L]: open, high, low, close and
    volume of the feed's `legs`; None where it has none. `elsewhere` [2, n, S]: at what a second and a third venue
    margin their perpetuals when each bar closes; None where nobody knows.
    """

    first_open_ms: int
    bar_ms: int
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    funding: tuple[FundingSettlement, ...] = ()
    inputs: Mapping[str, FloatArray] = field(default_factory=dict)
    legs: FloatArray | None = None
    elsewhere: FloatArray | None = None

    def __len__(self) -> int:
        return int(self.close.shape[0])


class Feed(Protocol):
    """Bars for a fixed universe. `start_ms` is the open of the first bar that is traded; bars from `first_open_ms`
    up to it are warm-up. `end_ms` is the open time after the last bar, None where the market never ends. `notices`:
    lines an operator should see before anything is traded. `legs`: what is listed beside the universe on its coins when
    trading starts, to hold market-neutral signals' legs in; no signal speaks of it."""

    symbols: tuple[str, ...]
    bar_ms: int
    instruments: tuple[Instrument, ...]
    first_open_ms: int
    start_ms: int
    end_ms: int | None
    notices: tuple[str, ...]

    @property
    def legs(self) -> tuple[Instrument, ...]: ...

    def close(self) -> None:
        """Let go of files and memory; safe to call twice."""
        ...

    def read(self, first_open_ms: int, count: int) -> BarBlock:
        """At most `count` bars from `first_open_ms` on (fewer only at `end_ms`). Blocking: call it off the loop.
        Raises DataFault naming file, row and fault."""
        ...

    def legs_at(self, open_ms: int) -> tuple[Instrument, ...]:
        """What stands in the places of `legs` in the bar that opens then: long after a future or an option has expired
        another one takes its place. The same object while nothing changes; immediate for a bar that was read."""
        ...

    def beside(self, options: bool = False) -> Feed:
        """Another reader of the same market: what it reads is not kept here, and changes no `quotes`. It stays open for
        as long as this one is. With `options` it lists those there are, also where this one does not."""
        ...

    def quotes(self, open_ms: int, fraction: float) -> FloatArray | None:
        """Prices [S] inside the bar opening at `open_ms`, `fraction` in [0, 1] of the way through it, to show only;
        None where the source knows nothing between bars. Never blocks and never decides anything."""
        ...

    def identity(self) -> str:
        """A short stable text of what this market is (seed, files), stored with the database."""
        ...
