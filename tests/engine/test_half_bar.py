"""A bar that fails half-way leaves nothing of itself behind, whoever waits for the books."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.commands import Command, CommandKind
from store.check import check
from store.digest import digest
from store.errors import StoreError
from tests.engine.session_runs import engine, rows, run

BARS = 40
BROKEN_AT = 25
GROUPED = {"store__group_commit_bars": "4096", "store__group_commit_ms": "10000"}


async def test_a_command_that_waits_for_a_bar_that_fails_makes_no_half_of_it_durable(tmp_path: Path) -> None:
    await run(tmp_path / "undisturbed.db", BARS, **GROUPED)
    database = tmp_path / "broken.db"
    session, asked = engine(database, run__bars=str(BARS), **GROUPED), list[asyncio.Task[object]]()
    work = asyncio.create_task(session.run())
    await session.ready.wait()
    machine = session._machine
    assert machine is not None
    decide = machine.cycle.decide

    async def pause() -> object:
        return await session.execute(Command(CommandKind.PAUSE, "test", "while a bar is half done"))

    def break_after_it(now_ms: int) -> object:
        outcome = decide(now_ms)
        if machine.book.decisions == BROKEN_AT:
            asked.append(asyncio.create_task(pause()))
            raise ValueError("broken")
        return outcome

    machine.cycle.decide = break_after_it  # type: ignore[method-assign, assignment]
    with pytest.raises(ValueError, match="broken"):
        await work
    with pytest.raises(StoreError, match="closed"):
        await asked[0]
    ((decided,),) = rows(database, "SELECT count(*) FROM decisions")
    assert decided < BROKEN_AT
    await run(database, BARS - decided, **GROUPED)
    assert check(database).findings == ()
    assert digest(database) == digest(tmp_path / "undisturbed.db")
