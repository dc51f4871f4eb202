"""Recorded bars become a market: which files, columns and times are read, and what is made of them."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine.config_sections import ReplayConfig
from engine.feeds.feed import Feed, FundingSettlement
from engine.feeds.replay import ReplayFeed, open_replay
from engine.timerange import TimeRange
from tests.engine.feeds.market_files import APRIL, DAY_MS, HOUR_MS, bars, write_csv, write_parquet

FIELDS = ("open", "high", "low", "close", "volume")


def whole(feed: ReplayFeed) -> dict[str, list[list[float | None]]]:
    """Every bar of a feed, [n][S] by field, with None for gaps."""
    assert feed.end_ms is not None
    block = feed.read(feed.first_open_ms, (feed.end_ms - feed.first_open_ms) // feed.bar_ms + 10)
    return {
        field: [[None if cell != cell else cell for cell in row] for row in getattr(block, field).tolist()]
        for field in FIELDS
    }


def test_a_file_of_bars_is_a_feed(tmp_path: Path) -> None:
    rows = bars(range(30))
    feed: Feed = open_replay([str(write_parquet(tmp_path / "ohlcv_binance_BTCUSDT_1h_2021.parquet", rows))])

    assert (feed.symbols, feed.bar_ms) == (("BTCUSDT",), HOUR_MS)
    assert (feed.first_open_ms, feed.start_ms, feed.end_ms) == (APRIL, APRIL, APRIL + 30 * HOUR_MS)
    block = feed.read(APRIL + 5 * HOUR_MS, 3)
    assert (block.first_open_ms, block.bar_ms, len(block)) == (APRIL + 5 * HOUR_MS, HOUR_MS, 3)
    for field in FIELDS:
        assert getattr(block, field).tolist() == [[row[field]] for row in rows[5:8]]


def test_gaps_and_different_spans_are_gaps(tmp_path: Path) -> None:
    write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars([0, 1, 4, 5]))
    write_csv(tmp_path / "ETHUSDT-1h.csv", bars([3, 4, 6], base=10.0))
    feed = open_replay([str(tmp_path)])

    assert feed.symbols == ("BTCUSDT", "ETHUSDT")
    assert whole(feed)["close"] == [
        *(
            [100.5, None],
            [101.5, None],
            [None, None],
            [None, 13.5],
            [104.5, 14.5],
            [105.5, None],
            [None, 16.5],
        )
    ]
    assert whole(feed)["volume"][2] == [None, None]


def test_the_time_range_is_traded_and_what_lies_before_it_is_warm_up(tmp_path: Path) -> None:
    path = str(write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(24 * 6))))

    feed = open_replay([path], timerange=TimeRange.parse("20210403-20210404"))
    assert (feed.first_open_ms, feed.start_ms, feed.end_ms) == (APRIL, APRIL + 2 * DAY_MS, APRIL + 4 * DAY_MS)
    assert len(feed.read(APRIL + 4 * DAY_MS - HOUR_MS, 5)) == 1
    assert len(feed.read(APRIL + 4 * DAY_MS, 5)) == 0

    later = open_replay([path], timerange=TimeRange.parse("20210405-"))
    assert (later.start_ms, later.end_ms) == (APRIL + 4 * DAY_MS, APRIL + 6 * DAY_MS)
    earlier = open_replay([path], timerange=TimeRange.parse("-20210402"))
    assert (earlier.start_ms, earlier.end_ms) == (APRIL, APRIL + 2 * DAY_MS)


def test_reading_backwards_by_ones_and_across_chunks_gives_the_same(tmp_path: Path) -> None:
    path = str(write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars([i for i in range(300) if i % 7 != 3])))
    feed = open_replay([path], config=ReplayConfig(chunk_bars=64))
    once = feed.read(APRIL, 300)
    for first, count in ((299, 1), (0, 1), (60, 10), (63, 1), (64, 1), (10, 200), (128, 64), (0, 300)):
        block = feed.read(APRIL + first * HOUR_MS, count)
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(block, field), getattr(once, field)[first : first + count])


@pytest.mark.parametrize("open_ms", [APRIL - HOUR_MS, APRIL + 1, APRIL + HOUR_MS // 2])
def test_a_time_off_the_grid_is_the_callers_mistake(tmp_path: Path, open_ms: int) -> None:
    feed = open_replay([str(write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(3))))])
    with pytest.raises(ValueError, match="is not the open of a bar"):
        feed.read(open_ms, 1)


HEADERS = [
    ("ts", "open", "high", "low", "close", "volume"),
    ("Timestamp", "Open", "High", "Low", "Close", "Volume"),
    ("OPEN_TIME", "O", "H", "L", "C", "V"),
    ("Date", "Open", "High", "Low", "Close", "Volume BTC"),
    (" time ", "open price", "high price", "low price", "close price", "base_volume"),
    ("datetime", "OPEN", "HIGH", "LOW", "CLOSE", "VOL"),
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[0])
def test_columns_are_known_by_their_usual_names(tmp_path: Path, header: tuple[str, ...]) -> None:
    feed = open_replay([str(write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(5)), header))])
    assert [row[0] for row in whole(feed)["volume"]] == [10.0, 11.0, 12.0, 13.0, 14.0]


def _moment(pattern: str) -> Any:
    return lambda ts: datetime.fromtimestamp(ts / 1000, UTC).strftime(pattern)


TIMES = [
    ("milliseconds", lambda ts: ts),
    ("seconds", lambda ts: ts // 1000),
    ("microseconds", lambda ts: ts * 1000),
    ("nanoseconds", lambda ts: ts * 1_000_000),
    ("seconds with a point", lambda ts: f"{ts / 1000:.3f}"),
    ("milliseconds as a power", lambda ts: f"{ts:.12e}"),
    ("ISO with Z", _moment("%Y-%m-%dT%H:%M:%SZ")),
    ("ISO with an offset", _moment("%Y-%m-%d %H:%M:%S+00:00")),
    ("ISO without seconds", _moment("%Y-%m-%d %H:%M")),
    ("ISO in quotes", _moment('"%Y-%m-%d %H:%M:%S"')),
    ("ISO with fractions", _moment("%Y-%m-%dT%H:%M:%S.000000")),
]


@pytest.mark.parametrize(("kind", "written"), TIMES, ids=[kind for kind, _ in TIMES])
def test_times_are_read_in_any_usual_form(
    tmp_path: Path, kind: str, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    rows = [{**row, "ts": written(row["ts"])} for row in bars(range(4))]
    feed = open_replay([str(write_csv(tmp_path / "BTCUSDT-1h.csv", rows))])
    assert (feed.first_open_ms, feed.end_ms) == (APRIL, APRIL + 4 * HOUR_MS)


def test_an_offset_from_utc_counts(tmp_path: Path) -> None:
    rows = [{**row, "ts": f"2021-04-01T{hour:02}:00:00+02:00"} for hour, row in enumerate(bars(range(3)), 2)]
    assert open_replay([str(write_csv(tmp_path / "BTCUSDT-1h.csv", rows))]).first_open_ms == APRIL


PARQUET_TYPES: list[tuple[str, dict[str, pa.DataType]]] = [
    ("int64 and double", {}),
    ("timestamps", {"ts": pa.timestamp("ns")}),
    ("timestamps of a zone", {"ts": pa.timestamp("us", tz="UTC")}),
    ("narrow numbers", {"open": pa.float32(), "volume": pa.int16()}),
    ("decimals", {"close": pa.decimal128(12, 2)}),
    ("text", {"ts": pa.string(), "close": pa.string()}),
]


@pytest.mark.parametrize(("kind", "types"), PARQUET_TYPES, ids=[kind for kind, _ in PARQUET_TYPES])
def test_parquet_is_read_in_any_usual_type(tmp_path: Path, kind: str, types: dict[str, pa.DataType]) -> None:
    rows = bars(range(4))
    for row in rows:
        if types.get("ts") == pa.timestamp("ns"):
            row["ts"] *= 1_000_000
        elif types.get("ts") == pa.timestamp("us", tz="UTC"):
            row["ts"] *= 1_000
        elif types.get("ts") == pa.string():
            row |= {"ts": str(row["ts"]), "close": str(row["close"])}
        elif "close" in types:
            row["close"] = Decimal(str(row["close"]))
        elif "volume" in types:
            row["volume"] = int(row["volume"])
    feed = open_replay([str(write_parquet(tmp_path / "BTCUSDT-1h.parquet", rows, types))])
    assert feed.first_open_ms == APRIL
    assert whole(feed)["close"] == [[100.5], [101.5], [102.5], [103.5]]
    assert whole(feed)["volume"] == [[10.0], [11.0], [12.0], [13.0]]


@pytest.mark.parametrize("by", ["symbol", "time"])
def test_a_panel_holds_many_symbols(tmp_path: Path, by: str) -> None:
    rows = [
        {"ts": row["ts"], "pair": symbol, **{field: row[field] for field in FIELDS}}
        for symbol, base, first in (("BTC/USDT:USDT", 100.0, 0), ("eth-usdt", 10.0, 2))
        for row in bars(range(first, 4), base)
    ]
    if by == "time":
        rows.sort(key=lambda row: row["ts"])
    for path in (write_csv(tmp_path / "panel_1h.csv", rows), write_parquet(tmp_path / "p_1h.parquet", rows)):
        feed = open_replay([str(path)])
        assert feed.symbols == ("BTCUSDT", "ETHUSDT")
        assert whole(feed)["open"] == [[100.0, None], [101.0, None], [102.0, 12.0], [103.0, 13.0]]
    assert open_replay([str(path)], symbols=["ETHUSDT"]).first_open_ms == APRIL + 2 * HOUR_MS


def test_symbols_choose_and_order(tmp_path: Path) -> None:
    for symbol in ("AUSDT", "BUSDT", "CUSDT"):
        write_parquet(tmp_path / f"{symbol}-1h.parquet", bars(range(3)))
    (tmp_path / "BUSDT-1h.parquet").write_bytes(b"not looked at: nobody wants it")
    feed = open_replay([str(tmp_path / "[AC]*.parquet")], symbols=["CUSDT", "AUSDT"])
    assert feed.symbols == ("CUSDT", "AUSDT")
    assert [instrument.symbol for instrument in feed.instruments] == ["CUSDT", "AUSDT"]


def test_a_name_without_symbol_or_size_is_helped_out(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "prices.csv", bars(range(12), bar_ms=15 * 60_000)))
    assert open_replay([path], symbols=["XYZ"]).bar_ms == 15 * 60_000
    one = str(write_csv(tmp_path / "one.csv", bars([0])))
    assert open_replay([one], symbols=["XYZ"], bar_ms=HOUR_MS).bar_ms == HOUR_MS


def test_files_of_one_symbol_are_stitched_and_equal_bars_merge(tmp_path: Path) -> None:
    write_parquet(tmp_path / "BTCUSDT-1h-2021-04.parquet", bars(range(5)))
    write_csv(tmp_path / "BTCUSDT-1h-2021-05.csv", bars(range(3, 8)))
    write_csv(tmp_path / "BTCUSDT-1h-2021-06.csv", bars(range(8, 10)))
    assert whole(open_replay([str(tmp_path)]))["close"] == [[100.5 + i] for i in range(10)]


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    twice = open_replay([str(path), str(tmp_path), f"{tmp_path}/*.csv"])
    assert twice.identity() == open_replay([str(path)]).identity()


def test_rows_without_volume_keep_their_price(tmp_path: Path) -> None:
    rows = bars(range(4))
    for row, volume in zip(rows, ("", "nan", "0", "7"), strict=True):
        row["volume"] = volume
    feed = open_replay([str(write_csv(tmp_path / "BTCUSDT-1h.csv", rows))])
    assert whole(feed)["volume"] == [[0.0], [0.0], [0.0], [7.0]]
    assert whole(feed)["close"][1] == [101.5]


def test_closes_alone_are_bars_without_range_and_a_notice_says_so(tmp_path: Path) -> None:
    rows = [{"ts": row["ts"], "close": row["close"], "quote_volume": 1005.0} for row in bars(range(3))]
    feed = open_replay([str(write_parquet(tmp_path / "close_binance_BTCUSDT_1h.parquet", rows))])
    block = whole(feed)
    assert block["open"] == block["high"] == block["low"] == block["close"] == [[100.5], [101.5], [102.5]]
    assert block["volume"][0] == [10.0]
    assert feed.notices == (
        "only closes, so stops and limits see nothing between them: close_binance_BTCUSDT_1h.parquet",
    )


def test_what_holds_no_bars_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(3)))
    write_csv(tmp_path / "trades_BTCUSDT.csv", [{"ts": APRIL, "price": 1.0, "qty": 2.0, "side": "buy"}])
    (tmp_path / "README.md").write_text("# about")
    feed = open_replay([str(tmp_path)])
    assert feed.symbols == ("BTCUSDT",)
    assert feed.notices == ("passed over, without bars or funding rates: README.md, trades_BTCUSDT.csv",)


def test_funding_rates_join_their_symbol(tmp_path: Path) -> None:
    write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(24)))
    write_parquet(tmp_path / "ETHUSDT-1h.parquet", bars(range(24)))
    rates = [{"ts": APRIL + 8 * HOUR_MS * i + 3, "funding_rate": 0.0001 * i} for i in range(3)]
    write_csv(tmp_path / "funding_binance_ETHUSDT_8h.csv", rates)
    write_csv(tmp_path / "funding_binance_XRPUSDT_8h.csv", rates)
    feed = open_replay([str(tmp_path)])

    assert feed.read(APRIL + HOUR_MS, 16).funding == (
        FundingSettlement(APRIL + 8 * HOUR_MS + 3, 1, 0.0001),
        FundingSettlement(APRIL + 16 * HOUR_MS + 3, 1, 0.0002),
    )
    assert feed.read(APRIL, 8).funding == (FundingSettlement(APRIL + 3, 1, 0.0),)
    assert feed.notices == ("funding_binance_XRPUSDT_8h.csv: left out, no bars of XRPUSDT",)
    assert [instrument.funding_interval_ms for instrument in feed.instruments] == [8 * HOUR_MS] * 2


def test_a_settlement_told_twice_is_settled_once(tmp_path: Path) -> None:
    rows = [{**row, "funding_rate": 0.0001 if i % 8 == 0 else None} for i, row in enumerate(bars(range(24)))]
    write_parquet(tmp_path / "perp_BTCUSDT_1h.parquet", rows)
    late = [{"ts": APRIL + 8 * HOUR_MS * i + 7, "funding_rate": 0.0002} for i in range(2)]
    write_csv(tmp_path / "funding_BTCUSDT.csv", late)
    feed = open_replay([str(tmp_path)])
    assert [(row.ts_ms - APRIL, row.rate) for row in feed.read(APRIL, 24).funding] == [
        *((7, 0.0002), (8 * HOUR_MS + 7, 0.0002), (16 * HOUR_MS, 0.0001))
    ]


def test_identity_is_the_content_and_not_the_place(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        write_csv(folder / "BTCUSDT-1h.csv", bars(range(48)))
    here, there = (open_replay([str(folder)]) for folder in (first, second))
    assert here.identity() == there.identity()
    assert "\n" not in here.identity()

    ends_sooner = open_replay([str(first)], timerange=TimeRange.parse("-20210401"))
    starts_later = open_replay([str(first)], timerange=TimeRange.parse("20210402-"))
    write_csv(second / "BTCUSDT-1h.csv", bars(range(47)))
    changed = open_replay([str(second)])
    assert ends_sooner.identity() == here.identity()
    assert len({here.identity(), starts_later.identity(), changed.identity()}) == 3


def test_quotes_run_over_the_range_of_the_bar_and_only_show(tmp_path: Path) -> None:
    rows = [{**bar, "high": 110.0, "low": 95.0} for bar in bars(range(2))]
    rows[1] |= {"open": 104.0, "close": 98.0}
    write_csv(tmp_path / "BTCUSDT-1h.csv", rows)
    write_csv(tmp_path / "ETHUSDT-1h.csv", bars([0]))
    feed = open_replay([str(tmp_path)])

    assert feed.quotes(APRIL, 0.5) is None
    feed.read(APRIL, 1)
    shown = [feed.quotes(APRIL, fraction) for fraction in (-1.0, 0.0, 1 / 3, 2 / 3, 1.0, 2.0)]
    assert [quote[0] for quote in shown if quote is not None] == pytest.approx(
        [100, 100, 95, 110, 100.5, 100.5]
    )
    falling = [feed.quotes(APRIL + HOUR_MS, fraction) for fraction in (0.0, 1 / 3, 2 / 3, 1.0)]
    assert [quote[0] for quote in falling if quote is not None] == pytest.approx([104, 110, 95, 98])
    assert [np.isnan(quote[1]) for quote in falling if quote is not None] == [True] * 4
    assert feed.quotes(APRIL + 2 * HOUR_MS, 0.5) is None


def test_another_reader_shows_the_same_market_and_takes_nothing_from_this_one(tmp_path: Path) -> None:
    write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(400)))
    feed = open_replay([str(tmp_path)], config=ReplayConfig(chunk_bars=100))
    whole = feed.read(APRIL, 400)
    feed.read(APRIL, 1)
    shown, reader = feed.quotes(APRIL, 0.5), feed.beside()
    again = reader.read(APRIL, 400)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert shown is not None
    np.testing.assert_array_equal(feed.quotes(APRIL, 0.5), shown)
    feed.close()


def test_a_process_with_frozen_objects_ends_without_a_word(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    code = (
        "import gc, sys; from engine.feeds.replay import open_replay; open_replay(sys.argv[1:]); gc.freeze()"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
