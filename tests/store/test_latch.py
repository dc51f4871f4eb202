"""The halt latched from outside: durable, audited, never lifted, with or without an engine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import audit, query
from store.check import check
from store.errors import Locked, NotFound, StoreError
from store.journal import Journal
from store.latch import latch_halt, note_progress
from store.records import TradingState
from store.rows import ControlRow
from tests.store.samples import HOUR_MS, START_MS, gather_run, opened, write_run


async def test_a_halt_is_written_with_its_command_and_its_audit_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await write_run(path)
    rows_before = audit.verify(path)
    latch = latch_halt(path, "prices look wrong", "cli uid=1000", keep_positions=True)
    assert (latch.state, latch.market_ts_ms) == (TradingState.HALTED, START_MS + HOUR_MS)
    control = query.control(path)
    assert control is not None
    assert control["state"] == "HALTED"
    assert control["progress"] == "cancelling"
    assert control["reason"] == "prices look wrong"
    assert control["actor"] == "cli uid=1000"
    assert control["keep_positions"] is True
    command = query.commands(path, limit=1)[0]
    assert (command["kind"], command["accepted"]) == ("kill", True)
    assert command["arguments"] == {"keep_positions": "true"}
    assert (command["state_before"], command["state_after"]) == ("ACTIVE", "HALTED")
    assert audit.verify(path) == rows_before + 2
    assert check(path).findings == ()


async def test_a_standing_halt_keeps_who_latched_it_first_and_why(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await write_run(path)
    latch_halt(path, "first", "a", keep_positions=True)
    note_progress(path, "a", "kept")
    latch_halt(path, "second", "b", keep_positions=False)
    control = query.control(path)
    assert control is not None
    assert (control["reason"], control["actor"], control["keep_positions"]) == ("first", "a", False)
    assert control["progress"] == "cancelling"
    assert [command["reason"] for command in query.commands(path)][-2:] == ["first", "second"]


@pytest.mark.parametrize(
    ("stands", "progress", "asked", "keeps", "begins"),
    [
        ("flatten", "cancelling", "keep", False, "cancelling"),
        ("flatten", "flattening", "keep", False, "cancelling"),
        ("flatten", "flat", "keep", False, "flat"),
        ("flatten", "flat", "flatten", False, "flat"),
        ("keep", "cancelling", "flatten", False, "cancelling"),
        ("keep", "kept", "keep", True, "kept"),
        ("keep", "kept", "flatten", False, "cancelling"),
    ],
)
async def test_a_standing_halt_goes_further_and_never_back(
    tmp_path: Path, stands: str, progress: str, asked: str, keeps: bool, begins: str
) -> None:
    path = tmp_path / "x.db"
    await write_run(path)
    latch_halt(path, "first", "a", keep_positions=stands == "keep")
    note_progress(path, "a", progress)
    latch = latch_halt(path, "second", "b", keep_positions=asked == "keep")
    control = query.control(path)
    assert control is not None
    assert (latch.keep_positions, latch.progress) == (keeps, begins)
    assert (control["keep_positions"], control["progress"]) == (keeps, begins)
    assert check(path).findings == ()


async def test_a_halt_after_a_resume_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await write_run(path)
    latch_halt(path, "first", "a", keep_positions=False)
    note_progress(path, "a", "flat")
    async with opened(path) as database:
        journal = Journal(database)
        await journal.load_control()
        journal.control(ControlRow(TradingState.ACTIVE, "", "resumed", "operator", START_MS))
        await journal.commit()
    latch = latch_halt(path, "second", "b", keep_positions=True)
    assert (latch.progress, latch.reason, latch.keep_positions) == ("cancelling", "second", True)


async def test_progress_belongs_to_a_halt(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await write_run(path)
    with pytest.raises(StoreError, match="nothing is halted"):
        note_progress(path, "cli", "flat")
    latch_halt(path, "stop", "cli", keep_positions=False)
    for progress in ("flattening", "flat"):
        assert note_progress(path, "cli", progress).progress == progress
    control = query.control(path)
    assert control is not None
    assert (control["state"], control["progress"], control["reason"]) == ("HALTED", "flat", "stop")


async def test_a_halt_goes_in_between_the_transactions_of_a_running_engine(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        gather_run(journal)
        await journal.commit()
        latch_halt(path, "stop", "cli", keep_positions=False)
        journal.state("cursor", "2")
        await journal.commit()
        assert journal.latched_elsewhere
    assert check(path).findings == ()


async def test_a_halt_needs_a_database_it_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.db"
    with pytest.raises(NotFound, match="no such database"):
        latch_halt(path, "stop", "cli", keep_positions=False)
    path.touch()
    with pytest.raises(NotFound, match="nothing was ever written"):
        latch_halt(path, "stop", "cli", keep_positions=False)
    path.unlink()
    await write_run(path)
    monkeypatch.setattr("store.latch.BUSY_TIMEOUT_MS", 50)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="another process is writing"):
            latch_halt(path, "stop", "cli", keep_positions=False)
    assert query.control(path) is not None
