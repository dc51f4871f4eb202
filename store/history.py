"""Recorded bars and funding rates: many files of Parquet and CSV as one market on one grid of bars.

Every row is judged once, when the files are opened; after that any span of time is read straight from the files
into NumPy, so that memory depends on how much is asked for and not on how long the history is.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.history_inputs import InputPart
from store.history_opening import Opened, Opening
from store.history_part import Part
from store.history_paths import candidates
from store.history_source import reading, text_literal
from store.history_venues import VenuePart

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

FIELDS = ("open", "high", "low", "close", "volume")
TAKER_BUY_VOLUME = "taker_buy_volume"
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, order=True)
class FundingRow:
    """A funding rate (fraction per interval) settled at `ts_ms` for the symbol at this index."""

    ts_ms: int
    symbol_index: int
    rate: float


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows [m] in the order of time: their symbols, times in ms and columns, NaN where a cell is empty."""

    symbol: NDArray[Any]
    ts_ms: NDArray[np.int64]
    columns: tuple[FloatArray, ...]

    def of(self, symbol: str) -> Rows:
        """Those of one symbol."""
        own = self.symbol == symbol
        return Rows(self.symbol[own], self.ts_ms[own], tuple(column[own] for column in self.columns))


def open_history(
    items: Iterable[str],
    *,
    symbols: Sequence[str] = (),
    bar_ms: int | None = None,
    memory_limit_mb: int = 128,
) -> History:
    """Open every file behind `items` (files, folders, globs) and judge every row of it.

    `symbols` chooses and orders what is used, none: all of it by name. `bar_ms` is the size of the bars where the
    files do not say it themselves. Raises DataFault: one line naming file, row and fault.
    """
    files = candidates(items)
    with ExitStack() as stack:
        connection = _connect(memory_limit_mb)
        stack.callback(connection.close)
        opened = Opening(connection, stack, symbols, bar_ms).open(files)
        return History(connection, opened, stack.pop_all())


