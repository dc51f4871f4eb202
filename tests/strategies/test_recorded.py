"""The signals on recorded markets: when they wake, how large they are, and history equal to what was said live.

The scale matters: forecast scalars are set from the mean size of value times confidence, measured on these coins.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from strategies.evaluate import PastReadings, evaluate, past_readings
from strategies.panel import Panel
from tests.strategies.fixtures import HOUR_MS, FloatArray, default_signals

SIGNALS = default_signals()
COLUMNS = ("open", "high", "low", "close", "volume")


def hourly(folder: Path) -> tuple[int, FloatArray]:
    """First open and bars [5, n, 12] of the recorded coins on their common hourly grid, NaN where missing."""
    parquet = pytest.importorskip("pyarrow.parquet")
    files = sorted(folder.glob("ohlcv_binance_*_1h_2021-2023.parquet"))
    if len(files) != 12:
        pytest.skip(f"{folder} holds {len(files)} of the 12 hourly coin files of 2021-2023")
    tables = [parquet.read_table(file, columns=["ts", *COLUMNS]) for file in files]
    first = min(table["ts"].to_numpy()[0] for table in tables)
    last = max(table["ts"].to_numpy()[-1] for table in tables)
    bars = np.full((5, (last - first) // HOUR_MS + 1, len(files)), np.nan)
    for column, table in enumerate(tables):
        rows = (table["ts"].to_numpy() - first) // HOUR_MS
        for field, name in enumerate(COLUMNS):
            bars[field, rows, column] = table[name].to_numpy()
    return int(first), bars


@pytest.fixture(scope="module")
def market(data_folder: Path) -> tuple[int, FloatArray]:
    return hourly(data_folder)


@pytest.fixture(scope="module")
def history(market: tuple[int, FloatArray]) -> PastReadings:
    first, bars = market
    panel = Panel([f"S{column}" for column in range(12)], HOUR_MS, days=1_100)
    panel.extend(first, *bars)
    return past_readings(SIGNALS, panel)


@pytest.mark.parametrize(("signal", "month"), [(0, "2022-06"), (1, "2022-05"), (2, "2021-08")])
def test_the_first_opinion_comes_with_the_window(history: PastReadings, signal: int, month: str) -> None:
    first = history.ts_ms[np.isfinite(history.value[:, signal]).any(axis=1)][0]
    assert datetime.fromtimestamp(first / 1_000, UTC).strftime("%Y-%m") == month


@pytest.mark.parametrize(("signal", "size"), [(0, 0.25), (1, 0.36), (2, 0.059)])
def test_mean_size_of_the_readings(history: PastReadings, signal: int, size: float) -> None:
    strength = np.abs(history.value[:, signal] * history.confidence[:, signal])
    assert float(np.nanmean(strength)) == pytest.approx(size, rel=0.15)


def test_live_says_what_history_says(market: tuple[int, FloatArray], history: PastReadings) -> None:
    first, bars = market
    panel = Panel([f"S{column}" for column in range(12)], HOUR_MS)
    day = 0
    for row in range(bars.shape[1]):
        if panel.append(first + row * HOUR_MS, *bars[:, row]):
            live = evaluate(SIGNALS, panel, first + (row + 1) * HOUR_MS)
            assert history.ts_ms[day] == live.ts_ms
            assert history.value[day].tobytes() == live.value.tobytes()
            assert history.confidence[day].tobytes() == live.confidence.tobytes()
            day += 1
    assert day == len(history.ts_ms)
