"""commit_apart: what must not wait is durable alone, and makes nothing durable that was gathered before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.check import check
from store.errors import StoreError
from store.journal import Journal
from store.records import TradingState
from tests.store import samples
from tests.store.samples import START_MS, opened


def durable(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What another connection sees."""
    with closing(sqlite3.connect(path)) as reader:
        return reader.execute(sql).fetchall()


async def test_only_what_is_gathered_inside_becomes_durable(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        journal.order(samples.unfilled("before", START_MS))
        journal.state("cursor", "half a bar")
        waiting = journal.pending

        def latch() -> str:
            journal.control(samples.control())
            journal.order(samples.unfilled("inside", START_MS))
            return "latched"

        assert await journal.commit_apart(latch) == "latched"
        assert durable(path, "SELECT client_order_id FROM orders") == [("inside",)]
        assert durable(path, "SELECT state FROM control") == [(TradingState.HALTED.name,)]
        assert durable(path, "SELECT 1 FROM session_state WHERE name = 'cursor'") == []
        assert journal.pending == waiting
        await journal.commit()
        assert durable(path, "SELECT count(*) FROM orders") == [(2,)]
        assert durable(path, "SELECT value FROM session_state WHERE name = 'cursor'") == [("half a bar",)]


async def test_the_audit_chain_holds_in_the_order_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        journal.audit("start", "engine", {}, START_MS)
        await journal.commit()
        journal.audit("waits", "engine", {}, START_MS + 1)
        await journal.commit_apart(lambda: journal.audit("apart", "operator", {}, START_MS + 2))
        await journal.commit_apart(lambda: journal.audit("apart again", "operator", {}, START_MS + 2))
        await journal.commit()
    kinds = [kind for (kind,) in durable(path, "SELECT kind FROM audit ORDER BY rowid")]
    assert kinds == ["start", "apart", "apart again", "waits"]
    assert check(path).findings == ()


async def test_a_gathering_that_fails_writes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        journal.order(samples.unfilled("before", START_MS))

        def fail() -> None:
            journal.order(samples.unfilled("inside", START_MS))
            raise ValueError("no such command")

        with pytest.raises(ValueError, match="no such command"):
            await journal.commit_apart(fail)
        assert durable(path, "SELECT client_order_id FROM orders") == []
        await journal.commit()
        assert durable(path, "SELECT client_order_id FROM orders") == [("before",)]


async def test_after_a_failure_it_raises_the_failure_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        journal.decision(samples.decision())
        await journal.commit()
        with pytest.raises(StoreError):
            await journal.commit_apart(lambda: journal.decision(samples.decision()))
        with pytest.raises(StoreError):
            await journal.commit_apart(lambda: journal.order(samples.unfilled("late", START_MS)))
