"""Whole markets in every form a file may have, and single faults to plant in them.

A market is one to three symbols with gaps and spans of their own. It is written as CSV or Parquet, one file a symbol
or one panel; a planted fault spoils one row (or one file) of it and knows which file, row and words must be named.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.engine.feeds.market_files import csv_text, write_parquet

START = 1_617_235_200_000
BAR_SIZES = {"5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
PRICES = ("open", "high", "low", "close")
Rows = list[dict[str, Any]]

TIME_STYLES: dict[str, Callable[[int], Any]] = {
    "ms": lambda ts: ts,
    "s": lambda ts: ts // 1000,
    "iso": lambda ts: datetime.fromtimestamp(ts / 1000, UTC).isoformat(),
    "plain": lambda ts: datetime.fromtimestamp(ts / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
}
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"ts": "Timestamp", "open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"},
    {"ts": "OPEN_TIME", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "symbol": "Pair"},
)


@dataclass(frozen=True)
class Style:
    suffix: str
    times: str
    header: dict[str, str]
    delimiter: str
    end: str


@dataclass
class File:
    name: str
    rows: Rows


@dataclass
class Market:
    """Files of a market with bars of `bar_ms`; `expected` is row by symbol and time as it must be read."""

    bar_ms: int
    style: Style
    files: list[File]
    expected: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        for old in folder.iterdir():
            old.unlink()
        for file in self.files:
            (folder / file.name).write_bytes(self.content(file, folder))

    def content(self, file: File, folder: Path) -> bytes:
        style = self.style
        rows = [{name: _written(name, cell, style) for name, cell in row.items()} for row in file.rows]
        names = list(file.rows[0]) if file.rows else []
        if style.suffix == "csv":
            header = [style.header.get(name, name) for name in names]
            return csv_text(rows, header, style.delimiter, style.end).encode("utf-8", "surrogateescape")
        path = write_parquet(
            folder / file.name, rows, {"ts": pa.int64()} if style.times in ("ms", "s") else {}
        )
        return path.read_bytes()


def _written(name: str, cell: Any, style: Style) -> Any:
    if name != "ts" or not isinstance(cell, int) or isinstance(cell, _AsItIs):
        return cell
    return TIME_STYLES[style.times](cell)


class _AsItIs(int):
    """A time that no style of writing changes."""


@dataclass(frozen=True)
class Blame:
    """What a fault must name: a file, a row where there is one, and some words."""

    kind: str
    file: str
    row: int | None
    words: str


STYLES = st.builds(
    Style,
    suffix=st.sampled_from(["csv", "csv", "parquet"]),
    times=st.sampled_from(list(TIME_STYLES)),
    header=st.sampled_from(HEADERS),
    delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
GAPS = st.lists(st.integers(1, 3), min_size=3, max_size=24)
CENTS = st.integers(100, 5_000_000)
RANGES = st.tuples(*[st.integers(0, 99) for _ in range(3)])


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """A market that loads."""
    size = draw(st.sampled_from(list(BAR_SIZES)))
    market = Market(BAR_SIZES[size], draw(STYLES), [])
    is_panel = draw(st.integers(0, 3)) == 0
    panel: Rows = []
    for symbol in SYMBOLS[: draw(st.sampled_from([1, 1, 2, 3]))]:
        rows = draw(_rows(BAR_SIZES[size]))
        market.expected |= {(symbol, row["ts"]): row for row in rows}
        if is_panel:
            panel += [{"symbol": symbol, **row} for row in rows]
        else:
            market.files.append(File(f"{symbol}-{size}.{market.style.suffix}", rows))
    if is_panel:
        market.files.append(File(f"panel_{size}.{market.style.suffix}", panel))
    return market


@st.composite
def _rows(draw: st.DrawFn, bar_ms: int) -> Rows:
    rows: Rows = []
    ts = START + draw(st.integers(0, 5)) * bar_ms
    middle = draw(CENTS)
    for gap in draw(GAPS):
        above, below, drift = draw(RANGES)
        middle = max(middle + drift - 49, 100)
        high, low = middle + above + 1, middle - below // 2 - 1
        opened, close = low + (high - low) // 3, low + (high - low) // 2
        prices = {name: cents / 100 for name, cents in zip(PRICES, (opened, high, low, close), strict=True)}
        rows.append({"ts": ts, **prices, "volume": float(above)})
        ts += gap * bar_ms
    return rows


Plant = Callable[[Market, File, int], Blame | None]


def _cell(column: str, value: Any, words: str, kind: str) -> Plant:
    def plant(market: Market, file: File, at: int) -> Blame:
        file.rows[at] = {**file.rows[at], column: value}
        return Blame(kind, file.name, at + 1, words)

    return plant


def _no_time(value: int) -> Plant:
    """A time that stands for none: as a number where the file has numbers, else as text."""

    def plant(market: Market, file: File, at: int) -> Blame:
        style = market.style
        is_number = style.suffix == "csv" or style.times in ("ms", "s")
        file.rows[at] = {**file.rows[at], "ts": _AsItIs(value) if is_number else str(value)}
        return Blame("no time", file.name, at + 1, "ts ")

    return plant


def _swapped_range(market: Market, file: File, at: int) -> Blame:
    row = file.rows[at]
    file.rows[at] = {**row, "high": row["low"], "low": row["high"]}
    return Blame("high below low", file.name, at + 1, "is below low")


def _outside(column: str, factor: float) -> Plant:
    def plant(market: Market, file: File, at: int) -> Blame:
        row = file.rows[at]
        file.rows[at] = {**row, column: row["high" if factor > 1 else "low"] * factor}
        return Blame(f"{column} outside", file.name, at + 1, f"{column} ")

    return plant


def _repeated(market: Market, file: File, at: int) -> Blame | None:
    if at == 0 or _symbol(file, at) != _symbol(file, at - 1):
        return None
    file.rows[at] = {**file.rows[at], "ts": file.rows[at - 1]["ts"]}
    return Blame("time twice", file.name, at + 1, "stands there twice")


def _backwards(market: Market, file: File, at: int) -> Blame | None:
    if at == 0 or _symbol(file, at) != _symbol(file, at - 1):
        return None
    file.rows[at - 1], file.rows[at] = file.rows[at], file.rows[at - 1]
    return Blame("rows swapped", file.name, at + 1, "lies before the row above it")


def _off_grid(market: Market, file: File, at: int) -> Blame:
    file.rows[at] = {**file.rows[at], "ts": file.rows[at]["ts"] + 120_000}
    return Blame("off the grid", file.name, at + 1, "is not the open of a")


def _column_lost(market: Market, file: File, at: int) -> Blame:
    # Prices without a volume are no bars, and what is no bars is passed over beside a file that is.
    lost = ("ts", *PRICES, "volume")[at % (6 if len(market.files) == 1 else 5)]
    file.rows = [{name: cell for name, cell in row.items() if name != lost} for row in file.rows]
    return Blame("column lost", file.name, None, f"has no column {lost}")


def _other_size(market: Market, file: File, at: int) -> Blame | None:
    if len(market.files) < 2:
        return None
    file.name = file.name.replace("-", "_").replace("_5m", "_1m").replace("_4h", "_2h").replace("_1d", "_12h")
    file.name = file.name.replace("_15m", "_3m").replace("_1h", "_30m")
    return Blame("bars of two sizes", file.name, None, "bars of different sizes")


def _disagreement(market: Market, file: File, at: int) -> Blame | None:
    if _symbol(file, at) is not None:
        return None
    row = file.rows[at]
    market.files.append(File(f"z_{file.name}", [{**row, "volume": row["volume"] + 1.0}]))
    return Blame("two files disagree", file.name, at + 1, "differs from row 1 of")


def _symbol(file: File, at: int) -> str | None:
    symbol: str | None = file.rows[at].get("symbol")
    return symbol


BEYOND = (2.0**63, 1e308, float("inf"))
NUMBERS: tuple[Plant, ...] = (
    *(_cell(name, 0.0, f"{name} ", "zero") for name in PRICES),
    *(_cell(name, -1.5, f"{name} ", "negative") for name in PRICES),
    *(_cell(name, float("nan"), f"{name} ", "nan") for name in PRICES),
    *(_cell(name, float("inf"), f"{name} ", "infinite") for name in PRICES),
    *(_cell(name, None, f"{name} (empty) is not a number", "empty") for name in PRICES),
    _cell("high", 1e12, "is absurd for a price", "absurd"),
    _cell("low", 1e-12, "is below the smallest price step", "tiny"),
    *(
        _cell(name, sign * size, f"{name} ", "beyond")
        for name in PRICES
        for sign in (1, -1)
        for size in BEYOND
    ),
    *(_cell("volume", sign * size, "volume ", "beyond") for sign in (1, -1) for size in BEYOND),
    _cell("volume", -1.0, "is below 0", "negative volume"),
    _cell("volume", float("inf"), "volume inf is not a number", "infinite volume"),
    _cell("volume", 1e30, "is absurd", "absurd volume"),
)
SHAPES: tuple[Plant, ...] = (
    *(_swapped_range, _repeated, _backwards, _off_grid, _column_lost, _other_size, _disagreement),
    *(_no_time(ts) for ts in (-(2**63), 2**63 - 1, -1, 0)),
    *(_outside("close", 2.0), _outside("open", 0.5), _outside("close", 0.9), _outside("open", 1.1)),
)
TEXTS: tuple[Plant, ...] = (
    _cell("close", "1,2e", "close '1,2e' is not a number", "text"),
    _cell("volume", "lots", "volume 'lots' is not a number", "text volume"),
    _cell("open", "\udcff", "is not UTF-8 text", "not UTF-8"),
    _cell("ts", "2021-13-45", "'2021-13-45' is not a time", "no date"),
    _cell("ts", "", "is not a time", "no time"),
    _cell("low", '"1.0', "", "open quote"),
)


@st.composite
def planted(draw: st.DrawFn) -> tuple[Market, Blame]:
    """A market with exactly one fault, and whom to blame."""
    market = draw(markets())
    kinds = [NUMBERS, SHAPES] + ([TEXTS] if market.style.suffix == "csv" else [])
    file = draw(st.sampled_from(market.files))
    at = draw(st.integers(0, len(file.rows) - 1))
    blame = draw(st.sampled_from(draw(st.sampled_from(kinds))))(market, file, at)
    if blame is None:
        blame = _off_grid(market, file, at)
    if market.style.delimiter == "," and any("1,2e" in map(str, row.values()) for row in file.rows):
        blame = Blame("one cell too many", file.name, blame.row, "columns where the header has")
    if blame.words == "volume inf is not a number" and market.style.suffix == "csv":
        blame = Blame(blame.kind, blame.file, blame.row, "volume 'inf' is not a number")
    return market, blame


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Market, int, list[tuple[int, int, bytes]]]:
    """A market, which of its files is damaged, and cuts in it: where (per mille), how many bytes, what instead."""
    market = draw(markets())
    cut = st.tuples(st.integers(0, 1000), st.integers(0, 40), st.binary(max_size=8))
    return market, draw(st.integers(0, len(market.files) - 1)), draw(st.lists(cut, min_size=1, max_size=3))
