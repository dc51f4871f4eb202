"""Database: what opening proves, what a transaction promises, and that closing always works."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from store import schema
from store.errors import Corrupt, Locked, NewerSchema, NotFound, StoreError, WrongAccount
from store.lock import holder
from tests.store.samples import opened, write_run

TABLES = {
    "audit",
    "commands",
    "cost_adoptions",
    "control",
    "decisions",
    "equity",
    "events",
    "fills",
    "followed_days",
    "funding",
    "instruments",
    "meta",
    "order_events",
    "orders",
    "override_history",
    "overrides",
    "positions",
    "readings",
    "risk_states",
    "session_state",
    "signal_days",
    "statistic_names",
    "ui_state",
    "universes",
    "weights",
}


async def test_a_new_file_has_every_table_and_the_strictest_durability(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.db"
    async with opened(path) as database:
        found = await database.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
        assert {name for (name,) in found} == TABLES
        settings = {
            name: (await database.query(f"PRAGMA {name}"))[0][0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version")
        }
        full = 2
        assert settings == {
            "journal_mode": "wal",
            "synchronous": full,
            "foreign_keys": 1,
            "busy_timeout": 5_000,
            "user_version": len(schema.migrations()),
        }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_every_table_is_strict(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        assert {name for name, strict in await database.query(_STRICT) if not strict} == set()


_STRICT = "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"


@pytest.mark.parametrize("what", ["mode", "account", "identity"])
async def test_a_file_of_another_owner_is_refused_by_name(tmp_path: Path, what: str) -> None:
    async with opened(tmp_path / "x.db"):
        pass
    with pytest.raises(WrongAccount, match=f'{what} is ".*", not "other"'):
        async with opened(tmp_path / "x.db", **{what: "other"}):
            pass
    async with opened(tmp_path / "x.db"):
        pass


async def test_a_transaction_is_in_the_file_when_it_returns(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        await database.transact([("INSERT INTO ui_state VALUES (?, ?)", [("a", "1"), ("b", "2")])])
        with closing(sqlite3.connect(tmp_path / "x.db")) as other:
            assert other.execute("SELECT * FROM ui_state").fetchall() == [("a", "1"), ("b", "2")]
        assert 0 < database.commit_ms == database.commit_p99_ms


@pytest.mark.parametrize(
    "second",
    [
        ("INSERT INTO ui_state VALUES (?, ?)", [("b", "2"), ("a", "again")]),
        ("INSERT INTO no_such_table VALUES (?)", [("b",)]),
        ("INSERT INTO ui_state VALUES (?, ?)", [("b", "2"), ("c",)]),
        ("INSERT INTO ui_state VALUES (?, ?)", [("b", "2"), ("c", object())]),
        ("INSERT INTO ui_state VALUES (?, ?)", [("b", "2"), ("c", 2**70)]),
        ("INSERT INTO ui_state VALUES (?, ?)", [("b", "2"), ("c", "\ud800")]),
    ],
    ids=["constraint", "table", "too few values", "not a value", "too large", "not text"],
)
async def test_a_failing_transaction_leaves_nothing_and_the_next_one_works(
    tmp_path: Path, second: tuple[str, list[tuple[object, ...]]]
) -> None:
    async with opened(tmp_path / "x.db") as database:
        with pytest.raises(StoreError, match=r"x\.db: .+"):
            await database.transact([("INSERT INTO ui_state VALUES (?, ?)", [("a", "1")]), second])
        assert await database.query("SELECT * FROM ui_state") == []
        await database.transact([("INSERT INTO ui_state VALUES (?, ?)", [("a", "3")])])
        assert await database.query("SELECT * FROM ui_state") == [("a", "3")]


async def test_a_cancelled_transaction_is_written_whole(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        rows = [(str(number), "1") for number in range(5_000)]
        task = asyncio.create_task(database.transact([("INSERT INTO ui_state VALUES (?, ?)", rows)]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await database.query("SELECT count(*) FROM ui_state") == [(5_000,)]


async def test_one_transaction_is_one_function_on_the_connections_own_thread(tmp_path: Path) -> None:
    """What `Database.run` relies on: aiosqlite's `_execute` takes any function, in the order of calls."""
    connection = await aiosqlite.connect(tmp_path / "x.db", isolation_level=None)
    try:
        ran: list[tuple[str, str]] = []

        def note(what: str) -> str:
            ran.append((what, threading.current_thread().name))
            return what

        pending = [connection._execute(note, what) for what in ("a", "b", "c")]  # type: ignore[no-untyped-call]
        assert await asyncio.gather(*pending) == ["a", "b", "c"]
        assert [what for what, _ in ran] == ["a", "b", "c"]
        assert {thread for _, thread in ran} == {connection._thread.name}
        assert isinstance(connection._conn, sqlite3.Connection)
    finally:
        await connection.close()


