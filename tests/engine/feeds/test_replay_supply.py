"""Stablecoins in circulation: which of them count when, in files of one coin or a table of all, and at what price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.config_sections import ReplayConfig
from engine.feeds.replay import open_replay
from tests.engine.feeds.beside_files import NAN, at_closes, beside, market, opened, whole
from tests.engine.feeds.market_files import APRIL, DAY_MS, HOUR_MS, bars, write_csv

FIVE = [7, 7, 7, 7, 7]


def supply_at(day: str, *files: Path, chunk_bars: int = 4_096) -> list[float]:
    """What is known of the supply at the end of a day and of the five after it."""
    first = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    hours = (first - APRIL) // HOUR_MS
    folder = files[0].parent
    held = write_csv(folder / "ohlcv_binanceum_BTCUSDT_1h.csv", bars(range(hours, hours + 24 * 6)))
    feed = open_replay([str(held), *map(str, files)], config=ReplayConfig(chunk_bars=chunk_bars))
    ends = [feed.read(first + 24 * day * HOUR_MS, 24).inputs for day in range(6)]
    return [float(known["stablecoin_supply"][-1, 0]) if known else NAN for known in ends]


def daily(folder: Path, coin: str, first: str, supplies: Sequence[float]) -> Path:
    first_ms = int(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp() * 1000)
    rows = [{"ts": first_ms + day * DAY_MS, "SplyCur": supply} for day, supply in enumerate(supplies)]
    return write_csv(folder / f"onchain_{coin}_supply_1d.csv", rows)


@pytest.mark.parametrize("chunk_bars", [64, 4_096])
@pytest.mark.parametrize(
    ("coin", "day", "expected"),
    [
        ("BUSD", "2023-12-12", [8, 8, 8, 8, 7, 7]),  # a day's supply is known when the next one has ended
        ("UST", "2022-05-25", [8, 8, 8, 8, 7, 7]),
        ("USDC", "2023-12-12", [8, 8, 8, 8, 8, NAN]),
    ],
)
def test_a_coin_that_was_wound_down_may_end_and_no_other(
    tmp_path: Path, coin: str, day: str, expected: list[float], chunk_bars: int
) -> None:
    before = str(np.datetime64(day) - np.timedelta64(5, "D"))
    files = [daily(tmp_path, "USDT", before, [7] * 12), daily(tmp_path, coin, before, [1] * 7)]
    np.testing.assert_array_equal(supply_at(day, *files, chunk_bars=chunk_bars), expected)


def test_a_coin_of_which_a_span_knows_nothing_is_missing_there_too(tmp_path: Path) -> None:
    files = [daily(tmp_path, "USDT", "2023-01-01", [7] * 400), daily(tmp_path, "USDC", "2023-01-01", [1] * 9)]
    assert np.isnan(supply_at("2023-06-01", *files, chunk_bars=64)).all()


def test_supplies_of_all_coins_in_one_table(tmp_path: Path) -> None:
    rows = [
        {"ts": APRIL + day * DAY_MS, "symbol": coin, "SplyCur": supply}
        for day in range(5)
        for coin, supply in (("BTC", 19), ("USDC", 2), ("usdt", 7), ("USDT_ETH", 3))
    ]
    feed = opened(*market(tmp_path, "BTCUSDT", "SOLUSDT"), write_csv(tmp_path / "supplies.csv", rows))
    assert feed.notices == ()
    for symbol in (0, 1):
        np.testing.assert_array_equal(
            at_closes(whole(feed), "stablecoin_supply", [47, 48, 96, 120], symbol), [NAN, 9, 9, 9]
        )


def test_caps_of_bitcoin_in_a_table_of_all_coins_are_those_of_bitcoin(tmp_path: Path) -> None:
    rows = [
        {"ts": APRIL + (day - 400) * DAY_MS, "symbol": coin, "CapMrktCurUSD": cap, "CapRealUSD": cap / 2}
        for day in range(404)
        for coin, cap in (("BTC", 100 + day), ("ETH", 9_000 - day))
    ]
    table = write_csv(tmp_path / "caps.csv", rows)
    alone = beside(tmp_path, "onchain_BTC_1d", {"CapMrktCurUSD": [1], "CapRealUSD": [1]})
    own = [{key: row[key] for key in row if key != "symbol"} for row in rows if row["symbol"] == "BTC"]
    one = whole(opened(*market(tmp_path, "BTCUSDT"), table)).inputs
    other = whole(opened(*market(tmp_path, "BTCUSDT"), write_csv(alone, own))).inputs
    assert np.isfinite(one["mvrv_z"][:48]).all()
    for name in ("mvrv_z", "bitcoin_market_cap", "bitcoin_realised_cap"):
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    ("price", "supply"), [(1.0, 9), (0.981, 9), (1.019, 9), ("", 9), (0.97, 8.94), (0.5, 8), (1.03, 9.06)]
)
def test_a_coin_whose_peg_is_broken_is_worth_its_price(tmp_path: Path, price: object, supply: float) -> None:
    files = [
        beside(tmp_path, "onchain_USDT_1d", {"SplyCur": FIVE}),
        beside(tmp_path, "onchain_USDC_1d", {"SplyCur": [2] * 5, "PriceUSD": [1, 1, price, 1, 1]}),
    ]
    block = whole(opened(*market(tmp_path, "BTCUSDT"), *files))
    np.testing.assert_allclose(at_closes(block, "stablecoin_supply", [72, 96, 120]), [9, supply, 9])