class History:
    """Bars of `symbols` from `first_ms` to `end_ms` (exclusive). Not to be used by two threads at a time."""

    def __init__(self, connection: DuckDBPyConnection, opened: Opened, stack: ExitStack) -> None:
        self.symbols = opened.symbols
        self.bar_ms = opened.bar_ms
        self.notices = opened.notices
        self.first_ms = min(part.first_ms for part in opened.bars)
        self.end_ms = max(part.last_ms for part in opened.bars) + opened.bar_ms
        self._connection = connection
        self._bars = opened.bars
        # Rates beside the bars come first, so that a file of funding rates has the last word.
        beside = [part for part in opened.bars if part.source.columns.has("funding_rate")]
        self._rates = (*beside, *opened.funding)
        self.inputs = opened.inputs
        self.venues = opened.venues
        self._close = weakref.finalize(self, stack.close)

    def close(self) -> None:
        """Give the files back; blocks that were read stay valid."""
        self._close()

    def digest(self) -> str:
        """SHA-256 over the content of every file in use: one market has one digest wherever its files lie."""
        beside = [item.part for item in self.inputs] + [item.part for item in self.venues]
        used = sorted({part.digest for part in (*self._bars, *self._rates, *beside)})
        return hashlib.sha256("".join(used).encode()).hexdigest()

    def bars(self, first_ms: int, count: int) -> FloatArray:
        """FIELDS of `count` bars from `first_ms` on, [5, count, S]; NaN where no file has the bar."""
        return self._grid(FIELDS, self._bars, first_ms, count)

    def taker_buy_volume(self, first_ms: int, count: int) -> FloatArray | None:
        """What takers bought in `count` bars [count, S], base units, NaN where not told; None where no file tells."""
        telling = [part for part in self._bars if part.source.columns.has(TAKER_BUY_VOLUME)]
        return self._grid((TAKER_BUY_VOLUME,), telling, first_ms, count)[0] if telling else None

    def _grid(self, fields: Sequence[str], parts: Sequence[Part], first_ms: int, count: int) -> FloatArray:
        import numpy as np

        block = np.full((len(fields), count, len(self.symbols)), np.nan)
        end_ms = first_ms + count * self.bar_ms
        found = self._fetch(parts, ("ts", *fields), first_ms, end_ms)
        if found is not None:
            rows = (found["ts"] - first_ms) // self.bar_ms
            for field, values in zip(fields, block, strict=True):
                values[rows, found["place"]] = np.ma.filled(found[field], np.nan)
        return block

    def funding(self, first_ms: int, end_ms: int) -> tuple[FundingRow, ...]:
        """Settlements in [first_ms, end_ms), ordered by time and symbol; one for each minute and symbol."""
        by_minute: dict[tuple[int, int], FundingRow] = {}
        for part in self._rates:
            found = self._fetch((part,), ("ts", "funding_rate"), first_ms, end_ms, tuple(part.spans))
            if found is None:
                continue
            columns = (found["ts"], found["place"], found["funding_rate"])
            for ts, place, rate in zip(*(column.tolist() for column in columns), strict=True):
                if rate is not None and rate == rate:  # neither missing nor NaN
                    # Venues stamp a settlement a few milliseconds late, and not all by the same.
                    minute = (ts + _MINUTE_MS // 2) // _MINUTE_MS
                    by_minute[minute, place] = FundingRow(ts, place, rate)
        return tuple(sorted(by_minute.values()))

    def has_funding(self) -> bool:
        """Whether any file has rates that are settled on positions."""
        return bool(self._rates)

    def rows(self, item: InputPart | VenuePart, columns: Sequence[str], first_ms: int, end_ms: int) -> Rows:
        """Rows of a file that stands beside the bars, in [first_ms, end_ms)."""
        import numpy as np

        part = item.part
        part.check_unchanged()
        names = ", ".join(("symbol", "ts", *columns))
        with reading(part.source):
            found: dict[str, Any] = self._connection.execute(
                f"SELECT {names} FROM ({part.source.table}) WHERE ts >= {first_ms} AND ts < {end_ms} ORDER BY ts"
            ).fetchnumpy()
        values = tuple(np.ma.filled(found[name].astype(np.float64), np.nan) for name in columns)
        return Rows(np.asarray(found["symbol"]), np.asarray(found["ts"], dtype=np.int64), values)

    def first_bars(self, symbol: str, count: int) -> FloatArray:
        """Open, high, low and close of the first `count` bars of one symbol, [4, n] with n <= count."""
        import numpy as np

        parts = [part for part in self._bars if symbol in part.spans]
        first_ms = min(part.spans[symbol].first_ms for part in parts)
        found = self._fetch(parts, ("ts", *FIELDS), first_ms, first_ms + count * self.bar_ms, (symbol,))
        if found is None:
            return np.empty((4, 0))
        order = np.argsort(found["ts"], kind="stable")
        return np.stack([found[field][order] for field in FIELDS[:4]])

    def lowest(self, symbol: str) -> float:
        """The lowest price of all bars of one symbol."""
        return min(part.spans[symbol].lowest for part in self._bars if symbol in part.spans)

    def funding_interval_ms(self, symbol: str) -> int | None:
        """The least time between two settlements of a symbol, to the minute; None where there are not two."""
        steps = [part.spans[symbol].step_ms for part in self._rates if symbol in part.spans]
        known = [round(step / _MINUTE_MS) * _MINUTE_MS for step in steps if step]
        return min(known, default=None)

    def _fetch(
        self,
        parts: Sequence[Part],
        columns: Sequence[str],
        first_ms: int,
        end_ms: int,
        symbols: Sequence[str] = (),
    ) -> dict[str, Any] | None:
        """Columns of all rows in [first_ms, end_ms) with the symbol's `place`, as arrays; None without any part."""
        inside = [part for part in parts if part.first_ms < end_ms and part.last_ms >= first_ms]
        if not inside:
            return None
        for part in inside:
            part.check_unchanged()
        query = " UNION ALL ".join(
            f"SELECT {self._place(part)} AS place, {', '.join(columns)} FROM ({part.source.table}) "
            f"WHERE ts >= {first_ms} AND ts < {end_ms} AND {_is_one_of(symbols or self.symbols, part)}"
            for part in inside
        )
        with reading(inside[0].source):
            fetched: dict[str, Any] = self._connection.execute(query).fetchnumpy()
        return fetched

    def _place(self, part: Part) -> str:
        """SQL for the index of a row's symbol."""
        if not part.source.is_panel:
            return f"{self.symbols.index(part.source.symbol)}::BIGINT"
        return f"CAST(list_position([{_literals(self.symbols)}], symbol) - 1 AS BIGINT)"


def _is_one_of(symbols: Sequence[str], part: Part) -> str:
    if not part.source.is_panel:
        return "true" if part.source.symbol in symbols else "false"
    return f"symbol IN ({_literals(symbols)})"


def _literals(symbols: Iterable[str]) -> str:
    return ", ".join(text_literal(symbol) for symbol in symbols)


@cache
def _thaw_at_exit() -> None:
    # A process that has frozen its objects never collects DuckDB's, which complain on stderr at its end.
    atexit.register(gc.unfreeze)


def _connect(memory_limit_mb: int) -> DuckDBPyConnection:
    import duckdb

    _thaw_at_exit()
    spill = Path(tempfile.gettempdir()) / f"quarterdeck-spill-{os.getpid()}"
    # By name, so that a process that opens many histories pays once for the instance and shares its limit.
    connection = duckdb.connect(
        f":memory:quarterdeck-{memory_limit_mb}",
        config={
            "threads": 2,
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": str(spill),
            "enable_external_file_cache": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection
