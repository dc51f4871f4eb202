"""One bar of the market as the simulated venue sees it: prices to fill at, and what costs depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.feeds.feed import FloatArray, FundingSettlement
    from store.records import Instrument


@dataclass(frozen=True, slots=True)
class MarketStep:
    """The bar [open_ms, open_ms + bar_ms) of S symbols, in the venue's order of instruments.

    Arrays are [S] float64 and must not be changed once handed over. A symbol whose prices are NaN, or whose
    volume is 0 or NaN, has no bar: nothing fills there. `previous_close` is the last close known before
    `open_ms` (NaN: none yet). `previous_volume` is the base volume of the bar the orders were decided on,
    `volume_24h` that of the 24 hours before `open_ms`, `sigma_daily` the volatility per day (annualised /
    sqrt(365)). `funding` holds the settlements with open_ms <= ts_ms < open_ms + bar_ms. `legs` stand in the last
    columns: what is listed there changes now and then, and is the same object while it does not.
    """

    open_ms: int
    bar_ms: int
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    previous_close: FloatArray
    previous_volume: FloatArray
    volume_24h: FloatArray
    sigma_daily: FloatArray
    funding: tuple[FundingSettlement, ...] = ()
    legs: tuple[Instrument, ...] = ()

    @property
    def close_ms(self) -> int:
        """The end of the bar, which is the open of the next one."""
        return self.open_ms + self.bar_ms