async def test_closing_twice_and_using_a_closed_database(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        await database.close()
        await database.close()
        with pytest.raises(StoreError, match="is closed"):
            await database.query("SELECT 1")


async def test_a_cancelled_close_still_gives_up_the_lock(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        task = asyncio.create_task(database.close())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert holder(tmp_path / "x.db") is None
    async with opened(tmp_path / "x.db"):
        pass


UNCLOSED = """
import asyncio, sys
from store.database import Database
async def main():
    database = await Database.open(sys.argv[1], mode="sim", account="test", identity="seed 7")
    await database.query("SELECT 1")
    kept.append(database)
    raise SystemExit(3)
kept = []
asyncio.run(main())
"""


def test_an_unclosed_database_does_not_hang_the_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNCLOSED, str(tmp_path / "x.db")], timeout=30, capture_output=True, check=False
    )
    assert done.returncode == 3, done.stderr


async def test_a_second_engine_is_told_who_holds_the_database(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db"):
        assert holder(tmp_path / "x.db") == os.getpid()
        with pytest.raises(Locked, match=f"process {os.getpid()} is running on this database"):
            async with opened(tmp_path / "x.db"):
                pass
        # The refused one did not take the lock with it.
        assert holder(tmp_path / "x.db") == os.getpid()
    assert holder(tmp_path / "x.db") is None


async def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await write_run(tmp_path / "x.db")
    newer = len(schema.migrations()) + 1
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    before = (tmp_path / "x.db").read_bytes()
    with pytest.raises(NewerSchema, match=f"its schema is version {newer}, this program knows {newer - 1}"):
        async with opened(tmp_path / "x.db"):
            pass
    assert (tmp_path / "x.db").read_bytes() == before


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.commit()
    before = (tmp_path / "x.db").read_bytes()
    with pytest.raises(StoreError, match="database of another program"):
        async with opened(tmp_path / "x.db"):
            pass
    assert (tmp_path / "x.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"symbol,price\nBTCUSDT,1\n" * 500, bytes(range(256)) * 64])
async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(Corrupt, match="not a database"):
        async with opened(tmp_path / "x.db"):
            pass
    assert (tmp_path / "x.db").read_bytes() == content


async def test_a_folder_and_a_path_through_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="it is a folder"):
        async with opened(tmp_path / "folder.db"):
            pass
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a part of its path is a file"):
        async with opened(tmp_path / "file" / "x.db"):
            pass


async def test_a_migration_that_fails_leaves_the_version_before_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_run(tmp_path / "x.db")
    broken = (*schema.migrations(), "CREATE TABLE later (a TEXT) STRICT; INSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: broken)
        with pytest.raises(StoreError, match="nowhere"):
            async with opened(tmp_path / "x.db"):
                pass
    async with opened(tmp_path / "x.db") as database:
        assert await database.query("SELECT 1 FROM sqlite_schema WHERE name = 'later'") == []
        assert await database.query("SELECT count(*) FROM decisions") == [(1,)]


async def test_a_backup_of_a_database_that_is_being_written_is_one_moment_of_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:

        async def write_pairs() -> None:
            for number in range(200):
                pair = [(f"{number} left", "1"), (f"{number} right", "1")]
                await database.transact([("INSERT INTO ui_state VALUES (?, ?)", pair)])

        writing = asyncio.create_task(write_pairs())
        for number in range(5):
            await database.backup(tmp_path / f"copy{number}.db")
        await writing
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"copy{number}.db")) as copy:
            (count,) = copy.execute("SELECT count(*) FROM ui_state").fetchone()
            assert count % 2 == 0
    async with opened(tmp_path / "copy4.db") as restored:
        await restored.check_integrity()
    assert not list(tmp_path.glob("*.partial"))


async def test_a_backup_overwrites_nothing_and_needs_a_source(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        (tmp_path / "copy.db").write_text("precious")
        with pytest.raises(StoreError, match="exists already"):
            await database.backup(tmp_path / "copy.db")
        with pytest.raises(NotFound, match="no such file or folder"):
            await database.backup(tmp_path / "missing" / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"
    (tmp_path / "x.db").unlink()
    with pytest.raises(NotFound, match="no such database"):
        await database.backup(tmp_path / "other.db")
