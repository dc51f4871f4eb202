"""One file of bars or funding rates as a table DuckDB can read: columns typed, times in milliseconds, rows counted.

Parquet files whose times are milliseconds already are read where they lie. Everything else (CSV, other times,
panels that are not in the order of time) is rewritten once into an unlinked temporary Parquet file, so that any span
of time is found without reading the file again.
"""

from __future__ import annotations

import csv
import glob
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.data_fault import DataFault
from store.history_columns import NO_COLUMNS, PRICES, Columns, FileKind, columns_of, repeated
from store.history_names import meaning_in

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_HEADER_BYTES = 65_536
_DELIMITERS = ",;\t|"
_NO_NUMBER = "('', 'nan', 'null', 'none', 'na', 'n/a')"
_IS_CALL = (
    "CASE upper(left(trim(CAST(r_option_type AS VARCHAR)), 1)) "
    "WHEN 'C' THEN 1.0::DOUBLE WHEN 'P' THEN 0.0::DOUBLE ELSE NULL END"
)
_ERROR_CLASS = re.compile(r"^[A-Z][A-Za-z -]+ Error: ")
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")

# From which size on an integer time counts milliseconds, microseconds, nanoseconds; below: seconds.
_TIME_FACTORS = ((1e17, 1e-6), (1e14, 1e-3), (1e11, 1.0), (1e8, 1_000.0))


@dataclass(frozen=True, slots=True)
class Source:
    """One readable file. `table` is SQL that yields rn (row from 1), symbol, ts and the numbers of its kind.

    `raw` yields rn and the cells as the file has them (r_ts, r_open, ...), to be quoted in faults. `symbol` is the
    one symbol of a file without a column for it.
    """

    path: Path
    columns: Columns = NO_COLUMNS
    symbol: str = ""
    raw: str = ""
    table: str = ""
    is_in_place: bool = False
    types: tuple[str, ...] = ()

    @property
    def kind(self) -> FileKind:
        return self.columns.kind

    @property
    def is_csv(self) -> bool:
        return self.path.suffix.lower() == ".csv"

    @property
    def is_panel(self) -> bool:
        return self.columns.has("symbol")

    def fault(self, what: str, row: int | None = None) -> DataFault:
        return DataFault(f"{self.path}: {'' if row is None else f'row {row}: '}{what}")


def open_source(connection: DuckDBPyConnection, path: Path) -> Source:
    """Look at a file's columns; no row is read. Raises DataFault where it cannot be read at all."""
    reader = _csv(path) if Source(path).is_csv else _parquet(connection, path)
    columns = columns_of(reader.names, meaning_in(path.stem))
    source = Source(path, columns)
    twice = repeated(columns)
    if twice is not None:
        raise source.fault(f"has two columns for {twice}")
    cells = ", ".join(f"{_quoted(reader.cells[at])} AS r_{part}" for part, at in columns.by_part.items())
    return replace(source, raw=f"SELECT {reader.row} AS rn, {cells} FROM {reader.table}", types=reader.types)


def typed(connection: DuckDBPyConnection, source: Source, symbol: str) -> Source:
    """The source with its table; `symbol` is what a file without a symbol column holds."""
    types = {part: source.types[at] for part, at in source.columns.by_part.items()}
    factor = _time_factor(connection, source, types["ts"])
    expressions = _expressions(source, symbol, types, factor)
    columns = ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())
    # Only bare numbers that are milliseconds already let the reader skip what lies outside a span of time.
    is_in_place = types["ts"] == "BIGINT" and expressions["ts"] == "r_ts" and not source.is_panel
    table = f"SELECT rn, {columns} FROM ({source.raw})"
    return replace(source, symbol=symbol, table=table, is_in_place=is_in_place)


