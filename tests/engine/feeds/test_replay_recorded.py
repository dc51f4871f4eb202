"""Real recorded markets: read exactly, soon, and in memory that does not grow with the history."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.feeds.replay import ReplayFeed, open_replay
from engine.timerange import TimeRange
from store.history_checks import utc
from tests.engine.feeds.market_files import HOUR_MS

COINS = "ohlcv_binance_*USDT_1h_2021-2023.parquet"
FIELDS = ("open", "high", "low", "close", "volume")


@pytest.fixture
def coins(data_folder: Path) -> str:
    if len(list(data_folder.glob(COINS))) != 12:
        pytest.skip(f"the twelve hourly coin files {COINS} are not in {data_folder}")
    return str(data_folder / COINS)


def read_whole(feed: ReplayFeed) -> int:
    """Read every bar in blocks of 1,000; the number of bars."""
    assert feed.end_ms is not None
    at, bars = feed.first_open_ms, 0
    while at < feed.end_ms:
        block = feed.read(at, 1_000)
        bars += len(block)
        at += len(block) * feed.bar_ms
    return bars


def test_the_twelve_coins_are_read_bar_for_bar(coins: str, data_folder: Path) -> None:
    feed = open_replay([coins], timerange=TimeRange.parse("20220601-"))
    assert (utc(feed.first_open_ms), utc(feed.start_ms)) == ("2021-04-04 20:00", "2022-06-01 00:00")
    assert len(feed.symbols) == 12
    assert feed.notices == ()
    for index, path in enumerate(sorted(data_folder.glob(COINS))):
        rows = pd.read_parquet(path).set_index("ts")
        for first in (0, 5_000, 23_000):
            block = feed.read(feed.first_open_ms + first * HOUR_MS, 1_000)
            wanted = rows.reindex(feed.first_open_ms + (first + np.arange(len(block))) * HOUR_MS)
            for field in FIELDS:
                np.testing.assert_array_equal(getattr(block, field)[:, index], wanted[field].to_numpy())


def test_the_missing_hours_are_gaps(coins: str) -> None:
    feed = open_replay([coins], symbols=["BTCUSDT"])
    bars = read_whole(feed)
    missing = sum(
        int(np.isnan(feed.read(feed.first_open_ms + first * HOUR_MS, 4_096).close).sum())
        for first in range(0, bars, 4_096)
    )
    assert (bars, missing) == (24_000, 12)


def test_a_panel_and_its_funding_rates_are_one_market(data_folder: Path) -> None:
    files = [
        data_folder / name
        for name in ("ohlcv_binanceum_panel24_4h.parquet", "funding_binance_panel_2025.parquet")
    ]
    if not all(file.exists() for file in files):
        pytest.skip(f"{files[0].name} and {files[1].name} are not in {data_folder}")
    feed = open_replay([str(file) for file in files])
    rows = pd.read_parquet(files[1])
    rows = rows[rows["symbol"].isin(feed.symbols)].sort_values(["ts", "symbol"])
    assert feed.end_ms is not None
    bars = (feed.end_ms - feed.first_open_ms) // feed.bar_ms
    settled = feed.read(feed.first_open_ms, bars).funding
    inside = rows[rows["ts"] < feed.end_ms]
    assert [(row.ts_ms, feed.symbols[row.symbol_index], row.rate) for row in settled] == list(
        inside[["ts", "symbol", "funding_rate"]].itertuples(index=False, name=None)
    )


def test_every_bar_file_of_the_folder_opens(data_folder: Path) -> None:
    for path in sorted(data_folder.glob("ohlcv_*.parquet")):
        if path.stat().st_size < 2_000_000:
            feed = open_replay([str(path)])
            assert all(instrument.tick > 0 and instrument.lot > 0 for instrument in feed.instruments)
            feed.close()


@pytest.mark.benchmark
def test_opening_takes_a_second_and_reading_half_a_second(coins: str) -> None:
    open_replay([coins], symbols=["BTCUSDT"]).close()
    began = time.perf_counter()
    feed = open_replay([coins])
    opened = time.perf_counter()
    assert read_whole(feed) == 24_001
    read = time.perf_counter()
    assert opened - began < 1.0
    assert read - opened < 0.5


PEAK = """
import resource, sys
from engine.feeds.replay import open_replay
feed = open_replay([sys.argv[1]], symbols=sys.argv[2:])
at = feed.first_open_ms
while at < feed.end_ms:
    at += len(feed.read(at, 500)) * feed.bar_ms
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mb(path: Path, *symbols: str) -> int:
    """Most memory a process needs to replay a file, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path), *symbols],
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    return int(done.stdout)


def test_memory_is_flat_in_the_length_of_the_history(data_folder: Path, tmp_path: Path) -> None:
    long = data_folder / "ohlcv_bitfinex_BTCUSD_1m_2019.parquet"
    if not long.exists():
        pytest.skip(f"{long.name} is not in {data_folder}")
    short = tmp_path / "ohlcv_bitfinex_BTCUSD_1m_short.parquet"
    pd.read_parquet(long).head(50_000).to_parquet(short)
    assert peak_mb(long) <= peak_mb(short) + 25


@pytest.mark.slow
def test_memory_is_flat_in_the_length_of_a_csv(tmp_path: Path) -> None:
    peaks = []
    for count in (400_000, 1_600_000):
        path = tmp_path / f"BTCUSDT-1m-{count}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("ts,open,high,low,close,volume\n")
            file.writelines(f"{1_500_000_000_000 + i * 60_000},1,2,1,2,{i % 9}\n" for i in range(count))
        peaks.append(peak_mb(path))
    assert peaks[1] <= peaks[0] + 60


def test_what_stands_beside_the_recorded_bars(data_folder: Path) -> None:
    names = (
        "ohlcv_binanceum_???USDT_1h",
        "funding_*",
        "markprice_*",
        "dvol_*",
        "onchain_*",
        "oi_*",
        "perp8h_*",
    )
    more = ("ohlcv_binance_*_1h_2024*", "basis_*", "options_deribit_ETH_chain_*")
    feed = open_replay(
        [str(data_folder / f"{name}.parquet") for name in (*names, *more)],
        symbols=["BTCUSDT", "ETHUSDT", "SOLUSDT"],
    )
    first = feed.read(feed.first_open_ms, 24 * 120)
    known = {name: np.isfinite(values).mean(axis=0) for name, values in first.inputs.items()}
    for name in ("mark_price", "bitcoin_market_cap", "bitcoin_realised_cap", "stablecoin_supply", "mvrv_z"):
        assert known[name] == pytest.approx([1, 1, 1]), name
    assert known["implied_volatility"] == pytest.approx([1, 1, 0])
    assert known["funding_rate"] == pytest.approx([1 / 8] * 3, abs=1e-9)
    assert known["funding_rate_2"] == pytest.approx([1 / 8, 1 / 8, 0], abs=1e-9)
    assert known["funding_rate_3"] == pytest.approx([1 / 8, 1 / 8, 0], abs=1e-9)
    assert known["spot_price"][0] == pytest.approx(1, abs=0.01)
    assert np.isnan(first.inputs["skew_25_delta"][:, [0, 2]]).all()
    skew = first.inputs["skew_25_delta"][:, 1]
    assert np.unique(skew[np.isfinite(skew)]) == pytest.approx([0.0017], abs=1e-4)
    assert np.isfinite(skew).sum() == 48
    settled = [row.rate for row in first.funding if row.symbol_index == 0]
    own = first.inputs["funding_rate"][:, 0]
    assert own[np.isfinite(own)].tolist() == settled
    assert np.nansum(first.inputs["funding_hours"][:, 0]) == 24 * 120
    basis = first.inputs["mark_price"][:, 0] / first.inputs["spot_price"][:, 0] - 1
    assert abs(np.nanmedian(basis)) < 0.002
