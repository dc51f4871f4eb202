"""The volatility premium, pairs and statistical arbitrage on recorded markets: how large they are, how often open.

The figures were measured once, apart from this code, on the same coins of 2021 to 2023.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from strategies.classical import residuals
from strategies.evaluate import PastReadings, past_readings
from strategies.evidence import volatility_premium
from strategies.panel import Panel
from strategies.signal import DAY_MS, REASONS, Reason
from tests.strategies.fixtures import HOUR_MS, FloatArray
from tests.strategies.test_recorded import hourly

PREMIUM = volatility_premium.KIND.build(volatility_premium.KIND.settings())
SPREADS = residuals.KIND.build(residuals.KIND.settings())
COINS = ("ADA", "AVAX", "BNB", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "SOL", "TRX", "XRP")
SYMBOLS = tuple(f"{coin}USDT" for coin in COINS)


def implied(folder: Path, coin: str, closes_ms: FloatArray) -> FloatArray:
    """The volatility index of a coin as it was known at these moments: each day's close once the day has ended."""
    parquet = pytest.importorskip("pyarrow.parquet")
    file = folder / f"dvol_deribit_{coin}_1d.parquet"
    if not file.exists():
        pytest.skip(f"no recorded volatility index {file.name} in {folder}")
    table = parquet.read_table(file, columns=["ts", "close"])
    known = np.searchsorted(table["ts"].to_numpy() + DAY_MS, closes_ms, side="right") - 1
    index: FloatArray = np.where(known >= 0, table["close"].to_numpy()[known] / 100, np.nan)
    return index


@pytest.fixture(scope="module")
def history(data_folder: Path) -> PastReadings:
    first, bars = hourly(data_folder)
    closes_ms = first + HOUR_MS * np.arange(1.0, bars.shape[1] + 1)
    volatility = np.full(bars.shape[1:], np.nan)
    for coin in ("BTC", "ETH"):
        volatility[:, COINS.index(coin)] = implied(data_folder, coin, closes_ms)
    panel = Panel(
        SYMBOLS, HOUR_MS, days=9, more={"1h": bars.shape[1]}, inputs={"1h": ("implied_volatility",)}
    )
    panel.extend(first, *bars, inputs={"implied_volatility": volatility})
    return past_readings([PREMIUM], panel, "1h")


@pytest.mark.slow
@pytest.mark.parametrize(("coin", "size"), [("BTC", 0.35), ("ETH", 0.30)])
def test_options_were_dear_most_of_the_time(history: PastReadings, coin: str, size: float) -> None:
    column = COINS.index(coin)
    value, confidence = history.value[:, 0, column], history.confidence[:, 0, column]
    assert float(np.nanmean(np.abs(value * confidence))) == pytest.approx(size, rel=0.1)
    assert float(np.nanmean(value > 0)) > 0.6


@pytest.mark.slow
def test_coins_without_options_name_what_is_missing(history: PastReadings) -> None:
    reasons = {REASONS[code] for code in history.reason[:, 0, COINS.index("ADA")].tolist()}
    assert reasons <= {Reason.WARMUP, Reason.NO_INPUT, Reason.NAN_INPUT, Reason.GAP, Reason.STALE}
    assert Reason.NO_INPUT in reasons


@pytest.mark.slow
def test_the_gate_of_statistical_arbitrage_opens_on_one_coin_in_sixteen(data_folder: Path) -> None:
    first, bars = hourly(data_folder)
    panel = Panel(SYMBOLS, HOUR_MS, days=1_100)
    panel.extend(first, *bars)
    days = panel.window("close", panel.frame("1d").held)
    days = days[:, np.isfinite(days).all(axis=0)]
    windows = np.ascontiguousarray(sliding_window_view(days, SPREADS.window, axis=1).transpose(1, 0, 2))
    statistics = dict(
        zip(SPREADS.statistic_names, SPREADS.run(windows, symbols=SYMBOLS).statistics.T, strict=True)
    )
    opened = (statistics["t"] < -3.07) & (statistics["speed"] > 365 / 30)
    assert opened.mean() == pytest.approx(0.06, abs=0.01)