def settled(connection: DuckDBPyConnection, source: Source) -> tuple[Source, int | None]:
    """The source in a form where any span of time is quick to find, and the file descriptor that keeps it, if any."""
    if source.is_in_place:
        return source, None
    order = "ORDER BY ts, symbol" if source.is_panel else ""
    handle, name = tempfile.mkstemp(prefix="quarterdeck-", suffix=".parquet")
    os.close(handle)
    try:
        with reading(source):
            connection.execute(
                f"COPY (SELECT * FROM ({source.table}) {order}) TO {text_literal(name)} "
                "(FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 16384, USE_TMP_FILE false)"
            )
        descriptor = os.open(name, os.O_RDONLY)
    finally:
        # Unlinked while open: whatever ends this process, nothing of it stays behind.
        os.unlink(name)
    kept = f"SELECT * FROM read_parquet('/proc/self/fd/{descriptor}')"
    return replace(source, table=kept, is_in_place=True), descriptor


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Turn what DuckDB says about a file that it cannot read into one line about that file."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        raise source.fault("needs more memory to read: raise replay.memory_limit_mb") from None
    except (duckdb.Error, RuntimeError, ValueError, OSError) as error:
        message = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
        at = _CSV_LINE.search(message)
        if at is not None:
            raise source.fault(_csv_reason(message), max(int(at[1]) - 1, 1)) from None
        what = "cannot be read" if source.is_csv else "is no whole Parquet file"
        raise source.fault(f"{what}: {_shortened(message)}") from None


@dataclass(frozen=True, slots=True)
class _Reader:
    """How SQL reads a file: table function and row number; per column its name, its name in SQL and its type."""

    table: str
    row: str
    names: tuple[str, ...]
    cells: tuple[str, ...]
    types: tuple[str, ...]


def _parquet(connection: DuckDBPyConnection, path: Path) -> _Reader:
    table = f"read_parquet({text_literal(glob.escape(str(path)))}, file_row_number = true)"
    with reading(Source(path)):
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE file_row_number FROM {table}").fetchall()
    names = tuple(str(row[0]) for row in described)
    return _Reader(table, "file_row_number + 1", names, names, tuple(str(row[1]) for row in described))


def _csv(path: Path) -> _Reader:
    source = Source(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError as error:
        raise source.fault(f"cannot be read: {error.strerror}") from None
    if not head.strip():
        raise source.fault("is empty")
    if b"\0" in head:
        raise source.fault("is not UTF-8 text")
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < _HEADER_BYTES else "ignore")
    except UnicodeDecodeError as error:
        raise source.fault("is not UTF-8 text", head.count(b"\n", 0, error.start) or 1) from None
    lines = text.splitlines()
    # Some collections put the address of their site above the header.
    skipped = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("http")), 0)
    delimiter = max(_DELIMITERS, key=lines[skipped].count)
    names = tuple(name.strip() for name in next(csv.reader([lines[skipped]], delimiter=delimiter), []))
    if any(re.fullmatch(r"[-+.\d]+", name) for name in names):
        raise source.fault(
            "has no header: its first line must name the columns, ts,open,high,low,close,volume"
        )
    own = tuple(f"c{position}" for position in range(len(names)))
    typed = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in own)
    table = (
        f"read_csv({text_literal(glob.escape(str(path)))}, auto_detect = false, header = true, skip = {skipped}, "
        f"delim = {text_literal(delimiter)}, quote = '\"', escape = '\"', columns = {{{typed}}})"
    )
    return _Reader(table, "row_number() OVER ()", names, own, ("VARCHAR",) * len(own))


def _time_factor(connection: DuckDBPyConnection, source: Source, kind: str) -> float | None:
    """What a number in the time column is multiplied by to give milliseconds; None where times are not numbers."""
    if kind != "VARCHAR" and not _is_number(kind):
        return None
    with reading(source):
        first = connection.execute(
            f"SELECT TRY_CAST(r_ts AS DOUBLE) FROM ({source.raw}) WHERE r_ts IS NOT NULL LIMIT 1"
        ).fetchone()
    if first is None or first[0] is None:
        return None if kind == "VARCHAR" else 1.0
    return next((factor for least, factor in _TIME_FACTORS if first[0] >= least), 1.0)


def _expressions(source: Source, symbol: str, types: dict[str, str], factor: float | None) -> dict[str, str]:
    """SQL for every column of the table, over the raw cells."""
    columns = source.columns
    expressions = {"symbol": _symbol(source, symbol), "ts": _time(source, types["ts"], factor)}
    if columns.kind is FileKind.FUNDING:
        rate = _number(source, "funding_rate", types)
        return {
            **expressions,
            "funding_rate": rate,
            "funding_hours": _optional(source, "funding_hours", types),
        }
    if columns.kind is FileKind.CHAIN:
        numbers = {part: _number(source, part, types) for part in ("expiry", "strike", "forward")}
        quotes = {part: _optional(source, part, types) for part in ("bid", "ask")}
        return {**expressions, **numbers, **quotes, "is_call": _IS_CALL}
    if columns.kind is FileKind.VALUES:
        return {**expressions, **{part: _optional(source, part, types) for part in columns.beside}}
    for part in PRICES:
        expressions[part] = _number(source, "close" if columns.is_close_only else part, types)
    if columns.has("volume"):
        expressions["volume"] = _volume(source, "volume", types)
    else:
        expressions["volume"] = f"{_volume(source, 'quote_volume', types)} / {expressions['close']}"
    for part in ("funding_rate", "funding_hours", "taker_buy_volume"):
        expressions[part] = _optional(source, part, types)
    return expressions


