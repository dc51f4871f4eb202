"""Recorded bitcoin, day by day: bars of three sources joined, values of the chain, and settled funding."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.feeds.as_of import mvrv_z
from strategies.signal import DAY_MS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SETTLED_EVERY_MS = 8 * 3_600_000
FIELDS = ("open", "high", "low", "close", "volume")
BARS = ("ohlcv_bitfinex_BTCUSD_1h", "ohlcv_binanceum_BTCUSDT_1h", "ohlcv_binance_BTCUSDT_1d")
"""A day that several of them have is taken from the last: spot where it is recorded, the perpetual after it."""
CHAIN, FUNDING, MARKS = "onchain_coinmetrics_BTC_1d", "funding_binance_BTCUSDT_8h", "perp8h_binance_BTCUSDT"
NEEDED = (*BARS, CHAIN, FUNDING, MARKS)


@dataclass(frozen=True, slots=True)
class Bars:
    """Days [n] by their first millisecond, and their bars [5, n] in the order of `FIELDS`, USD or USDT."""

    day_ms: IntArray
    fields: FloatArray

    @property
    def close(self) -> FloatArray:
        close: FloatArray = self.fields[3]
        return close


@dataclass(frozen=True, slots=True)
class Chain:
    """Days [n], the price (USD), and the Z of market over realised value, NaN in its first year."""

    day_ms: IntArray
    price: FloatArray
    z: FloatArray


@dataclass(frozen=True, slots=True)
class Settlement:
    """One settlement of the perpetual: when, its rate as recorded, and the last price before it where recorded."""

    ts_ms: int
    rate: Decimal
    mark: Decimal | None


def missing(folder: Path) -> list[str]:
    """The files the figures need that are not there."""
    return [name for name in NEEDED if not (folder / f"{name}.parquet").exists()]


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def daily_bars(folder: Path) -> Bars:
    """Daily bars from 2016 on, without a gap."""
    joined = pd.concat([_by_day(read(folder, name)) for name in BARS])
    joined = joined[~joined.index.duplicated(keep="last")].sort_index()
    days = joined.index.to_numpy(np.int64)
    if (np.diff(days) != 1).any():
        raise ValueError("a day is missing between the sources of daily bars")
    return Bars(days * DAY_MS, np.ascontiguousarray(joined[list(FIELDS)].to_numpy(np.float64).T))


def _by_day(bars: pd.DataFrame) -> pd.DataFrame:
    days = bars.groupby((bars["ts"] // DAY_MS).astype(np.int64))
    return days.agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"})


def chain(folder: Path) -> Chain:
    """Price and Z since the first day of the series, which Z depends on."""
    rows = read(folder, CHAIN)
    market, realised = (rows[name].to_numpy(np.float64) for name in ("CapMrktCurUSD", "CapRealUSD"))
    days = rows["ts"].to_numpy(np.int64)
    return Chain(days, rows["PriceUSD"].to_numpy(np.float64), mvrv_z(market, realised))


def settlements(folder: Path) -> list[Settlement]:
    """Every recorded settlement; the venue states rates with eight decimals and prices with two at the most."""
    rates, marks = read(folder, FUNDING), read(folder, MARKS)
    closed_ms = (marks["ts"] + SETTLED_EVERY_MS).astype(np.int64)
    before = dict(zip(closed_ms.tolist(), marks["close"].tolist(), strict=True))
    return [
        Settlement(int(ts), Decimal(f"{rate:.8f}"), Decimal(f"{before[ts]:.2f}") if ts in before else None)
        for ts, rate in zip(rates["ts"].tolist(), rates["funding_rate"].tolist(), strict=True)
    ]
