"""A viewer's link to an engine that comes and goes: what it shows, what it asks, and how it finds its way back."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console.attachment import UNCONFIRMED
from console.link import newest, remote
from console.link.client import NotRunning
from console.link.picture import cut
from console.link.remote import Continuity, RemoteLink
from console.link.wire import WireFault
from engine.commands import Command, CommandKind, CommandResult, DetailFault, DetailKind, Question
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.link.desk import Desk, served, until

PAUSE = Command(CommandKind.PAUSE, "operator ann@attach", "lunch", {"on": "true"})
KILL = Command(CommandKind.KILL, "operator ann@attach")


@asynccontextmanager
async def attached(path: Path, *, read_only: bool = False) -> AsyncIterator[RemoteLink]:
    """A link that is kept going, after its first attempt."""
    link = RemoteLink(path, read_only=read_only)
    running = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(5):
            await link.tried.wait()
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "FRESH_S", -1.0)
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(remote, "LONGEST_PAUSE_S", 0.004)


def shown(link: RemoteLink) -> Snapshot:
    picture = link.snapshot()
    assert picture is not None
    return picture


async def test_the_picture_is_at_hand_and_the_next_is_asked_for_when_it_was_taken(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(snapshots.running(1))) as desk, attached(tmp_path / "s") as link:
        assert link.attachment.lost == ""
        assert desk.drawn == 1
        desk.picture = snapshots.running(2)
        assert shown(link) == snapshots.running(1)
        await until(lambda: shown(link) == snapshots.running(2))


async def test_a_screen_that_takes_no_pictures_costs_the_engine_none(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(snapshots.running())) as desk, attached(tmp_path / "s") as link:
        shown(link)
        await until(lambda: desk.drawn == 2)
        for _ in range(20):
            await link.detail(Question(DetailKind.ORDERS))
        assert desk.drawn == 2


async def test_an_engine_that_goes_leaves_its_last_picture_and_its_successor_is_found(tmp_path: Path) -> None:
    async with attached_to_two(tmp_path / "s") as (link, successor):
        assert shown(link).equity == snapshots.running().equity
        assert f"no engine is running on {tmp_path}/s" in link.attachment.lost
        async with served(tmp_path / "s", Desk(successor)):
            await until(lambda: link.attachment.lost == "")
            assert shown(link).equity == successor.equity


@asynccontextmanager
async def attached_to_two(path: Path) -> AsyncIterator[tuple[RemoteLink, Snapshot]]:
    """A link whose first engine has gone, and the picture of the next one."""
    gone = asyncio.Event()
    async with served(path, Desk(snapshots.running())):
        link = RemoteLink(path)
        running = asyncio.create_task(link.run())
        await link.tried.wait()
    try:
        link.snapshot()
        await until(lambda: "no engine" in link.attachment.lost)
        gone.set()
        yield link, replace(snapshots.running(), equity="7.0", phase="recovering")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_while_the_successor_starts_the_last_picture_stays(tmp_path: Path) -> None:
    async with attached_to_two(tmp_path / "s") as (link, _), served(tmp_path / "s", Desk(None)):
        await until(lambda: link.attachment.lost == "the engine is starting")
        assert shown(link) == snapshots.running()


async def test_no_engine_at_all_is_tried_again_for_ever(tmp_path: Path) -> None:
    async with attached(tmp_path / "s") as link:
        assert isinstance(link.fault, NotRunning)
        assert link.snapshot() is None
        async with served(tmp_path / "s", Desk(None)):
            await until(lambda: link.attachment.lost == "")
            assert link.snapshot() is None


async def test_pauses_between_attempts_grow_to_a_limit_and_are_short_again_after_success(
    tmp_path: Path,
) -> None:
    async with attached(tmp_path / "s") as link:
        await until(lambda: link.pause_s == remote.LONGEST_PAUSE_S)
        async with served(tmp_path / "s", Desk(snapshots.running())):
            await until(lambda: link.attachment.lost == "")
            assert link.pause_s == remote.FIRST_PAUSE_S


async def test_a_command_says_who_gave_it_and_its_effect_is_shown_next(tmp_path: Path) -> None:
    desk = Desk(snapshots.running())
    obey = desk.execute

    async def pausing(command: Command) -> CommandResult:
        desk.picture = snapshots.paused()
        return await obey(command)

    desk.execute = pausing  # type: ignore[method-assign]
    async with served(tmp_path / "s", desk), attached(tmp_path / "s") as link:
        assert await link.execute(PAUSE) == CommandResult(True, "pause done", "ACTIVE")
        await until(lambda: shown(link).state == "REDUCING")
    assert [command.actor for command in desk.commands] == [
        f"operator ann@attach pid={os.getpid()} uid={os.getuid()}"
    ]


async def test_a_picture_asked_for_before_a_command_was_answered_is_not_shown(tmp_path: Path) -> None:
    """The engine drew it, perhaps, before the command took effect; the next one is waited for."""
    asked, release, pictures = asyncio.Event(), asyncio.Event(), 0

    async def engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pictures
        async for line in reader:
            answer: list[bytes] = [
                b'{"ok": true, "accepted": true, "message": "paused", "state": "REDUCING"}\n'
            ]
            if b"snapshot" in line:
                pictures += 1
                if pictures == 2:
                    asked.set()
                    await release.wait()
                answer = list(cut(snapshots.paused() if pictures > 2 else snapshots.running(pictures)))
            writer.writelines(answer)
        writer.close()

    async with await asyncio.start_unix_server(engine, tmp_path / "s"), attached(tmp_path / "s") as link:
        shown(link)
        await asked.wait()
        assert (await link.execute(PAUSE)).accepted
        release.set()
        seen: list[Snapshot] = []

        def paused() -> bool:
            seen.append(shown(link))
            return seen[-1].state == "REDUCING"

        await until(paused)
        assert {picture.sequence for picture in seen if picture.state == "ACTIVE"} == {1}


async def test_a_kill_waits_behind_nothing(tmp_path: Path) -> None:
    desk, release = Desk(snapshots.running()), asyncio.Event()
    obey = desk.execute

    async def wedged(command: Command) -> CommandResult:
        if command.kind is not CommandKind.KILL:
            await release.wait()
        return await obey(command)

    async def endless(question: Question) -> dict[str, object]:
        await release.wait()
        return {}

    desk.execute, desk.detail = wedged, endless  # type: ignore[method-assign]
    async with served(tmp_path / "s", desk), attached(tmp_path / "s") as link:
        waiting = [
            asyncio.create_task(link.execute(PAUSE)),
            *(asyncio.create_task(link.detail(Question(DetailKind.ORDERS))) for _ in range(20)),
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(2):
            assert (await link.execute(KILL)).accepted
        release.set()
        await asyncio.gather(*waiting)


async def test_a_command_without_an_answer_is_left_open_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "KILL_S", 0.05)
    desk, never = Desk(snapshots.running()), asyncio.Event()

    async def wedged(command: Command) -> CommandResult:
        await never.wait()
        raise AssertionError

    desk.execute = wedged  # type: ignore[method-assign]
    async with served(tmp_path / "s", desk), attached(tmp_path / "s") as link:
        result = await link.execute(KILL)
        assert (result.accepted, result.state) == (False, UNCONFIRMED)
        assert result.message == "no answer within 0.05 s; it may still be carried out"


async def test_a_command_to_an_engine_that_is_gone_did_not_reach_it(tmp_path: Path) -> None:
    async with attached(tmp_path / "s") as link:
        with pytest.raises(NotRunning, match="no engine is running"):
            await link.execute(KILL)


async def test_read_only_refuses_in_words_and_tells_the_engine_so(tmp_path: Path) -> None:
    async with (
        served(tmp_path / "s", Desk(snapshots.running())) as desk,
        attached(tmp_path / "s", read_only=True) as link,
    ):
        assert link.attachment.read_only
        result = await link.execute(KILL)
        assert (result.accepted, result.state) == (False, "ACTIVE")
        assert "read-only" in result.message
        await link.remember("pane", "log")
        assert (await link.detail(Question(DetailKind.ORDERS)))["orders"] == [1, 2]
    assert (desk.commands, desk.layout) == ([], {})


async def test_questions_and_layout_cross(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(snapshots.running())) as desk, attached(tmp_path / "s") as link:
        asked = Question(DetailKind.ORDERS, {"symbol": "BTCUSDT"})
        assert await link.detail(asked) == {"orders": [1, 2], "asked": {"symbol": "BTCUSDT"}}
        assert desk.questions == [asked]
        with pytest.raises(DetailFault, match="no order none"):
            await link.detail(Question(DetailKind.ORDER, {"order": "none"}))
        await link.remember("pane", "log")
        assert desk.layout == {"pane": "log"}
    with pytest.raises(DetailFault, match="no engine is running"):
        await link.detail(asked)
    await link.remember("pane", "risk")


async def test_another_version_is_said_in_one_line(tmp_path: Path) -> None:
    other = replace(snapshots.running(), version="9.9.9")
    async with served(tmp_path / "s", Desk(other)), attached(tmp_path / "s") as link:
        assert link.attachment.note == "the engine is version 9.9.9, this console 0.1.0"
    async with served(tmp_path / "s", Desk(snapshots.running())), attached(tmp_path / "s") as link:
        assert link.attachment.note == ""


async def test_an_engine_that_was_told_to_stop_and_has_gone_ends_the_link(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(snapshots.running())):
        link = RemoteLink(tmp_path / "s")
        running = asyncio.create_task(link.run())
        await link.tried.wait()
        assert (await link.execute(Command(CommandKind.STOP, "operator ann@attach"))).accepted
        assert not link.ended.is_set()
    link.snapshot()
    async with asyncio.timeout(5):
        await running
    assert link.ended.is_set()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_an_engine_of_another_user_is_not_believed() -> None:
    program = (
        "import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "mine = socket.socket(socket.AF_UNIX); mine.bind(sys.argv[1]); mine.listen(8)\n"
        "print('listening', flush=True); sys.stdin.read()\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "s"
        impostor = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", program, str(path), stdin=PIPE, stdout=PIPE
        )
        assert impostor.stdout is not None
        assert await impostor.stdout.readline() == b"listening\n"
        async with attached(path) as link:
            assert "belongs to another user" in link.attachment.lost
            with pytest.raises(WireFault, match="belongs to another user"):
                await link.execute(KILL)
        await impostor.communicate(b"")


def test_numbers_go_on_where_an_engine_that_is_gone_left_off() -> None:
    continuity = Continuity()
    continuity.meet(10)
    first = continuity.carry_on(
        replace(snapshots.running(), sequence=700, log=snapshots.log_lines(3, first=90))
    )
    assert (first.sequence, first.log[-1].sequence) == (700, 92)
    continuity.meet(10)
    again = continuity.carry_on(
        replace(snapshots.running(), sequence=701, log=snapshots.log_lines(3, first=91))
    )
    assert (again.sequence, again.log[-1].sequence) == (701, 93)
    continuity.meet(11)
    restarted = continuity.carry_on(
        replace(snapshots.running(), sequence=900, log=snapshots.log_lines(200, first=1))
    )
    assert (restarted.sequence, restarted.log[0].sequence, restarted.log[-1].sequence) == (1601, 94, 293)
    same_pid = continuity.carry_on(replace(snapshots.running(), sequence=2, log=()))
    assert same_pid.sequence == 1603
    lines = continuity.carry_on(replace(snapshots.running(), sequence=3, log=snapshots.log_lines(1, first=1)))
    assert (lines.sequence, lines.log[0].sequence) == (1604, 294)