def _symbol(source: Source, symbol: str) -> str:
    if not source.is_panel:
        return text_literal(symbol)
    # BTC/USDT:USDT is BTCUSDT settled in what it is quoted in, as in the names of files.
    name = "upper(CAST(r_symbol AS VARCHAR))"
    pair, settled = f"split_part({name}, ':', 1)", f"split_part({name}, ':', 2)"
    return f"regexp_replace(CASE WHEN ends_with({pair}, {settled}) THEN {pair} ELSE {name} END, '[^A-Z0-9]', '', 'g')"


def _time(source: Source, kind: str, factor: float | None) -> str:
    if kind == "BIGINT" and factor == 1.0:
        return "r_ts"
    if factor is not None:
        time = f"TRY_CAST(r_ts AS DOUBLE) * {factor!r}"
        # Parquet's statistics know no NaN: of TRY_CAST alone DuckDB infers that nothing is NULL, and fails on what is.
        return f"CASE WHEN isfinite({time}) THEN TRY_CAST({time} AS BIGINT) ELSE NULL END"
    if kind == "VARCHAR":
        return "epoch_ms(TRY_CAST(r_ts AS TIMESTAMPTZ))"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return "epoch_ms(CAST(r_ts AS TIMESTAMPTZ))"
    raise source.fault(f"column {_name(source, 'ts')} holds {kind}, not times")


def _number(source: Source, part: str, types: dict[str, str]) -> str:
    kind = types[part]
    if kind == "VARCHAR":
        return f"TRY_CAST(r_{part} AS DOUBLE)"
    if not _is_number(kind):
        raise source.fault(f"column {_name(source, part)} holds {kind}, not numbers")
    return f"CAST(r_{part} AS DOUBLE)"


def _volume(source: Source, part: str, types: dict[str, str]) -> str:
    """A volume left out is 0, nothing traded; text that is no number stays NULL and is a fault."""
    number = _number(source, part, types)
    blank = f"lower(trim(CAST(r_{part} AS VARCHAR))) IN {_NO_NUMBER}" if types[part] == "VARCHAR" else "false"
    return f"CASE WHEN r_{part} IS NULL OR {blank} OR isnan({number}) THEN 0.0 ELSE {number} END"


def _optional(source: Source, part: str, types: dict[str, str]) -> str:
    """A number that may be left out; NULL where there is none, infinite where text is no number."""
    if not source.columns.has(part):
        return "CAST(NULL AS DOUBLE)"
    number = _number(source, part, types)
    blank = f"lower(trim(CAST(r_{part} AS VARCHAR))) IN {_NO_NUMBER}"
    return f"CASE WHEN r_{part} IS NULL OR {blank} THEN NULL ELSE coalesce({number}, 'inf'::DOUBLE) END"


def _is_number(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in (
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"),
        *("UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE"),
    )


def _name(source: Source, part: str) -> str:
    return source.columns.names[source.columns.by_part[part]]


def _csv_reason(message: str) -> str:
    counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if counted is not None:
        return f"has {counted[2]} columns where the header has {counted[1]}"
    if "unterminated quote" in message:
        return "opens a quote that never closes"
    if "unicode" in message.lower() or "utf" in message.lower():
        return "is not UTF-8 text"
    return f"cannot be read: {_shortened(message.split('CSV Error on Line')[0])}"


def _shortened(message: str) -> str:
    """What DuckDB says without its own class of error and without our query."""
    said = _ERROR_CLASS.sub("", message).partition(" LINE 1:")[0]
    return said if len(said) <= 160 else said[:157] + "..."


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def raw_row(connection: DuckDBPyConnection, source: Source, row: int) -> dict[str, Any]:
    """The raw cells of one row, to be quoted in a fault."""
    with reading(source):
        result = connection.execute(f"SELECT * FROM ({source.raw}) WHERE rn = {row}")
        names = [item[0] for item in result.description]
        cells = result.fetchone() or ()
    return dict(zip(names, cells, strict=False))
