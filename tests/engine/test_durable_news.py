"""What the venue told is durable before it is asked for anything, and before it plays a bar that changes its books."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cycle import BOOK
from engine.venues.account import Account
from engine.venues.books import Books
from tests.engine.session_runs import engine, rows

GROUPED = {"store__group_commit_bars": "4096", "store__group_commit_ms": "10000"}


@pytest.mark.parametrize("stop_policy", ["keep", "flatten"])
async def test_the_venue_changes_nothing_before_its_last_news_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_policy: str
) -> None:
    database = tmp_path / "engine.db"
    session = engine(
        database, run__bars="60", run__stop_policy=stop_policy, risk__buffer_fraction="0.5", **GROUPED
    )
    change, told, durable = Books.change, list[int](), list[int]()

    def checked(self: Books, act: Callable[[Account], Any], *, record_marks: bool = False) -> Any:
        stored = dict(rows(database, "SELECT name, value FROM session_state")).get(BOOK)
        if session._machine is not None and stored is not None and not record_marks:
            told.append(session._machine.book.venue_sequence)
            durable.append(json.loads(stored)["venue_sequence"])
        return change(self, act, record_marks=record_marks)

    monkeypatch.setattr(Books, "change", checked)
    await session.run()
    assert len(set(told)) > 3
    assert durable == told
