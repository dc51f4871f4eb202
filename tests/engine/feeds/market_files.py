"""Small markets written as files, and what a replay of them must give."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
APRIL = 1_617_235_200_000  # 2021-04-01 00:00 UTC
COLUMNS = ("ts", "open", "high", "low", "close", "volume")
Row = Mapping[str, Any]


def bar(index: int, base: float = 100.0, *, bar_ms: int = HOUR_MS) -> dict[str, Any]:
    """Bar `index` of a market that rises by one a bar from `base`; prices have one decimal."""
    opened = base + index
    return {
        "ts": APRIL + index * bar_ms,
        "open": opened,
        "high": opened + 2.0,
        "low": opened - 1.5,
        "close": opened + 0.5,
        "volume": 10.0 + index,
    }


def bars(indices: Iterable[int], base: float = 100.0, *, bar_ms: int = HOUR_MS) -> list[dict[str, Any]]:
    return [bar(index, base, bar_ms=bar_ms) for index in indices]


def csv_text(rows: Sequence[Row], header: Sequence[str] = (), delimiter: str = ",", end: str = "\n") -> str:
    """The rows as CSV; `header` renames the columns in their order."""
    names = list(rows[0]) if rows else list(COLUMNS)
    lines = [delimiter.join(header or names)]
    lines += [delimiter.join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
    return end.join(lines) + end


def write_csv(path: Path, rows: Sequence[Row], header: Sequence[str] = (), **style: str) -> Path:
    path.write_text(csv_text(rows, header, **style), encoding="utf-8", newline="")
    return path


def write_parquet(path: Path, rows: Sequence[Row], types: Mapping[str, pa.DataType] | None = None) -> Path:
    names = list(rows[0]) if rows else list(COLUMNS)
    columns = {
        name: pa.array([row[name] for row in rows], type=(types or {}).get(name, None)) for name in names
    }
    pq.write_table(pa.table(columns), path)
    return path
