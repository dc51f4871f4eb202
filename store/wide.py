"""Telemetry as databases before version 4 kept it, told in the form of today.

These are SQL functions for the migration that turns such a database into one of today, and for whoever reads one
that no migration has reached yet.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Mapping, Sequence

from store.compact import pack_stages
from store.rows import to_json

COMPACT_VERSION = 4
"""The version of the schema from which on telemetry is compact."""


def is_wide(connection: sqlite3.Connection) -> bool:
    """Whether the database is of such an earlier version; its functions are then there to be called."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version >= COMPACT_VERSION:
        return False
    teach(connection)
    return True


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions content_id, names_of, cells_of and folded."""
    for function, arguments in ((content_id, 1), (names_of, 1), (cells_of, 5), (folded, 1)):
        connection.create_function(function.__name__, arguments, function, deterministic=True)


def content_id(text: str) -> int:
    """The key of a row that is known by its content, so that nothing needs to be read back before it is used."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def names_of(statistics: str) -> str:
    """The JSON list of the names in a reading's JSON object of statistics."""
    return to_json(list(json.loads(statistics)))


def folded(stages: bytes) -> bytes:
    """A waterfall of the fourteen stages there were."""
    return pack_stages(stages, 14)


def cells_of(symbols: str, values: bytes, confidences: bytes, reasons: str, statistics: str) -> bytes:
    """A reading of every symbol, kept as BLOBs of float64 and as JSON, in the form of `store.compact.pack_cells`."""
    count = len(json.loads(symbols))
    words = json.loads(reasons) or [""] * count
    kinds = list(dict.fromkeys(words))
    parts = [((1 << count) - 1).to_bytes((count + 7) // 8, "little"), bytes([len(kinds)])]
    for word in kinds:
        parts += [bytes([len(word)]), word.encode("ascii")]
    if len(kinds) > 1:
        parts.append(bytes(kinds.index(word) for word in words))
    parts += [values, confidences]
    raw: Mapping[str, Sequence[float | None]] = json.loads(statistics)
    for numbers in raw.values():
        parts.append(struct.pack(f"<{count}d", *(float("nan") if n is None else n for n in numbers)))
    return b"".join(parts)
