"""Which column of a history file plays which part, whatever the collector called it, and so what the file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

PRICES = ("open", "high", "low", "close")

# Names in the order they are preferred, compared in lower case with every other sign as an underscore.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "ts": (
        *("ts", "timestamp", "timestamp_ms", "open_time", "opentime", "time_open", "time", "unix"),
        *("unix_timestamp", "calc_time", "funding_time", "fundingtime", "start_time", "start", "datetime"),
        *("date_time", "date_utc", "date"),
    ),
    "symbol": ("symbol", "ticker", "pair", "instrument", "coin"),
    "open": ("open", "o", "open_price", "price_open"),
    "high": ("high", "h", "high_price", "price_high"),
    "low": ("low", "l", "low_price", "price_low"),
    "close": ("close", "c", "close_price", "price_close"),
    "volume": ("volume", "v", "vol", "base_volume", "volume_base", "base_asset_volume"),
    "quote_volume": ("quote_volume", "volume_quote", "quote_asset_volume", "quotevolume", "turnover"),
    "funding_rate": ("funding_rate", "fundingrate", "last_funding_rate"),
    "funding_hours": ("funding_interval_hours", "fundingintervalhours", "funding_hours"),
    "open_interest": ("open_interest", "sum_open_interest", "openinterest"),
    "market_cap": ("capmrktcurusd", "market_cap", "market_cap_usd"),
    "realised_cap": ("caprealusd", "realised_cap", "realised_cap_usd", "realized_cap", "realized_cap_usd"),
    "supply": ("splycur", "supply", "circulating_supply", "stablecoin_supply"),
    "price_usd": ("priceusd", "price_usd"),
    "spot_price": ("spot_close", "spot_price"),
    "mark_price": ("mark_price",),
    "index_price": ("index_price",),
    "taker_buy_volume": (
        *("taker_buy_volume", "taker_buy_base_volume", "taker_buy_base_asset_volume", "taker_base_vol"),
    ),
    "option_type": ("option_type",),
    "strike": ("strike", "strike_price"),
    "expiry": ("expiry_ts", "expiry_ms"),
    "bid": ("bid_price", "best_bid_price"),
    "ask": ("ask_price", "best_ask_price"),
    "forward": ("underlying_price", "forward_price"),
    "option": ("instrument_name", "mark_iv"),
}
VALUES = ("open_interest", "market_cap", "realised_cap", "supply", "spot_price", "mark_price", "index_price")
"""The parts of a file that holds neither bars nor funding rates but what stands beside them."""
CHAIN = ("expiry", "strike", "option_type", "bid", "ask", "forward")
"""The parts of a file of option quotes: premiums in coins, expiries in ms."""
_QUOTE_COINS = ("usdt", "usdc", "usd", "busd", "eur")


class FileKind(StrEnum):
    BARS = "bars"
    FUNDING = "funding rates"
    VALUES = "inputs"
    CHAIN = "option quotes"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Columns:
    """Position of the column of each part; parts a file lacks are left out. `meaning`: what a file of prices without
    volume holds, as its name says."""

    by_part: Mapping[str, int]
    names: tuple[str, ...]
    meaning: str = ""

    def has(self, *parts: str) -> bool:
        return all(part in self.by_part for part in parts)

    @property
    def kind(self) -> FileKind:
        """Bars have prices and a volume: without one nothing could fill, and index and mark prices have none."""
        prices = [part for part in PRICES if self.has(part)]
        if (self.has("close") or len(prices) > 2) and (self.has("volume") or self.has("quote_volume")):
            return FileKind.BARS
        if self.has("funding_rate") and not prices:
            return FileKind.FUNDING
        if self.has(*CHAIN):
            return FileKind.CHAIN
        if self.values and not any(self.has(part) for part in ("option", "strike")):
            return FileKind.VALUES
        return FileKind.OTHER

    @property
    def values(self) -> tuple[str, ...]:
        """The parts that are inputs."""
        named = ("close",) if self.meaning and self.has("close") else ()
        return (*named, *(part for part in VALUES if self.has(part)))

    @property
    def beside(self) -> tuple[str, ...]:
        """The same with the price that a supply is valued at."""
        return (*self.values, "price_usd") if self.has("supply", "price_usd") else self.values

    @property
    def is_close_only(self) -> bool:
        return self.has("close") and not any(self.has(part) for part in ("open", "high", "low"))

    def missing(self) -> list[str]:
        """The columns that are needed for a file of bars (or of funding rates) and are not there."""
        if self.kind in (FileKind.FUNDING, FileKind.VALUES, FileKind.CHAIN):
            needed: tuple[str, ...] = ("ts",)
        elif self.is_close_only:
            needed = ("ts", "close")
        else:
            needed = ("ts", *PRICES)
        lacking = [part for part in needed if not self.has(part)]
        if self.kind in (FileKind.BARS, FileKind.OTHER) and not (
            self.has("volume") or self.has("quote_volume")
        ):
            lacking.append("volume")
        return lacking


NO_COLUMNS = Columns({}, ())


def columns_of(names: Sequence[str], meaning: str = "") -> Columns:
    """The parts that columns of these names play, in a file whose name has this meaning."""
    folded = [_folded(name) for name in names]
    by_part: dict[str, int] = {}
    for part, known in _NAMES.items():
        found = next((name for name in known if name in folded), None)
        if found is not None:
            by_part[part] = folded.index(found)
    for position, name in enumerate(folded):
        # "Volume BTC" and "Volume USDT" stand side by side in some collections.
        if name.startswith("volume_"):
            part = "quote_volume" if name.removeprefix("volume_") in _QUOTE_COINS else "volume"
            by_part.setdefault(part, position)
    return Columns(by_part, tuple(names), meaning)


def repeated(columns: Columns) -> str | None:
    """A part whose column stands in the file twice under one name, if there is one."""
    folded = [_folded(name) for name in columns.names]
    return next((part for part, at in columns.by_part.items() if folded.count(folded[at]) > 1), None)


def _folded(name: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in name.strip().lower()).strip("_")
