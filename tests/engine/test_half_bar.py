"""A bar that fails half-way leaves nothing of itself behind, whoever waits for the books; what was promised is kept."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import endings
from engine.commands import Command, CommandKind, CommandResult
from engine.control import BAR_FAILED, TOO_LATE
from engine.venues.choose import venue_path
from store import latch
from store.check import check
from store.data_fault import DataFault
from store.digest import digest
from tests.crash.books import Told
from tests.engine.session_runs import engine, rows, run

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row
    from engine.session import Session

BARS = 40
BROKEN_AT = 25
STUCK_S = 0.3
GROUPED = {"store__group_commit_bars": "4096", "store__group_commit_ms": "10000"}


async def begun(session: Session) -> tuple[asyncio.Task[object], Machine]:
    work: asyncio.Task[object] = asyncio.create_task(session.run())
    await session.ready.wait()
    assert session._machine is not None
    return work, session._machine


async def test_commands_that_wait_for_a_bar_that_fails_are_refused_and_store_no_half_of_it(
    tmp_path: Path,
) -> None:
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
            asked.extend(asyncio.create_task(pause()) for _ in range(3))
            raise ValueError("broken")
        return outcome

    machine.cycle.decide = break_after_it  # type: ignore[method-assign, assignment]
    with pytest.raises(ValueError, match="broken"):
        await work
    assert {(answer.accepted, answer.message) for answer in await asyncio.gather(*asked)} == {
        (False, BAR_FAILED)
    }
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
        (None, "cancel", {}, False, "ACTIVE"),
        (None, "keep", {}, False, "ACTIVE"),
        (KEEP, "flatten", {}, False, "HALTED"),
    ],
    ids=[
        "kill",
        "kill that keeps",
        "flattening stop",
        "cancelling stop",
        "stop",
        "flattening stop behind a kill that kept",
    ],
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
    wish = "cancel and close" if is_flat else "cancel, positions kept"
    words = f"the engine ends: the venue was asked to {wish} instead, and has done so"
    said = rows(database, "SELECT level, message FROM events WHERE message LIKE 'the engine ends%'")
    assert said == ([] if word == "keep" or before is not None else [("WARN", words)])
    await run(database, BARS)
    assert check(database).findings == ()
    ((state,),) = rows(database, "SELECT state FROM decisions ORDER BY ts_ms DESC LIMIT 1")
    assert state == left


@pytest.mark.parametrize("keeps", [{}, KEEP], ids=["kill", "kill that keeps"])
async def test_a_kill_is_kept_to_where_the_data_end_in_a_fault(tmp_path: Path, keeps: dict[str, str]) -> None:
    database = tmp_path / "broken.db"
    session = engine(database, run__bars=str(BARS))
    work, _ = await begun(session)
    pace = session._pace

    async def break_instead_of_it(machine: Machine, row: Row) -> bool:
        if machine.book.decisions == BROKEN_AT:
            assert await machine.venue.positions()
            assert (await session.execute(Command(CommandKind.KILL, "test", "now", keeps))).accepted
            raise DataFault("broken")
        return await pace(machine, row)

    session._pace = break_instead_of_it  # type: ignore[method-assign]
    with pytest.raises(DataFault, match="broken"):
        await work
    assert (Told.of(database).positions == {}) is (keeps == {})
    await run(database, BARS)
    assert check(database).findings == ()


async def test_the_stored_latch_is_heeded_also_where_the_databases_queue_is_stuck(tmp_path: Path) -> None:
    database = tmp_path / "broken.db"
    session = engine(database, run__bars=str(BARS))
    work, _ = await begun(session)
    take_news, flat = session._take_news, list[bool]()

    def stuck_until_flat(_: object) -> None:
        until_s, still = time.monotonic() + 10 * STUCK_S, threading.Event()
        while Told.of(database).positions and time.monotonic() < until_s:
            still.wait(0.02)
        flat.append(Told.of(database).positions == {})

    async def break_before_it(machine: Machine, now_ms: int, revision: int | None = None) -> bool:
        if machine.book.decisions == BROKEN_AT:
            latch.latch_halt(database, "now", "another process", keep_positions=False)
            asyncio.create_task(machine.database.run(stuck_until_flat))  # noqa: RUF006
            raise ValueError("broken")
        return await take_news(machine, now_ms, revision)

    session._take_news = break_before_it  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="broken"):
        await work
    assert flat == [True]
    assert rows(database, "SELECT level FROM events WHERE message LIKE 'the engine ends: %'") == [("WARN",)]


async def test_a_venue_whose_books_are_locked_is_not_said_to_have_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "ANSWERS_WITHIN_S", STUCK_S)
    database = tmp_path / "broken.db"
    session = engine(database, run__bars=str(BARS))
    work, _ = await begun(session)
    take_news, once_more = session._take_news, Command(CommandKind.KILL, "test", "once more")
    late = list[asyncio.Task[CommandResult]]()

    async def break_before_it(machine: Machine, now_ms: int, revision: int | None = None) -> bool:
        if machine.book.decisions == BROKEN_AT:
            assert (await session.execute(Command(CommandKind.KILL, "test", "now"))).accepted
            locked = sqlite3.connect(venue_path(database), isolation_level=None)
            locked.execute("BEGIN IMMEDIATE")
            loop = asyncio.get_running_loop()
            loop.call_later(3 * STUCK_S, locked.close)
            loop.call_later(STUCK_S / 2, lambda: late.append(asyncio.create_task(session.execute(once_more))))
            raise ValueError("broken")
        return await take_news(machine, now_ms, revision)

    session._take_news = break_before_it  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="broken"):
        await work
    ((level, said),) = rows(
        database, "SELECT level, message FROM events WHERE message LIKE 'the engine ends%'"
    )
    assert level == "ERROR"
    assert "got no answer within" in said
    assert (await late[0]).message == TOO_LATE
    await run(database, BARS)
    assert Told.of(database).positions == {}
    assert check(database).findings == ()
