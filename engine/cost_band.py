"""What trading costs, as a part of the no-trade band: deviations that earn less than it costs to trade them stay.

Of each symbol: A c / e, a fraction of equity. A is an average position, as stage `volatility` sizes it. c is what a
taker pays for a trade of that size, as a fraction of it: fee, half spread and square-root impact. e is what such a
position is expected to earn until it is traded again, as a fraction of it: S sigma T, with S the Sharpe ratio at which
the book's volatility target is its fraction of growth-optimal betting (Thorp 2006: target = fraction x S), sigma the
symbol's volatility per annum and T the time a trade is expected to last in years.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.venues.fills import impact
from risk.sizing import LARGEST_MULTIPLIER
from store.records import Instrument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.decision import Market
    from engine.venues.config import VenueConfig
    from risk.parameters import RiskParameters

    FloatArray = NDArray[np.float64]

DAYS_A_YEAR = 365.0
BPS = 1e-4
SCALAR = "cost_band:"
"""What a decision says of each symbol's part of the band, before the symbol's name."""


class CostBand:
    """The costs of one venue and the edge a book is run for, for a universe of instruments [S]."""

    def __init__(
        self, instruments: Sequence[Instrument], venue: VenueConfig, parameters: RiskParameters
    ) -> None:
        fees = np.array([float(instrument.taker_fee_rate) for instrument in instruments])
        self._rate = fees + venue.half_spread_bps * BPS
        self._impact = venue.impact_coefficient
        self._target = parameters.volatility_target
        sharpe = parameters.volatility_target / parameters.kelly_fraction
        self._edge = sharpe * parameters.edge_days / DAYS_A_YEAR

    def of(self, market: Market, volume_24h: FloatArray, equity: float) -> FloatArray:
        """The part [S] of the band (x equity), of what traded `volume_24h` [S] base units in a day; 0 where nothing can
        be sized. The multiplier of diversification is that of the decision to come."""
        usable = market.tradable & (market.price > 0.0) & (market.sigma > 0.0)
        usable &= (
            np.isfinite(market.price) & np.isfinite(market.sigma) & np.isfinite(market.instrument_weight)
        )
        weight = np.where(usable, market.instrument_weight, 0.0)
        sigma = np.where(usable, market.sigma, 1.0)
        average = weight * _multiplier(weight, market.correlation) * self._target / sigma
        quantity = average * max(equity, 0.0) / np.where(usable, market.price, 1.0)
        daily = sigma / math.sqrt(DAYS_A_YEAR)
        moved = [impact(*each, self._impact) for each in zip(quantity, volume_24h, daily, strict=True)]
        band: FloatArray = average * (self._rate + np.array(moved)) / (self._edge * sigma)
        return band


def scalars(symbols: Sequence[str], band: FloatArray | None) -> dict[str, float]:
    """The same as numbers of a decision, where it has any."""
    if band is None:
        return {}
    named = zip(symbols, band.tolist(), strict=True)
    return {f"{SCALAR}{symbol}": part for symbol, part in named if part > 0.0}


def _multiplier(weight: FloatArray, correlation: FloatArray) -> float:
    """IDM of weights [S] that are 0 where nothing can be sized."""
    positive = np.where(correlation > 0.0, correlation, 0.0)
    variance = float(np.sum(weight[:, np.newaxis] * positive * weight))
    return LARGEST_MULTIPLIER if variance * LARGEST_MULTIPLIER**2 <= 1.0 else 1.0 / math.sqrt(variance)
