"""Files beside the bars: which is recognised as what, whom it serves, and when its rows are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.config_sections import ReplayConfig
from engine.feeds.replay import open_replay
from store.data_fault import DataFault
from tests.engine.feeds.beside_files import DAYS, NAN, at_closes, beside, market, opened, settled, whole
from tests.engine.feeds.market_files import APRIL, DAY_MS, HOUR_MS, bars, write_csv


def test_bars_alone_have_nothing_beside_them(tmp_path: Path) -> None:
    assert whole(opened(*market(tmp_path, "BTCUSDT"))).inputs == {}


def test_a_day_of_volatility_is_known_when_it_has_ended_and_fresh_for_two(tmp_path: Path) -> None:
    closes = [60.0, 61.0, "", 63.0]
    file = beside(tmp_path, "dvol_deribit_BTC_1d", dict.fromkeys(("open", "high", "low", "close"), closes))
    block = whole(opened(*market(tmp_path, "BTCUSDT", "ETHUSDT"), file))
    told = at_closes(block, "implied_volatility", [23, 24, 47, 48, 71, 72, 95, 96, 143, 144])
    np.testing.assert_allclose(told, [NAN, 0.6, 0.6, 0.61, 0.61, 0.61, 0.61, 0.63, 0.63, 0.63])
    assert np.isnan(block.inputs["implied_volatility"][:, 1]).all()


def test_a_value_is_not_believed_longer_than_twice_its_period(tmp_path: Path) -> None:
    file = beside(tmp_path, "oi_BTCUSDT_1d", {"open_interest": [5, 6]})
    block = whole(opened(*market(tmp_path, "BTCUSDT"), file))
    np.testing.assert_array_equal(at_closes(block, "open_interest", [24, 48, 96, 97]), [5, 6, 6, NAN])


def test_what_is_counted_on_the_chain_is_known_a_day_later_and_by_every_symbol(tmp_path: Path) -> None:
    caps = {"CapMrktCurUSD": [100, 110, 130, 120], "CapRealUSD": [90, 95, 100, 102]}
    files = [
        beside(tmp_path, "onchain_BTC_1d", caps),
        beside(tmp_path, "onchain_USDT_supply_1d", {"SplyCur": [7, 8, 9, 10]}),
        beside(tmp_path, "onchain_USDC_supply_1d", {"SplyCur": [1, 1, 1, 1]}),
    ]
    block = whole(opened(*market(tmp_path, "BTCUSDT", "SOLUSDT"), *files))
    for symbol in (0, 1):
        known = at_closes(block, "bitcoin_market_cap", [47, 48, 71, 72, 96], symbol)
        np.testing.assert_array_equal(known, [NAN, 100, 100, 110, 130])
        assert at_closes(block, "bitcoin_realised_cap", [48], symbol) == [90]
        np.testing.assert_array_equal(
            at_closes(block, "stablecoin_supply", [47, 48, 96], symbol), [NAN, 8, 10]
        )
    assert "mvrv_z" in block.inputs


def test_a_coin_that_begins_later_joins_the_supply_and_one_that_ends_takes_it_away(tmp_path: Path) -> None:
    files = [
        beside(tmp_path, "supply_USDT_1d", {"supply": [7, 7, 7, 7, 7]}),
        beside(tmp_path, "supply_USDC_1d", {"supply": ["", 2]}),
    ]
    block = whole(opened(*market(tmp_path, "BTCUSDT"), *files))
    np.testing.assert_array_equal(at_closes(block, "stablecoin_supply", [48, 72, 120, 121]), [NAN, 9, 9, NAN])


def test_marks_index_and_spot_of_the_same_symbol_or_coin(tmp_path: Path) -> None:
    prices = {part: [1.0, 2.0, 3.0] for part in ("open", "high", "low", "close")}
    files = [
        beside(tmp_path, "markprice_binanceum_BTCUSDT_1h", prices, HOUR_MS),
        beside(tmp_path, "BTCUSDT-1h-index", prices, HOUR_MS),
        beside(tmp_path, "basis_BTC_1h", {"spot_close": [4, 5, 6]}, HOUR_MS),
    ]
    block = whole(opened(*market(tmp_path, "BTCUSDT", "ETHUSDT"), *files))
    for name, first in (("mark_price", 1), ("index_price", 1), ("spot_price", 4)):
        known = at_closes(block, name, [1, 2, 3, 5, 6])
        np.testing.assert_array_equal(known, [first, first + 1, first + 2, first + 2, NAN])
        assert np.isnan(block.inputs[name][:, 1]).all()


def test_spot_bars_beside_those_of_a_future_are_its_spot_price(tmp_path: Path) -> None:
    spot = write_csv(tmp_path / "ohlcv_binance_BTCUSDT_1h.csv", bars(range(5, 20), base=500.0))
    feed = opened(*market(tmp_path, "BTCUSDT"), spot)
    block = whole(feed)
    assert feed.symbols == ("BTCUSDT",)
    assert block.close[5, 0] == 105.5
    np.testing.assert_array_equal(
        at_closes(block, "spot_price", [5, 6, 20, 22, 23]), [NAN, 505.5, 519.5, 519.5, NAN]
    )


def test_spot_bars_before_those_of_a_future_are_one_history(tmp_path: Path) -> None:
    spot = write_csv(tmp_path / "ohlcv_binance_BTCUSDT_1h_2021.csv", bars(range(-9, 0)))
    feed = opened(*market(tmp_path, "BTCUSDT"), spot)
    assert feed.first_open_ms == APRIL - 9 * HOUR_MS
    assert whole(feed).inputs == {}


def test_wanted_symbols_keep_what_their_coin_reads(tmp_path: Path) -> None:
    files = [
        *market(tmp_path, "BTCUSDT", "ETHUSDT"),
        settled(tmp_path, "funding_deribit_BTCPERPETUAL_8h", [4e-4, 5e-4]),
        settled(tmp_path, "funding_binance_ETHUSDT_8h", [4e-4, 5e-4]),
        beside(tmp_path, "onchain_BTC_1d", {"CapMrktCurUSD": [1, 2], "CapRealUSD": [1, 1]}),
    ]
    btc = whole(opened(*files, symbols=["BTCUSDT"]))
    assert set(btc.inputs) >= {"funding_rate_2", "bitcoin_market_cap"}
    assert set(whole(opened(*files, symbols=["ETHUSDT"])).inputs) >= {"funding_rate", "bitcoin_market_cap"}


def test_a_file_that_serves_nobody_is_a_notice(tmp_path: Path) -> None:
    files = [
        beside(tmp_path, "dvol_deribit_ETH_1d", {"close": [60.0, 61.0]}),
        beside(tmp_path, "onchain_ETH_1d", {"CapMrktCurUSD": [1, 2]}),
        settled(tmp_path, "funding_binance_DOGEUSDT_8h", [1e-4]),
    ]
    feed = opened(*market(tmp_path, "BTCUSDT"), *files)
    assert sorted(feed.notices) == [
        "dvol_deribit_ETH_1d.csv: left out, no input of BTCUSDT",
        "funding_binance_DOGEUSDT_8h.csv: left out, no bars of DOGEUSDT",
        "onchain_ETH_1d.csv: left out, no input of BTCUSDT",
    ]
    assert whole(feed).inputs == {}


@pytest.mark.parametrize(
    ("name", "columns", "fault"),
    [
        ("oi_BTCUSDT_1d", {"open_interest": [1, "many"]}, "row 2: open_interest 'many' is not a number"),
        ("oi_BTCUSDT_1d", {"open_interest": [1, -1]}, "row 2: open_interest '-1' is below 0"),
        ("dvol_BTC_1d", {"close": ["inf"]}, "row 1: close 'inf' is not a number"),
        ("onchain_BTC_1d", {"CapMrktCurUSD": []}, "holds no rows"),
    ],
)
def test_a_broken_file_is_one_line(
    tmp_path: Path, name: str, columns: Mapping[str, Sequence[Any]], fault: str
) -> None:
    file = beside(tmp_path, name, columns)
    if not next(iter(columns.values())):
        file.write_text("ts,CapMrktCurUSD\n", encoding="utf-8")
    with pytest.raises(DataFault) as raised:
        opened(*market(tmp_path, "BTCUSDT"), file)
    assert str(raised.value) == f"{file}: {fault}"


def test_inputs_alone_are_no_market(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="no bars in there"):
        opened(beside(tmp_path, "dvol_BTC_1d", {"close": [1.0]}))


def test_a_span_does_not_depend_on_what_was_read_before_it(tmp_path: Path) -> None:
    files = [
        *market(tmp_path, "BTCUSDT", "ETHUSDT"),
        settled(tmp_path, "funding_binance_BTCUSDT_8h", [1e-4] * 12),
        settled(tmp_path, "funding_okx_BTCUSDT_1h", [1e-5] * 90, 1),
        beside(tmp_path, "oi_BTCUSDT_1h", {"open_interest": list(range(1, 100))}, HOUR_MS),
        beside(tmp_path, "onchain_BTC_1d", {"CapMrktCurUSD": [1, 2, 4], "CapRealUSD": [1, 1, 1]}),
    ]
    first = whole(opened(*files))
    small = open_replay([str(file) for file in files], config=ReplayConfig(chunk_bars=64))
    for start, count in ((100, 30), (3, 1), (0, 24 * DAYS), (15, 2)):
        block = small.read(APRIL + start * HOUR_MS, count)
        for name, values in first.inputs.items():
            np.testing.assert_array_equal(block.inputs.get(name, np.nan), values[start : start + count])


def test_identity_covers_what_stands_beside(tmp_path: Path) -> None:
    files = market(tmp_path, "BTCUSDT")
    alone = opened(*files).identity()
    one = opened(*files, beside(tmp_path, "dvol_BTC_1d", {"close": [1.0, 2.0]})).identity()
    other = opened(*files, beside(tmp_path, "dvol_BTC_1d", {"close": [1.0, 3.0]})).identity()
    assert len({alone, one, other}) == 3


def test_what_no_file_has_is_named(tmp_path: Path) -> None:
    files = [*market(tmp_path, "BTCUSDT"), settled(tmp_path, "funding_binance_BTCUSDT_8h", [1e-4])]
    asked = {"close", "funding_rate", "future_price", "future_days", "mvrv_z", "taker_buy_volume"}
    assert open_replay([str(file) for file in files], inputs=asked).notices == (
        "no file has future_price, future_days, mvrv_z",
    )


def chain(folder: Path, name: str, **changed: object) -> Path:
    """Two snapshots, a day apart, of coin-settled options of two expiries around 30 days."""
    from strategies.options.pricing import black_scholes

    rows: list[dict[str, Any]] = []
    for day, volatility in ((0, 0.6), (1, 0.7)):
        for days_left in (20, 40):
            for number, strike in enumerate(range(60, 160, 10)):
                years = days_left / 365
                premium = float(black_scholes(100.0, strike, years, volatility, strike >= 100).price) / 100
                rows.append(
                    {
                        "ts": APRIL + day * DAY_MS + number,
                        "expiry_ts": APRIL + (day + days_left) * DAY_MS,
                        "strike": strike,
                        "option_type": "C" if strike >= 100 else "P",
                        "bid_price": premium * 0.999,
                        "ask_price": premium * 1.001,
                        "underlying_price": 100.0,
                    }
                )
    rows.sort(key=lambda row: (row["ts"], row["expiry_ts"]))
    rows[3].update(changed)
    return write_csv(folder / f"{name}.csv", rows)


def test_the_skew_of_a_chain_is_known_at_once_for_its_coin(tmp_path: Path) -> None:
    file = chain(tmp_path, "options_deribit_BTC_chain")
    block = whole(opened(*market(tmp_path, "BTCUSDT", "ETHUSDT"), file))
    assert at_closes(block, "skew_points", [1, 72]) == [2, 2]
    np.testing.assert_allclose(at_closes(block, "skew_25_delta", [1, 24, 25, 72]), 0.0, atol=0.02)
    assert np.isnan(at_closes(block, "skew_25_delta", [73, 74])).all()
    assert np.isnan(block.inputs["skew_25_delta"][:, 1]).all()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"option_type": "X"}, "row 4: option_type 'X' is neither a call nor a put"),
        ({"strike": -5}, "row 4: strike '-5' is not above 0"),
        ({"expiry_ts": 20240108}, "row 4: expiry '20240108' is no time in ms"),
        ({"bid_price": "dear"}, "row 4: bid 'dear' is not a number"),
    ],
)
def test_a_broken_chain_is_one_line(tmp_path: Path, changed: dict[str, object], fault: str) -> None:
    file = chain(tmp_path, "options_deribit_BTC_chain", **changed)
    with pytest.raises(DataFault) as raised:
        opened(*market(tmp_path, "BTCUSDT"), file)
    assert str(raised.value) == f"{file}: {fault}"


def test_what_takers_bought_stands_beside_its_own_bars(tmp_path: Path) -> None:
    rows = [{**row, "taker_buy_volume": 4.0 + n if n != 2 else ""} for n, row in enumerate(bars(range(4)))]
    file = write_csv(tmp_path / "ETHUSDT-1h.csv", rows)
    block = whole(opened(*market(tmp_path, "BTCUSDT"), file))
    bought = block.inputs["taker_buy_volume"]
    np.testing.assert_array_equal(bought[:5, 1], [4, 5, NAN, 7, NAN])
    assert np.isnan(bought[:, 0]).all()
    rows[1]["taker_buy_volume"] = -1
    with pytest.raises(DataFault, match="row 2: taker_buy_volume '-1' is below 0"):
        opened(write_csv(tmp_path / "ETHUSDT-1h.csv", rows))
