"""Databases of earlier versions: brought up to this one when an engine opens them, readable and killable before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import query, schema
from store.check import check
from store.digest import digest
from store.journal import Journal
from store.latch import latch_halt
from store.rows import CommandRow
from tests.store import samples
from tests.store.samples import opened, write_run


@pytest.fixture
async def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of version 1 with a command in it, written by what version 1 was."""
    path = tmp_path / "old.db"
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: _FIRST)
        await write_run(path)
        await give(path, "pause")
    assert version(path) == 1
    return path


_FIRST = schema.migrations()[:1]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def give(path: Path, kind: str) -> None:
    """One command, journalled and audited."""
    async with opened(path) as database:
        journal = Journal(database)
        journal.command(
            CommandRow("operator@tty", kind, {}, "", True, "done", "ACTIVE", "ACTIVE", samples.START_MS)
        )
        await journal.commit()


def modes(path: Path) -> list[tuple[str, str]]:
    return [(command["kind"], command["mode"]) for command in query.commands(path)]


def test_the_files_are_numbered_without_a_hole() -> None:
    assert len(schema.migrations()) >= 2


async def test_an_old_book_is_the_same_book_afterwards(old: Path) -> None:
    before = digest(old)
    await give(old, "resume")
    assert version(old) == len(schema.migrations())
    assert digest(old) == before
    assert check(old).findings == ()
    assert modes(old)[-2:] == [("pause", "sim"), ("resume", "sim")]


def test_an_old_book_is_read_before_any_engine_has_opened_it(old: Path) -> None:
    assert modes(old)[-1] == ("pause", "sim")
    assert version(old) == 1


@pytest.mark.parametrize("is_old", [True, False], ids=["old", "new"])
async def test_a_kill_past_the_engine_meets_either_version(old: Path, is_old: bool) -> None:
    if not is_old:
        await give(old, "resume")
    latch_halt(old, "it hangs", "cli uid=0", keep_positions=False)
    assert modes(old)[-1] == ("kill", "sim")
    await give(old, "status")
    assert modes(old)[-2:] == [("kill", "sim"), ("status", "sim")]
    assert check(old).findings == ()


async def test_a_migration_cut_short_is_made_whole_at_the_next_start(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = (schema.migrations()[0], schema.migrations()[1] + "\nINSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrations", lambda: cut)
        with pytest.raises(Exception, match="nowhere"):
            await give(old, "resume")
    assert version(old) == 1
    assert modes(old)[-1] == ("pause", "sim")
    await give(old, "resume")
    assert modes(old)[-1] == ("resume", "sim")
