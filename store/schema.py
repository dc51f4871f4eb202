"""What a file must be before it is used: ours, whole, of a version we know, and of the right mode and
account.

Everything here runs on a plain sqlite3 connection and raises StoreError or sqlite3.Error; nothing is kept
open.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path

from store.errors import Corrupt, NewerSchema, StoreError, WrongAccount
from store.wide import teach

APPLICATION_ID = 0x51444B31


@cache
def migrations() -> tuple[str, ...]:
    """The SQL of every migration, in order; number n of the files brings a file from version n - 1 to n."""
    folder = resources.files("store.migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for number, name in enumerate(names, start=1):
        if not name.startswith(f"{number:04d}_"):
            raise StoreError(f"migration {name} is out of order: number {number:04d} was expected")
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def prepare(connection: sqlite3.Connection, path: Path, *, busy_timeout_ms: int) -> None:
    """Prove the file sound, set the connection's durability, and bring the schema up to this program's
    version.
    """
    connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms:d}")
    version = check_version(connection, path)
    if version:
        require_sound(connection, path)
    else:
        # Five decisions of 12 symbols fit a page of this size, two one of half: a quarter less to write and
        # keep.
        connection.execute("PRAGMA page_size = 8192")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(
            f"{path}: this file system offers no write-ahead log (mode {mode}); put it on a local disk"
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    teach(connection)
    for number, sql in enumerate(migrations(), start=1):
        if number > version:
            _migrate(connection, number, sql)


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of a file that is ours (0: new and empty). Raises NewerSchema, Corrupt or
    StoreError.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if version == 0 and empty:
        return 0
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: it is a database of another program; name another file")
    newest = len(migrations())
    if version > newest:
        raise NewerSchema(
            f"{path}: its schema is version {version}, this program knows {newest}; install the newer program"
        )
    if version < 1:
        raise Corrupt(f"{path}: it has tables but no schema version; restore a backup")
    return version


def require_sound(connection: sqlite3.Connection, path: Path, *, full: bool = False) -> None:
    """Raise Corrupt with the first finding of SQLite's check (`full` also compares indexes with tables)."""
    findings = unsound(connection, full=full)
    if findings:
        raise Corrupt(f"{path}: it is damaged ({findings[0]}); restore a backup and keep this file")


def unsound(connection: sqlite3.Connection, *, full: bool) -> list[str]:
    """What SQLite's check finds wrong with the file, empty when it is whole."""
    pragma = "integrity_check" if full else "quick_check"
    rows = connection.execute(f"PRAGMA {pragma}(20)").fetchall()
    return [" ".join(str(row[0]).split()) for row in rows if row[0] != "ok"]


def _migrate(connection: sqlite3.Connection, number: int, sql: str) -> None:
    # One script, one transaction: a crash in the middle leaves the version before, whole.
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number:d};\nCOMMIT;")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def claim(connection: sqlite3.Connection, path: Path, belongs_to: Mapping[str, str]) -> None:
    """Write whose file this is into a new one; raise WrongAccount, naming the differences, for another's."""
    stored: dict[str, str] = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    if not stored:
        rows = [*belongs_to.items(), ("created_wall_ms", str(time.time_ns() // 1_000_000))]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        return
    require_same(stored, path, belongs_to)


def require_same(stored: Mapping[str, str], path: Path, belongs_to: Mapping[str, str]) -> None:
    """Raise WrongAccount, naming the differences, where a file says that it belongs to another."""
    differences = [
        f'{name} is "{stored.get(name, "")}", not "{value}"'
        for name, value in belongs_to.items()
        if stored.get(name) != value
    ]
    if differences:
        raise WrongAccount(f"{path}: this database's {', its '.join(differences)}; pass another --db")
