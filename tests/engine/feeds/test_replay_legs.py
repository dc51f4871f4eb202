"""Coins beside recorded perpetuals: held where a file knows what they cost, at prices that were known in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.config_sections import ReplayConfig
from engine.feeds.feed import CLOSE, HIGH, LOW, OPEN, VOLUME
from engine.feeds.replay import ReplayFeed, open_replay
from engine.feeds.replay_legs import SPOT_SHARE
from engine.market_legs import LegMarket
from store.records import InstrumentKind
from tests.engine.feeds.market_files import APRIL, HOUR_MS, bars, write_csv

HOURS = 200
SPOT_HOURS = [n for n in range(HOURS) if n not in (50, 51, 120)]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Perpetuals of two coins, the spot market of one, a tenth dearer and sometimes silent."""
    perpetuals = [
        write_csv(tmp_path / f"ohlcv_binanceum_{coin}USDT_1h.csv", bars(range(HOURS)))
        for coin in ("BTC", "ETH")
    ]
    rows = [{"ts": row["ts"], "spot_close": round(row["close"] * 1.1 + n % 3, 2)}
            for n, row in enumerate(bars(range(HOURS))) if n in SPOT_HOURS]  # fmt: skip
    return [str(file) for file in (*perpetuals, write_csv(tmp_path / "basis_BTC_1h.csv", rows))]


def opened(files: list[str], **settings: object) -> ReplayFeed:
    return open_replay(files, config=ReplayConfig(**settings))  # type: ignore[arg-type]


def test_a_coin_is_listed_where_its_price_is_known_and_nowhere_else(files: list[str]) -> None:
    feed = opened(files)
    assert [(leg.symbol, leg.kind, leg.base) for leg in feed.legs] == [
        ("BTCSPOT", InstrumentKind.SPOT, "BTC")
    ]
    assert feed.legs_at(APRIL) is feed.legs
    assert opened(files[:2]).legs == ()
    assert opened(files[:2]).read(APRIL, 5).legs is None
    assert opened(files, kind="spot").legs == ()


def test_a_coin_with_two_perpetuals_is_listed_once_beside_the_first(files: list[str], tmp_path: Path) -> None:
    more = write_csv(tmp_path / "ohlcv_binanceum_BTCUSDC_1h.csv", bars(range(HOURS)))
    feed = opened([str(more), *files])
    assert feed.symbols[:2] == ("BTCUSDC", "BTCUSDT")
    assert [leg.symbol for leg in feed.legs] == ["BTCSPOT"]
    assert LegMarket(feed.legs, feed.instruments, HOUR_MS).under.tolist() == [0]


def test_it_opens_at_what_was_known_and_closes_at_what_was_recorded(files: list[str]) -> None:
    block = opened(files).read(APRIL, HOURS)
    assert block.legs is not None
    legs, perpetual = block.legs[:, :, 0], np.array([block.open, block.high, block.low, block.close])[:, :, 0]
    n = 10
    recorded = [round(perpetual[CLOSE, at] * 1.1 + at % 3, 2) for at in (n - 1, n)]
    factor = [recorded[0] / perpetual[CLOSE, n - 1], recorded[1] / perpetual[CLOSE, n]]
    assert legs[CLOSE, n] == round(recorded[1], 1)
    assert legs[OPEN, n] == round(perpetual[OPEN, n] * factor[0], 1)
    assert legs[HIGH, n] == round(perpetual[HIGH, n] * max(factor), 1)
    assert legs[LOW, n] == round(perpetual[LOW, n] * min(factor), 1)
    assert legs[VOLUME, n] == SPOT_SHARE * block.volume[n, 0]
    known = ~np.isnan(legs[CLOSE])
    assert (legs[HIGH] >= np.maximum(legs[OPEN], legs[CLOSE]))[known].all()
    assert (legs[LOW] <= np.minimum(legs[OPEN], legs[CLOSE]))[known].all()


def test_without_a_close_of_its_own_there_is_no_bar(files: list[str]) -> None:
    legs = opened(files).read(APRIL, HOURS).legs
    assert legs is not None
    assert np.flatnonzero(np.isnan(legs).any(axis=(0, 2))).tolist() == [50, 51, 120]
    assert np.isnan(legs[:, [50, 51, 120]]).all()


@pytest.mark.parametrize(("first", "count"), [(0, 64), (63, 2), (64, 64), (100, 90)])
def test_any_range_is_the_same_range_of_one_long_read(files: list[str], first: int, count: int) -> None:
    whole = opened(files).read(APRIL, HOURS).legs
    part = opened(files, chunk_bars=64).read(APRIL + first * HOUR_MS, count).legs
    assert whole is not None
    assert part is not None
    np.testing.assert_array_equal(part, whole[:, first : first + count])
