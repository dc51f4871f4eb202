"""Market data that cannot be used is refused in one line that names file, row and fault."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.feeds.feed import DataFault
from engine.feeds.replay import open_replay
from engine.timerange import TimeRange
from tests.engine.feeds.market_files import (
    APRIL,
    COLUMNS,
    DAY_MS,
    HOUR_MS,
    bar,
    bars,
    csv_text,
    write_csv,
    write_parquet,
)


def fault_of(*items: Path | str, **options: Any) -> str:
    with pytest.raises(DataFault) as raised:
        open_replay([str(item) for item in items], **options)
    text = str(raised.value)
    assert text.isprintable()
    return text


CELLS: list[tuple[str, object, str]] = [
    ("ts", "", "ts (empty) is not a time"),
    ("ts", "yesterday", "ts 'yesterday' is not a time"),
    ("ts", APRIL + 5 * HOUR_MS, "ts '1617253200000' stands there twice"),
    ("ts", APRIL, "ts '1617235200000' lies before the row above it: rows must be in the order of time"),
    ("ts", APRIL + 6 * HOUR_MS + 1, "ts '1617256800001' is not the open of a 1h bar (UTC)"),
    ("ts", 12, "ts '12' lies outside 1980 to 2199"),
    ("ts", 10**17, "ts '100000000000000000' lies outside 1980 to 2199"),
    ("close", "", "close (empty) is not a number"),
    ("close", "1,5", "close '1,5' is not a number"),
    ("close", "nan", "close 'nan' is not a number"),
    ("high", "inf", "high 'inf' is not a number"),
    ("high", "1e999", "high '1e999' is not a number"),
    ("low", -1, "low '-1' is not above 0"),
    ("open", 0, "open '0' is not above 0"),
    ("low", "1e-9", "low '1e-9' is below the smallest price step, 0.00000001"),
    ("high", "1e11", "high '1e11' is absurd for a price"),
    ("high", 90, "high '90' is below low '104.5'"),
    ("open", 200, "open '200' lies outside low '104.5' to high '108.0'"),
    ("close", 104, "close '104' lies outside low '104.5' to high '108.0'"),
    ("volume", -0.5, "volume '-0.5' is below 0"),
    ("volume", "inf", "volume 'inf' is not a number"),
    ("volume", "lots", "volume 'lots' is not a number"),
    ("volume", "1e30", "volume '1e30' is absurd"),
]


@pytest.mark.parametrize(("column", "cell", "reason"), CELLS, ids=[f"{c}={v}" for c, v, _ in CELLS])
def test_a_bad_cell_is_named_with_its_row(tmp_path: Path, column: str, cell: object, reason: str) -> None:
    rows = bars(range(12))
    rows[6][column] = cell
    if column == "ts" and cell == APRIL + 5 * HOUR_MS:
        rows[6]["ts"] = rows[5]["ts"]
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", rows)
    text = csv_text(rows).replace("\n1,5", "\n")
    if cell == "1,5":
        path.write_text(text.replace("1,5", '"1,5"'))
    assert fault_of(path) == f"{path}: row 7: {reason}"


def test_a_bad_cell_of_parquet_is_named_with_its_row(tmp_path: Path) -> None:
    rows = bars(range(5))
    rows[3]["close"] = float("nan")
    path = write_parquet(tmp_path / "BTCUSDT-1h.parquet", rows)
    assert fault_of(path) == f"{path}: row 4: close nan is not a number"


@pytest.mark.parametrize("name", ["BTCUSDT-1h", "BTCUSDT", "panel_1h"])
@pytest.mark.parametrize("at", [0, 5, 11])
@pytest.mark.parametrize("ts", [-(2**63), 2**63 - 1, -1])
def test_a_time_that_stands_for_none_is_named_with_its_row(
    tmp_path: Path, name: str, at: int, ts: int
) -> None:
    rows = [{**row, "symbol": "BTCUSDT"} if name == "panel_1h" else row for row in bars(range(12))]
    rows[at]["ts"] = ts
    text = write_csv(tmp_path / f"{name}.csv", rows)
    assert fault_of(text).startswith(f"{text}: row {at + 1}: ts '{ts}' ")
    path = write_parquet(tmp_path / f"{name}.parquet", rows)
    assert fault_of(path) == f"{path}: row {at + 1}: ts {ts} lies outside 1980 to 2199"


def test_the_first_bad_row_of_a_panel_is_named(tmp_path: Path) -> None:
    rows = [{"symbol": symbol, **bar(index)} for symbol in ("B", "A1", "C2") for index in range(3)]
    path = write_csv(tmp_path / "panel_1h.csv", rows)
    rows[0]["symbol"], rows[7]["low"] = "B1", -3
    rows[4]["ts"] = rows[3]["ts"]
    assert fault_of(write_csv(path, rows)) == f"{path}: row 5: ts '1617235200000' stands there twice"
    rows[4]["ts"] += HOUR_MS
    assert fault_of(write_csv(path, rows)) == f"{path}: row 8: low '-3' is not above 0"
    rows[7]["low"], rows[2]["symbol"] = 100.0, "-"
    assert fault_of(write_csv(path, rows)) == f"{path}: row 3: symbol '-' has neither letters nor digits"


Writer = Callable[[Path], object]
GOOD = csv_text(bars(range(3)))

CONTENTS: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "is empty"),
    ("blank.csv", b"\n\n \n", "is empty"),
    ("header.csv", b"ts,open,high,low,close,volume\n", "holds no rows"),
    ("noheader.csv", GOOD.split("\n", 1)[1].encode(), "has no header: its first line must name the columns"),
    (
        "short.csv",
        GOOD.replace(",volume", "").encode(),
        "has no column volume; it has ts, open, high, low and 1 more",
    ),
    (
        "typo.csv",
        GOOD.replace("close", "clsoe").encode(),
        "has no column close; it has ts, open, high, low and 2 more",
    ),
    ("other.csv", b"a,b\n1,2\n", "has no column ts, open, high, low, close, volume; it has a, b"),
    ("twice.csv", GOOD.replace("volume", "close").encode(), "has two columns for close"),
    ("ragged.csv", (GOOD + "1,2,3\n").encode(), "row 4: has 3 columns where the header has 6"),
    ("wide.csv", GOOD.replace("\n1617238800000", "\n1617238800000,9").encode(), "row 2: has 7 columns where"),
    ("quote.csv", GOOD.replace("101.0", '"101.0').encode(), "row 2: opens a quote that never closes"),
    ("latin.csv", GOOD.replace("10.0", "10.0\xe9").encode("latin-1"), "row 1: is not UTF-8 text"),
    ("latin_header.csv", GOOD.replace("open", "op\xe9n").encode("latin-1"), "row 1: is not UTF-8 text"),
    ("utf16.csv", GOOD.encode("utf-16"), "is not UTF-8 text"),
    ("binary.csv", bytes(range(256)) * 40, "is not UTF-8 text"),
    ("empty.parquet", b"", "is no whole Parquet file: "),
    ("text.parquet", GOOD.encode(), "is no whole Parquet file: No magic bytes"),
    ("garbage.parquet", b"PAR1" + bytes(range(200)) + b"PAR1", "is no whole Parquet file: "),
]


@pytest.mark.parametrize(("name", "content", "reason"), CONTENTS, ids=[name for name, _, _ in CONTENTS])
def test_a_file_that_is_no_table_of_bars_is_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / f"BTCUSDT-1h-{name}"
    path.write_bytes(content)
    assert fault_of(path).startswith(f"{path}: {reason}")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_one_line(tmp_path: Path, keep: float) -> None:
    path = write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(3_000)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert fault_of(path).startswith(f"{path}: is no whole Parquet file: No magic bytes found at end of file")


def test_a_column_of_another_type_is_named(tmp_path: Path) -> None:
    rows = [{**row, "close": True} for row in bars(range(3))]
    path = write_parquet(tmp_path / "BTCUSDT-1h.parquet", rows)
    assert fault_of(path) == f"{path}: column close holds BOOLEAN, not numbers"
    rows = [{**row, "ts": [1]} for row in bars(range(3))]
    assert fault_of(write_parquet(path, rows)) == f"{path}: column ts holds BIGINT[], not times"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert fault_of(tmp_path) == f"{tmp_path}: is a folder without files"
    assert fault_of(tmp_path / "x.csv") == f"{tmp_path}/x.csv: no such file, and no file matches"
    assert fault_of(f"{tmp_path}/*.parquet") == f"{tmp_path}/*.parquet: no such file, and no file matches"
    nobody = "~no-such-user-of-this-machine/x.csv"
    assert fault_of(nobody) == f"{nobody}: cannot be read: Could not determine home directory."
    assert fault_of("a\n\0b") == "a??b: no such file, and no file matches"
    (tmp_path / "notes.txt").write_text("x")
    assert fault_of(tmp_path / "notes.txt") == f"{tmp_path}/notes.txt: is neither .parquet nor .csv"
    assert fault_of(tmp_path) == "notes.txt: no bars in there"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    path.chmod(0)
    assert fault_of(path) == f"{path}: cannot be read: Permission denied"


def test_a_name_that_says_too_little_says_what_to_pass(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "prices.csv", bars(range(3)))
    assert fault_of(path) == (
        f"{path}: no symbol in its name or columns: name it like BTCUSDT-1h.csv, or pass --symbols BTCUSDT"
    )
    path = write_csv(tmp_path / "BTCUSDT.csv", bars([0]))
    assert fault_of(path) == (
        f"{path}: no bar size in its name or rows: name it like BTCUSDT-1h.csv, or pass --set run.bar=1h"
    )


def test_sizes_must_agree(tmp_path: Path) -> None:
    write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    five = write_csv(tmp_path / "ETHUSDT-5m.csv", bars(range(3), bar_ms=300_000))
    assert fault_of(tmp_path) == (
        "bars of different sizes, pass files of one size: 5m: ETHUSDT-5m.csv; 1h: BTCUSDT-1h.csv"
    )
    assert fault_of(five, bar_ms=HOUR_MS) == f"{five}: holds 5m bars, and run.bar is 1h"
    daily = write_csv(tmp_path / "XRPUSDT-1h.csv", bars(range(60), bar_ms=24 * HOUR_MS))
    assert fault_of(daily) == f"{daily}: holds 1d bars, and 1h bars were expected"


def test_files_that_disagree_about_a_bar_are_named_with_their_rows(tmp_path: Path) -> None:
    rows = bars(range(5))
    first = write_csv(tmp_path / "a_BTCUSDT_1h.csv", rows)
    rows[3] = {**rows[3], "volume": 99.0}
    second = write_parquet(tmp_path / "b_BTCUSDT_1h.parquet", rows[2:])
    assert fault_of(tmp_path) == (
        f"{first}: row 4: BTCUSDT at 2021-04-01 03:00 differs from row 2 of {second}"
    )


def test_symbols_and_times_that_the_data_lacks_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    assert fault_of(path, symbols=["BTCUSDT", "ETHUSDT"]) == "BTCUSDT-1h.csv: no bars of ETHUSDT in there"
    assert fault_of(path, symbols=["ETHUSDT"]) == "BTCUSDT-1h.csv: no bars of ETHUSDT in there"
    for text in ("20210402-", "-20210331", "20200101-20200102"):
        assert fault_of(path, timerange=TimeRange.parse(text)) == (
            "no bars in the time range: the data goes from 2021-04-01 00:00 to 2021-04-01 03:00"
        )


def test_only_a_file_of_bars_or_rates_may_be_named(tmp_path: Path) -> None:
    bars_file = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    marks = write_csv(tmp_path / "prices_BTCUSDT_1h.csv", [{**r, "volume": 0} for r in bars(range(3))])
    marks.write_text(marks.read_text().replace("volume", "index"))
    assert (
        fault_of(bars_file, marks) == f"{marks}: has no column volume; it has ts, open, high, low and 2 more"
    )
    bars_file.unlink()
    assert fault_of(tmp_path) == f"{marks}: has no column volume; it has ts, open, high, low and 2 more"
    rates = write_csv(tmp_path / "funding_BTCUSDT.csv", [{"ts": APRIL, "funding_rate": 0.1}])
    assert fault_of(rates) == "funding_BTCUSDT.csv: no bars in there"


RATES = [
    ("x", "funding_rate 'x' is not a number"),
    ("", "funding_rate (empty) is not a number"),
    ("-0.6", "funding_rate '-0.6' is absurd for a fraction per interval"),
    ("inf", "funding_rate 'inf' is absurd for a fraction per interval"),
]


@pytest.mark.parametrize(("cell", "reason"), RATES)
def test_a_bad_funding_rate_is_named_with_its_row(tmp_path: Path, cell: str, reason: str) -> None:
    write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(24)))
    rows = [{"ts": APRIL + 8 * HOUR_MS * i, "funding_rate": 0.0001 if i != 1 else cell} for i in range(3)]
    path = write_csv(tmp_path / "funding_BTCUSDT_8h.csv", rows)
    assert fault_of(tmp_path) == f"{path}: row 2: {reason}"
    path.unlink()
    beside = [{**row, "funding_rate": cell or "nonsense"} for row in bars(range(3))]
    assert "row 1: funding_rate" in fault_of(write_csv(tmp_path / "BTCUSDT-1h.csv", beside))


BESIDE: dict[str, list[dict[str, Any]]] = {
    "oi_BTCUSDT_1h": [
        {
            "ts": APRIL + HOUR_MS * i,
            "open_interest": 5.0,
            "mark_price": 100.0,
            "index_price": 100.0,
            "spot_price": 100.0,
        }
        for i in range(6)
    ],
    "onchain_BTC_1d": [
        {"ts": APRIL - DAY_MS * 3 + DAY_MS * i, "CapMrktCurUSD": 1e12, "CapRealUSD": 5e11, "SplyCur": 2e7}
        for i in range(6)
    ],
    "dvol_deribit_BTC_1d": [{"ts": APRIL + DAY_MS * i, "close": 50.0} for i in range(6)],
    "options_deribit_BTC_chain": [
        {
            "ts": APRIL,
            "option_type": "put" if i % 2 else "call",
            "strike": 90.0 + 5 * i,
            "expiry_ts": float(APRIL + 30 * DAY_MS),
            "bid_price": 0.05,
            "ask_price": 0.06,
            "underlying_price": 100.0,
        }
        for i in range(6)
    ],
    "perp_BTCUSDT_1h": [{**row, "funding_rate": 0.0001, "taker_buy_volume": 1.0} for row in bars(range(6))],
}
NO_NUMBERS = {"nan": float("nan"), "inf": float("inf"), "huge": 1e308, "none": -(2.0**63)}
NEEDED = ("strike", "underlying_price", "expiry_ts", "ts")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("cell", NO_NUMBERS)
@pytest.mark.parametrize("name", BESIDE)
def test_no_column_takes_a_number_that_is_none(tmp_path: Path, name: str, cell: str, kind: str) -> None:
    if not name.startswith("perp"):
        write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(6)))
    path = tmp_path / f"{name}.{kind}"
    for column in BESIDE[name][0]:
        if column in ("option_type", *(COLUMNS if name.startswith("perp") else ())):
            continue
        rows = [dict(row) for row in BESIDE[name]]
        if column == "ts":
            rows = [{**row, "ts": float(row["ts"])} for row in rows]
        rows[3][column] = NO_NUMBERS[cell]
        (write_csv if kind == "csv" else write_parquet)(path, rows)
        if cell == "nan" and column not in NEEDED:
            open_replay([str(tmp_path)]).close()
        else:
            assert fault_of(tmp_path).startswith(f"{path}: row 4: "), column


def test_a_file_that_changes_under_a_running_feed_is_noticed(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "BTCUSDT-1h.parquet", bars(range(300)))
    feed = open_replay([str(path)])
    write_parquet(path, bars(range(299)))
    with pytest.raises(DataFault, match=r"BTCUSDT-1h.parquet: has changed since it was opened"):
        feed.read(APRIL, 10)


def test_nothing_is_left_behind_by_a_file_that_was_refused_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    path = write_csv(tmp_path / "BTCUSDT-1h.csv", bars(range(3)))
    feed = open_replay([str(path)])
    assert list(spare.iterdir()) == []
    feed.close()
    path.write_text(path.read_text() + "1,2\n")
    assert fault_of(path) == f"{path}: row 4: has 2 columns where the header has 6"
    assert list(spare.iterdir()) == []
