"""The coins of the simulated market, as data, and what is listed on them.

A coin is what moves; an instrument is one listing of it: its perpetual, and the coin itself on one spot market. Another
kind (a dated future, an option, a chain's own series) is another function of the same coins and of their paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from store.records import Instrument, InstrumentKind

QUOTE = "USDT"
OPTION_BASES = ("BTC", "ETH")


@dataclass(frozen=True, slots=True)
class Coin:
    """What a coin is like on an ordinary day.

    `anchor_price` (USD) is where its price starts and what weakly pulls it back. `annual_volatility` and
    `correlation` (of its returns with the market factor) are fractions; `daily_volume_usd`, `depth_usd` (on
    one side of the book, within 10 bps of the middle) and `open_interest_usd` are USD. Steps and minimums are
    those of its perpetual; `tick` and `lot` are powers of ten not above 1.
    """

    base: str
    anchor_price: float
    annual_volatility: float
    correlation: float
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    daily_volume_usd: float
    spread_bps: float
    depth_usd: float
    open_interest_usd: float

    @property
    def symbol(self) -> str:
        return self.base + QUOTE

    @property
    def has_options(self) -> bool:
        return self.base in OPTION_BASES


def _coin(
    base: str,
    anchor_price: float,
    annual_volatility: float,
    correlation: float,
    steps: tuple[str, str, int],
    liquidity_musd: tuple[float, float, float],
    spread_bps: float,
) -> Coin:
    tick, lot, min_notional = steps
    volume, depth, interest = liquidity_musd
    return Coin(
        base=base,
        anchor_price=anchor_price,
        annual_volatility=annual_volatility,
        correlation=correlation,
        tick=Decimal(tick),
        lot=Decimal(lot),
        min_notional=Decimal(min_notional),
        daily_volume_usd=volume * 1e6,
        spread_bps=spread_bps,
        depth_usd=depth * 1e6,
        open_interest_usd=interest * 1e6,
    )


# Base, price, volatility, correlation; tick, lot, least notional; volume a day, depth, interest (MUSD); bps.
UNIVERSE: tuple[Coin, ...] = (
    _coin("BTC", 42_000.0, 0.55, 0.89, ("0.1", "0.001", 100), (12_000, 9.0, 5_000), 0.2),
    _coin("ETH", 2_300.0, 0.68, 0.85, ("0.01", "0.001", 20), (6_500, 6.0, 3_200), 0.3),
    _coin("SOL", 100.0, 0.95, 0.74, ("0.001", "0.01", 5), (2_500, 2.0, 900), 0.8),
    _coin("BNB", 310.0, 0.62, 0.78, ("0.001", "0.01", 5), (600, 1.2, 450), 0.6),
    _coin("XRP", 0.62, 0.80, 0.72, ("0.00001", "0.1", 5), (900, 1.1, 500), 1.0),
    _coin("ADA", 0.60, 0.85, 0.77, ("0.00001", "1", 5), (350, 0.6, 220), 1.5),
    _coin("DOGE", 0.09, 0.95, 0.72, ("0.000001", "1", 5), (550, 0.7, 350), 1.4),
    _coin("AVAX", 39.0, 0.98, 0.76, ("0.001", "0.1", 5), (420, 0.5, 200), 1.6),
    _coin("LINK", 15.0, 0.88, 0.77, ("0.0001", "0.01", 5), (300, 0.5, 190), 1.5),
    _coin("LTC", 73.0, 0.78, 0.76, ("0.001", "0.001", 5), (260, 0.5, 160), 1.4),
    _coin("DOT", 8.2, 0.84, 0.79, ("0.0001", "0.1", 5), (210, 0.4, 150), 1.8),
    _coin("TRX", 0.107, 0.58, 0.68, ("0.000001", "1", 5), (120, 0.4, 110), 1.6),
)

SYMBOLS: tuple[str, ...] = tuple(coin.symbol for coin in UNIVERSE)


def perpetual(coin: Coin) -> Instrument:
    """The coin's perpetual against USDT, with the usual fees, margin and eight-hour funding."""
    return Instrument(
        symbol=coin.symbol,
        kind=InstrumentKind.PERPETUAL,
        base=coin.base,
        quote=QUOTE,
        tick=coin.tick,
        lot=coin.lot,
        min_quantity=coin.lot,
        min_notional=coin.min_notional,
    )


def spot(coin: Coin) -> Instrument:
    """The coin itself against USDT, in the steps and at the fees of its perpetual: bought whole, never short, without
    funding."""
    return replace(perpetual(coin), symbol=f"{coin.base}SPOT", kind=InstrumentKind.SPOT, leverage=Decimal(1))
