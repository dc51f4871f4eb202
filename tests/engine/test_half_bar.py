"""A bar that fails half-way leaves nothing of itself behind, whoever waits for the books; what was promised is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.commands import Command, CommandKind, CommandResult
from store.check import check
from store.digest import digest
from tests.crash.books import Told
from tests.engine.session_runs import engine, rows, run

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.session import Session

BARS = 40
BROKEN_AT = 25
GROUPED = {"store__group_commit_bars": "4096", "store__group_commit_ms": "10000"}


async def begun(session: Session) -> tuple[asyncio.Task[object], Machine]:
    work: asyncio.Task[object] = asyncio.create_task(session.run())
    await session.ready.wait()
    assert session._machine is not None
    return work, session._machine


async def test_a_command_that_waits_for_a_bar_that_fails_makes_no_half_of_it_durable(tmp_path: Path) -> None:
    await run(tmp_path / "undisturbed.db", BARS, **GROUPED)
    database = tmp_path / "broken.db"
    session, asked = engine(database, run__bars=str(BARS), **GROUPED), list[asyncio.Task[CommandResult]]()
    work, machine = await begun(session)
    decide = machine.cycle.decide

    async def pause() -> CommandResult:
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
    assert not (await asked[0]).accepted
    ((decided,),) = rows(database, "SELECT count(*) FROM decisions")
    assert decided < BROKEN_AT
    await run(database, BARS - decided, **GROUPED)
    assert check(database).findings == ()
    assert digest(database) == digest(tmp_path / "undisturbed.db")


KEEP = {"keep_positions": "true"}


@pytest.mark.parametrize(
    ("before", "word", "arguments", "is_flat", "left"),
    [
        (None, "kill", {}, True, "HALTED"),
        (None, "kill", KEEP, False, "HALTED"),
        (None, "flatten", {}, True, "ACTIVE"),
        (None, "keep", {}, False, "ACTIVE"),
        (KEEP, "flatten", {}, False, "HALTED"),
    ],
    ids=["kill", "kill that keeps", "flattening stop", "stop", "flattening stop behind a kill that kept"],
)
async def test_a_kill_and_a_stop_are_kept_to_where_the_bar_fails(
    tmp_path: Path,
    before: dict[str, str] | None,
    word: str,
    arguments: dict[str, str],
    is_flat: bool,
    left: str,
) -> None:
    database = tmp_path / "broken.db"
    session = engine(database, run__bars=str(BARS))
    work, _ = await begun(session)
    take_news = session._take_news

    async def kill(arguments: dict[str, str]) -> None:
        assert (await session.execute(Command(CommandKind.KILL, "test", "now", arguments))).accepted

    async def break_before_it(machine: Machine, now_ms: int, revision: int | None = None) -> bool:
        if before is not None and machine.book.decisions == BROKEN_AT - 2:
            await kill(before)
        if machine.book.decisions == BROKEN_AT:
            assert await machine.venue.positions()
            if word == "kill":
                await kill(arguments)
            else:
                session.request_stop(word, "test", "now")
            raise ValueError("broken")
        return await take_news(machine, now_ms, revision)

    session._take_news = break_before_it  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="broken"):
        await work
    assert (Told.of(database).positions == {}) is is_flat
    await run(database, BARS)
    assert check(database).findings == ()
    ((state,),) = rows(database, "SELECT state FROM decisions ORDER BY ts_ms DESC LIMIT 1")
    assert state == left
