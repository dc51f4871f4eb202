"""The control socket against real peers: whose it is, what it answers, and what a rude peer can do (nothing)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from console.link import server
from console.link.client import NoAnswer, NotRunning, ask, ask_snapshot, give
from console.link.server import ControlSocket
from console.link.wire import WireFault, encode
from engine.commands import Command, CommandKind, CommandResult
from store.errors import Locked, StoreError
from tests.console import snapshots
from tests.console.link.desk import Desk, served


async def talk(path: Path, data: bytes) -> list[dict[str, Any]]:
    """Everything that is answered to `data`, until the other side closes."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    writer.write_eof()
    answers = [json.loads(line) async for line in reader]
    writer.close()
    return answers


async def test_a_picture_arrives_as_plain_data(tmp_path: Path) -> None:
    for picture in (snapshots.running(), snapshots.halted(), snapshots.large(300), snapshots.starting()):
        async with served(tmp_path / "s", Desk(picture)):
            plain = await asyncio.to_thread(ask_snapshot, tmp_path / "s")
            assert plain == json.loads(json.dumps(asdict(picture)))


async def test_before_the_first_picture_there_is_none(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk()):
        assert await asyncio.to_thread(ask_snapshot, tmp_path / "s") is None


async def test_numbers_that_are_none_travel_as_null(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(replace(snapshots.running(), gross=float("nan")))):
        plain = await asyncio.to_thread(ask_snapshot, tmp_path / "s")
        assert plain is not None
        assert plain["gross"] is None


async def test_a_command_carries_what_was_said_and_who_the_kernel_says_it_was(tmp_path: Path) -> None:
    command = Command(CommandKind.PAUSE, "cli", "lunch", {"on": "true"})
    async with served(tmp_path / "s", Desk()) as desk:
        result = await asyncio.to_thread(give, tmp_path / "s", command)
    assert result == CommandResult(True, "pause done", "ACTIVE")
    assert desk.commands == [replace(command, actor=f"cli pid={os.getpid()} uid={os.getuid()}")]


async def test_the_engine_is_told_how_long_a_peer_waits(tmp_path: Path) -> None:
    command = Command(CommandKind.SIGNAL, "cli", "", {"name": "C1", "state": "shadow"})
    async with served(tmp_path / "s", Desk()) as desk:
        await asyncio.to_thread(give, tmp_path / "s", command)
    (asked,) = desk.commands
    assert asked.patience_s == server.PATIENCE_S < 5.0


async def test_only_its_owner_may_connect(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk()):
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_even_where_the_file_lets_them_in() -> None:
    import tempfile

    program = (
        "import os, socket, sys\nos.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "peer = socket.socket(socket.AF_UNIX); peer.settimeout(5); peer.connect(sys.argv[1])\n"
        'peer.sendall(b\'{"ask": "command", "kind": "kill"}\\n\')\nprint(peer.makefile().read(), end="")\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        async with served(path, Desk()) as desk:
            Path(folder).chmod(0o755)
            path.chmod(0o666)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-c", program, str(path), stdout=subprocess.PIPE
            )
            out, _ = await process.communicate()
        assert json.loads(out) == {"ok": False, "error": "this socket belongs to another user"}
        assert desk.commands == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"not json\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 50_000 + b"\n", "not JSON"),
        (b"[1]\n", "a message is a JSON object"),
        (b"{}\n", "unknown request None"),
        (b'{"ask": ["snapshot"]}\n', "unknown request"),
        (b'{"ask": "command"}\n', "unknown command None"),
        (b'{"ask": "command", "kind": "sell"}\n', "unknown command 'sell': one of kill, resume"),
        (b'{"ask": "command", "kind": "kill", "arguments": [1]}\n', "are texts"),
        (b'{"ask": "command", "kind": "kill", "arguments": {"keep_positions": true}}\n', "are texts"),
        (b'{"ask": "command", "kind": "kill", "reason": "' + b"x" * 1_001 + b'"}\n', "at most 1000"),
        (b'{"ask": "detail", "kind": "diary"}\n', "unknown detail 'diary': one of order, orders"),
        (b'{"ask": "detail", "kind": "order", "arguments": {"order": "none"}}\n', "no order none"),
        (b'{"ask": "remember", "name": "pane"}\n', "are texts"),
    ],
)
async def test_what_cannot_be_understood_is_answered_and_done_with(
    tmp_path: Path, line: bytes, words: str
) -> None:
    async with served(tmp_path / "s", Desk()) as desk:
        refusal, picture = await talk(tmp_path / "s", line + b'{"ask": "snapshot"}\n')
    assert refusal["ok"] is False
    assert words in refusal["error"]
    assert picture == {"ok": True, "snapshot": None}
    assert desk.commands == []


