"""The control socket of an engine: same-user peers look at it and give it commands.

0600, peer uid checked. Peers pull, one answer at a time, so a slow or rude one costs the engine one picture at most
and loses its connection when it does not read. A viewer that goes, however it goes, leaves no armed kill switch behind.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.link.newest import NewestPicture
from console.link.peer import peer_of
from console.link.wire import (
    WireFault,
    command_from,
    decode,
    encode,
    layout_from,
    question_from,
    result_message,
)
from console.operator import ARMED_REASON, lift_forgotten_hold
from engine.commands import DetailFault, EngineLink
from store.errors import Locked, translate

ANSWER_S = 5.0
# Less than a peer waits for its answer.
PATIENCE_S = 3.5
REQUEST_BYTES = 64 * 1024
MOST_VIEWERS = 32
# Viewers ask for details and give commands on connections of their own; a kill must always find room.
MOST_PEERS = 128
PROBE_S = 1.0


@dataclass(slots=True)
class _Peer:
    """Who is at the other end, and what it said it is."""

    pid: int
    uid: int
    viewer: bool = False
    read_only: bool = False

    @property
    def words(self) -> str:
        return f"pid={self.pid} uid={self.uid}"


class ControlSocket:
    """Serves one engine link on one path; use as an async context manager."""

    def __init__(self, path: Path, link: EngineLink) -> None:
        self._path = path
        self._link = link
        self._newest = NewestPicture(link.snapshot)
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._peers: dict[asyncio.Task[None], _Peer] = {}

    async def __aenter__(self) -> ControlSocket:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Bind; the socket a dead engine left behind is replaced. Raises Locked where one is alive, StoreError."""
        holder = _listener(self._path)
        if holder is not None:
            raise Locked(
                f"{self._path}: process {holder} is running on this database; stop it or pass another --db"
            )
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=REQUEST_BYTES)
            self._inode = self._path.stat().st_ino
        except OSError as error:
            raise translate(error, self._path) from error
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop serving and remove the socket, unless another engine has put its own in this place."""
        if self._server is None:
            return
        self._server.close()
        self._newest.close()
        for task in list(self._peers):
            task.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        with suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(*peer_of(writer.get_extra_info("socket")))
        task = asyncio.current_task()
        if task is not None:
            self._peers[task] = peer
            task.add_done_callback(lambda done: self._peers.pop(done, None))
        try:
            await self._converse(reader, writer, peer)
            writer.close()
        except (OSError, TimeoutError):
            # Whoever does not read gets no more: what waits for them is thrown away with the connection.
            writer.transport.abort()
        except asyncio.CancelledError:
            # The engine ends. Nobody waits for this task, and asyncio would report a cancelled one as a failure.
            writer.transport.abort()
            return
        if peer.viewer:
            await self._disarm(peer)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: _Peer
    ) -> None:
        refusal = ""
        if peer.uid != os.getuid():
            refusal = "this socket belongs to another user"
        elif len(self._peers) > MOST_PEERS:
            refusal = f"more than {MOST_PEERS} connections"
        while not refusal:
            try:
                line = await reader.readline()
            except ValueError:
                refusal = f"a request is one line of at most {REQUEST_BYTES} bytes"
                break
            if not line:
                return
            await _send(writer, await self._answer(line, peer))
        await _send(writer, _refusal(refusal))
        await _hear_out(reader, writer)

    async def _answer(self, line: bytes, peer: _Peer) -> bytes:
        try:
            message = decode(line)
            match message.get("ask"):
                case "hello":
                    return encode(self._greet(message, peer))
                case "snapshot":
                    return await self._newest.lines()
                case "command":
                    return encode(await self._command(message, peer))
                case "detail":
                    detail = await self._link.detail(question_from(message))
                    return encode({"ok": True, "detail": detail})
                case "remember":
                    _check_may_act(peer)
                    await self._link.remember(*layout_from(message))
                    return encode({"ok": True})
                case other:
                    known = "hello, snapshot, command, detail or remember"
                    raise WireFault(f"unknown request {other!r}: {known}")
        except (WireFault, DetailFault) as fault:
            return _refusal(str(fault))
        except Exception as fault:  # noqa: BLE001 - the peer must hear that its request failed, whatever made it fail
            return _refusal(f"{type(fault).__name__}: {fault}")

    def _greet(self, message: dict[str, Any], peer: _Peer) -> dict[str, object]:
        """From here on the peer is a viewer. What is read-only once stays it."""
        viewers = sum(known.viewer for known in self._peers.values())
        if not peer.viewer and viewers >= MOST_VIEWERS:
            raise WireFault(f"{viewers} viewers are attached already")
        peer.viewer = True
        peer.read_only = peer.read_only or bool(message.get("read_only"))
        return {"ok": True, "you": peer.words}

    async def _command(self, message: dict[str, Any], peer: _Peer) -> dict[str, object]:
        _check_may_act(peer)
        command = command_from(message, peer.words)
        try:
            return result_message(await self._link.execute(replace(command, patience_s=PATIENCE_S)))
        finally:
            self._newest.forget()

    async def _disarm(self, peer: _Peer) -> None:
        """Let entries go on that only the armed kill switch of a viewer that is gone holds back."""
        snapshot = self._link.snapshot()
        for row in snapshot.overrides if snapshot is not None else ():
            if row.reason == ARMED_REASON and row.actor.endswith(f" {peer.words}"):
                await lift_forgotten_hold(self._link, row.actor, "its viewer is gone")


def _check_may_act(peer: _Peer) -> None:
    if peer.read_only:
        raise WireFault("this viewer is read-only: it watches and changes nothing")


def _refusal(words: str) -> bytes:
    return encode({"ok": False, "error": words})


async def _send(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    async with asyncio.timeout(ANSWER_S):
        await writer.drain()


async def _hear_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on for a moment: closing on unread words would take our last ones from the peer."""
    writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(PROBE_S):
            while await reader.read(REQUEST_BYTES):
                pass


def _listener(path: Path) -> int | None:
    """The process that accepts connections on `path`, None where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except TimeoutError:
            return 0
        except OSError as error:
            raise translate(error, path) from error
        return peer_of(probe)[0]
