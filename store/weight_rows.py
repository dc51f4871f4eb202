"""Weights as they were estimated: what went in, to the last bit, when they take effect, and what came out.

A row is written when an estimate begins, without a result, and again when it takes effect: one that is still without
was under way when its engine ended, and is begun again from the row alone.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store.codecs import readable
from store.database import Database
from store.query import read_only
from store.statements import WEIGHT_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class WeightRow:
    """One estimate. `kind`: the class of signals, or instruments; `settings` and `result` are JSON, the latter ""
    while there is none; `inputs` are deflated little-endian float64, `inputs_hash` the SHA-256 of them and of the
    settings."""

    kind: str
    estimated_ms: int
    effective_ms: int
    method: str
    settings: str
    inputs: bytes
    inputs_hash: str
    result: str = ""

    def values(self) -> tuple[str | int | bytes, ...]:
        """In the order of `WEIGHT_COLUMNS`."""
        return (
            self.kind,
            self.estimated_ms,
            self.effective_ms,
            self.method,
            self.settings,
            self.inputs,
            self.inputs_hash,
            self.result,
        )


def pack_inputs(inputs: NDArray[np.float64], settings: str) -> tuple[bytes, str]:
    """The BLOB of an array, and its hash."""
    numbers = inputs.astype("<f8", order="C").tobytes()
    return zlib.compress(numbers, _LEVEL), _hash(numbers, settings)


def unpack_inputs(row: WeightRow, columns: int) -> NDArray[np.float64]:
    """The array [n, columns] again. Raises ValueError where the row is not what was written."""
    import numpy as np

    try:
        numbers = zlib.decompress(row.inputs)
    except zlib.error as error:
        raise ValueError(f"inputs of the {row.kind} weights cannot be read: {error}") from error
    if _hash(numbers, row.settings) != row.inputs_hash:
        raise ValueError(f"inputs of the {row.kind} weights are not those that were written")
    return np.frombuffer(numbers, dtype="<f8").reshape(-1, columns)


async def load(database: Database, sql: str = "") -> list[WeightRow]:
    """Every row, oldest first; `sql` narrows it down."""
    return _rows(
        await database.query(f"SELECT {WEIGHT_COLUMNS} FROM weights {sql} ORDER BY estimated_ms, kind")
    )


def read(path: Path) -> list[WeightRow]:
    """Every row of a database, oldest first, engine running or not. Raises NotFound, StoreError."""
    with read_only(path) as connection, readable("weights"):
        try:
            found = connection.execute(
                f"SELECT {WEIGHT_COLUMNS} FROM weights ORDER BY estimated_ms, kind"
            ).fetchall()
        except sqlite3.OperationalError:
            # A file of an earlier version has no such table.
            return []
        return _rows(found)


def _rows(found: list[tuple[object, ...]]) -> list[WeightRow]:
    return [WeightRow(*row) for row in found]  # type: ignore[arg-type]


def _hash(numbers: bytes, settings: str) -> str:
    return hashlib.sha256(settings.encode() + b"\n" + numbers).hexdigest()