async def test_a_huge_line_ends_the_connection(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk()):
        (refusal,) = await talk(tmp_path / "s", b"x" * (server.REQUEST_BYTES + 2))
        assert "at most 65536 bytes" in refusal["error"]
        assert await asyncio.to_thread(ask_snapshot, tmp_path / "s") is None


async def test_a_command_that_fails_says_so(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk(failure=StoreError("the disk is full"))):
        with pytest.raises(WireFault, match="the disk is full"):
            await asyncio.to_thread(give, tmp_path / "s", Command(CommandKind.KILL, "cli"))


async def test_who_does_not_read_is_let_go_and_delays_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWER_S", 0.2)
    async with served(tmp_path / "s", Desk(snapshots.running())):
        slow = socket.socket(socket.AF_UNIX)
        slow.connect(str(tmp_path / "s"))
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        flood = asyncio.create_task(loop.sock_sendall(slow, b'{"ask": "snapshot"}\n' * 30_000))
        for _ in range(20):
            assert await asyncio.to_thread(ask_snapshot, tmp_path / "s", 2.0) is not None
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(flood, 10)
        slow.close()


async def test_many_at_once_are_served_and_too_many_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_PEERS", 50)
    async with served(tmp_path / "s", Desk(snapshots.running())):
        asked = (asyncio.to_thread(ask_snapshot, tmp_path / "s") for _ in range(40))
        assert all(await asyncio.gather(*asked))
        idle = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(server.MOST_PEERS)]
        (refusal,) = await talk(tmp_path / "s", b"")
        assert "more than 50 connections" in refusal["error"]
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()
        assert await talk(tmp_path / "s", b'{"ask": "snapshot"}\n')


async def test_a_dead_engines_socket_is_replaced_and_a_living_ones_is_not(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "s"))
    dead.close()
    async with served(tmp_path / "s", Desk()):
        with pytest.raises(Locked, match=f"process {os.getpid()} is running on this database"):
            await ControlSocket(tmp_path / "s", Desk()).open()
        assert await asyncio.to_thread(ask_snapshot, tmp_path / "s") is None
    assert not (tmp_path / "s").exists()
    with pytest.raises(NotRunning):
        ask_snapshot(tmp_path / "s")


async def test_what_took_its_place_is_left_alone(tmp_path: Path) -> None:
    async with served(tmp_path / "s", Desk()):
        (tmp_path / "s").unlink()
        (tmp_path / "s").write_text("another's")
    assert (tmp_path / "s").read_text() == "another's"


def test_an_engine_that_holds_its_socket_and_says_nothing_is_no_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as wedged:
        wedged.bind(str(tmp_path / "s"))
        wedged.listen(1)
        with pytest.raises(NoAnswer, match=r"did not answer within 0\.1 s"):
            ask_snapshot(tmp_path / "s", 0.1)


def test_a_command_that_is_not_answered_may_still_be_carried_out(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(str(tmp_path / "s"))
        slow.listen(1)
        with pytest.raises(
            NoAnswer, match=r"may still carry the command out: `quarterdeck commands` lists it"
        ):
            give(tmp_path / "s", Command(CommandKind.PAUSE, "cli", "", {"on": "true"}), 0.1)


def test_an_answer_that_dribbles_in_for_ever_is_no_answer(tmp_path: Path) -> None:
    import threading

    with socket.socket(socket.AF_UNIX) as teasing:
        teasing.bind(str(tmp_path / "s"))
        teasing.listen(1)

        def tease() -> None:
            peer, _ = teasing.accept()
            pause = threading.Event()
            try:
                while not pause.wait(0.02):
                    peer.sendall(b" ")
            except OSError:
                peer.close()

        thread = threading.Thread(target=tease, daemon=True)
        thread.start()
        with pytest.raises(NoAnswer):
            ask(tmp_path / "s", {"ask": "snapshot"}, 0.2)
        thread.join(5)


def test_a_message_is_one_line() -> None:
    assert encode({"text": "two\nlines"}).count(b"\n") == 1
