"""What the control socket owes its viewers, and what they may cost: one picture for all, none for the stalled."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.link import newest, server
from console.link.newest import NewestPicture
from console.operator import ARMED_REASON
from engine.commands import CommandKind
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.link.desk import Desk, served, until

HELLO = b'{"ask": "hello"}\n'
READ_ONLY = b'{"ask": "hello", "read_only": true}\n'
PAUSE = b'{"ask": "command", "kind": "pause", "actor": "operator ann@attach"}\n'
PICTURE = b'{"ask": "snapshot"}\n'
WHO = f"pid={os.getpid()} uid={os.getuid()}"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def said(streams: Streams, data: bytes) -> dict[str, Any]:
    """The answer to one request, its parts left out."""
    reader, writer = streams
    writer.write(data)
    while "part" in (answer := json.loads(await reader.readline())):
        continue
    message: dict[str, Any] = answer
    return message


@asynccontextmanager
async def viewers(path: Path, count: int) -> AsyncIterator[list[Streams]]:
    opened = [await asyncio.open_unix_connection(path, limit=2**20) for _ in range(count)]
    try:
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def test_a_viewer_is_told_who_it_is_and_acts_in_that_name(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk()) as desk, viewers(tmp_path / "s", 1) as (viewer,):
        assert await said(viewer, HELLO) == {"ok": True, "you": WHO}
        assert (await said(viewer, PAUSE))["accepted"]
    assert [command.actor for command in desk.commands] == [f"operator ann@attach {WHO}"]


async def test_a_viewer_that_is_read_only_changes_nothing_and_stays_read_only(tmp_path: Path) -> None:
    remember = b'{"ask": "remember", "name": "pane", "value": "log"}\n'
    async with (
        served(tmp_path / "s", Desk(snapshots.running())) as desk,
        viewers(tmp_path / "s", 1) as (viewer,),
    ):
        assert (await said(viewer, READ_ONLY))["ok"]
        assert (await said(viewer, HELLO))["ok"]
        for request in (PAUSE, remember):
            refusal = await said(viewer, request)
            assert (refusal["ok"], "read-only" in refusal["error"]) == (False, True)
        assert (await said(viewer, PICTURE))["ok"]
        assert (await said(viewer, b'{"ask": "detail", "kind": "orders"}\n'))["detail"]["orders"] == [1, 2]
    assert (desk.commands, desk.layout) == ([], {})


async def test_one_viewer_too_many_is_refused_and_commands_still_find_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_VIEWERS", 3)
    async with served(tmp_path / "s", Desk()) as desk, viewers(tmp_path / "s", 5) as (*attached, late, apart):
        assert all([(await said(viewer, HELLO))["ok"] for viewer in attached])
        assert (await said(late, HELLO))["error"] == "3 viewers are attached already"
        assert (await said(apart, PAUSE))["accepted"]
        attached[0][1].close()
        await attached[0][1].wait_closed()
        await until(lambda: desk.drawn > 0)
        assert (await said(late, HELLO))["ok"]


async def test_one_picture_is_drawn_for_all_who_ask_in_the_same_moment(tmp_path: Path) -> None:
    picture = snapshots.large(200)
    async with served(tmp_path / "s", Desk(picture)) as desk, viewers(tmp_path / "s", 20) as twenty:
        answers = await asyncio.gather(*(said(viewer, PICTURE) for viewer in twenty))
        assert {answer["snapshot"]["sequence"] for answer in answers} == {picture.sequence}
        assert desk.drawn == 1


async def test_what_a_command_did_shows_in_the_very_next_picture(tmp_path: Path) -> None:
    async with (
        served(tmp_path / "s", Desk(snapshots.running())) as desk,
        viewers(tmp_path / "s", 2) as (viewer, other),
    ):
        assert (await said(viewer, PICTURE))["snapshot"]["state"] == "ACTIVE"
        desk.picture = snapshots.halted()
        await said(other, PAUSE)
        assert (await said(viewer, PICTURE))["snapshot"]["state"] == "HALTED"


async def test_a_picture_is_drawn_anew_after_a_command_and_after_its_moment() -> None:
    now_s, desk = 100.0, Desk(snapshots.running())
    pictures = NewestPicture(desk.snapshot, lambda: now_s)
    first = await pictures.lines()
    assert await pictures.lines() is first
    pictures.forget()
    await pictures.lines()
    assert desk.drawn == 2
    now_s += newest.FRESH_S + 0.01
    await pictures.lines()
    assert desk.drawn == 3


async def test_who_asks_after_a_command_is_not_shown_a_picture_that_was_begun_before() -> None:
    desk = Desk(snapshots.large(200))
    pictures = NewestPicture(desk.snapshot)
    before = asyncio.create_task(pictures.lines())
    await until(lambda: desk.drawn > 0)
    desk.picture = snapshots.halted()
    pictures.forget()
    assert b'"state":"HALTED"' in await pictures.lines()
    await before


async def test_a_picture_that_cannot_be_drawn_is_told_and_the_next_one_is_drawn(tmp_path: Path) -> None:
    desk = Desk(snapshots.running())
    draw = desk.snapshot

    def failing() -> Snapshot | None:
        if desk.drawn == 0:
            desk.drawn += 1
            raise ValueError("planted")
        return draw()

    desk.snapshot = failing  # type: ignore[method-assign]
    async with served(tmp_path / "s", desk), viewers(tmp_path / "s", 1) as (viewer,):
        assert (await said(viewer, PICTURE))["error"] == "ValueError: planted"
        assert (await said(viewer, PICTURE))["ok"]


async def test_a_viewer_that_leaves_while_its_kill_switch_is_armed_leaves_no_pause_behind(
    tmp_path: Path,
) -> None:
    held = replace(snapshots.PAUSED, actor=f"operator ann@attach {WHO}", reason=ARMED_REASON)
    armed = replace(snapshots.running(), state="REDUCING", overrides=(held,))
    async with served(tmp_path / "s", Desk(armed)) as desk:
        async with viewers(tmp_path / "s", 2) as (viewer, apart):
            await said(viewer, HELLO)
            await said(apart, PICTURE)
            apart[1].transport.abort()
            await apart[1].wait_closed()
            await said(viewer, PICTURE)
            assert desk.commands == []
        await until(lambda: len(desk.commands) > 0)
        (command,) = desk.commands
        assert (command.kind, command.arguments) == (
            CommandKind.PAUSE,
            {"on": "false", "hold": ARMED_REASON, "whose": held.actor},
        )
        assert command.actor == f"operator ann@attach {WHO}, after its screen"


@pytest.mark.parametrize("change", [{"reason": "lunch"}, {"actor": f"operator bob@attach {WHO}1"}])
async def test_a_viewer_that_leaves_lifts_nothing_else(tmp_path: Path, change: dict[str, str]) -> None:
    held = replace(snapshots.PAUSED, actor=f"operator ann@attach {WHO}", reason=ARMED_REASON)
    picture = replace(snapshots.running(), overrides=(replace(held, **change),))  # type: ignore[arg-type]
    async with served(tmp_path / "s", Desk(picture)) as desk:
        async with viewers(tmp_path / "s", 1) as (viewer,):
            await said(viewer, HELLO)
        drawn = desk.drawn
        await until(lambda: desk.drawn > drawn)
    assert desk.commands == []


async def test_a_viewer_that_does_not_read_holds_one_picture_at_most_and_delays_nobody(
    tmp_path: Path,
) -> None:
    picture = snapshots.large(400)
    one = len(await NewestPicture(lambda: picture).lines())
    async with served(tmp_path / "s", Desk(picture)):
        stalled = [socket.socket(socket.AF_UNIX) for _ in range(8)]
        async with viewers(tmp_path / "s", 1) as (reading,):
            await said(reading, PICTURE)
            tracemalloc.start()
            for viewer in stalled:
                viewer.connect(str(tmp_path / "s"))
                viewer.sendall(HELLO + PICTURE * 500)
            for _ in range(10):
                async with asyncio.timeout(2):
                    assert (await said(reading, PICTURE))["ok"]
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        for viewer in stalled:
            viewer.close()
    assert one < held < (len(stalled) + 2) * (one + 2 * server.REQUEST_BYTES)
