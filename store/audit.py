"""The append-only audit trail: every row's SHA-256 covers its content and the row before it.

The hash of a row is SHA-256 over the JSON list [previous hash, sequence, wall_ms, market_ts_ms, actor, kind,
payload], payload being the stored text. The newest hash is also kept in `meta`, so that rows cut off the end
are missed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from store.errors import Corrupt
from store.query import read_only
from store.rows import to_json

GENESIS = "0" * 64

Entry = tuple[int, int, str, str, str]
"""wall_ms, market_ts_ms, actor, kind, payload (JSON text)."""


def append(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Chain `entries` behind the newest row. Must run inside a write transaction.

    The newest row is read here and not remembered, since another process may latch a halt while an engine is
    running.
    """
    newest = connection.execute("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = newest if newest is not None else (0, GENESIS)
    rows = []
    for entry in entries:
        sequence += 1
        row_hash = link(previous, sequence, entry)
        rows.append((sequence, *entry, previous, row_hash))
        previous = row_hash
    connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('audit_head', ?)", (previous,))


def link(previous: str, sequence: int, entry: Entry) -> str:
    """The hash of one row, hexadecimal."""
    return hashlib.sha256(to_json([previous, sequence, *entry]).encode()).hexdigest()


def verify(path: Path) -> int:
    """The number of rows of an unbroken chain. Raises Corrupt naming the first row that does not fit."""
    with read_only(path) as connection:
        return verify_on(connection, path)


def verify_on(connection: sqlite3.Connection, path: Path) -> int:
    """`verify` on an open connection."""
    previous, count = GENESIS, 0
    rows = connection.execute(
        "SELECT sequence, wall_ms, market_ts_ms, actor, kind, payload, previous_hash, hash "
        "FROM audit ORDER BY sequence"
    )
    for sequence, *entry, previous_hash, row_hash in rows:
        count += 1
        if sequence != count:
            raise Corrupt(f"{path}: audit row {count} is missing")
        if previous_hash != previous:
            raise Corrupt(f"{path}: audit row {sequence} does not follow the row before it")
        if row_hash != link(previous, sequence, (entry[0], entry[1], entry[2], entry[3], entry[4])):
            raise Corrupt(f"{path}: audit row {sequence} was changed after it was written")
        previous = row_hash
    head = connection.execute("SELECT value FROM meta WHERE name = 'audit_head'").fetchone()
    if (head[0] if head is not None else GENESIS) != previous:
        raise Corrupt(f"{path}: the audit trail ends at row {count}, but more rows were written")
    return count
