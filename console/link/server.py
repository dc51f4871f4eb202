"""The control socket of an engine: same-user peers ask for snapshots and give commands.

0600, peer uid checked; a slow or rude peer costs the engine nothing but its own connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from console.link.wire import (
    WireFault,
    command_from,
    decode,
    encode,
    result_message,
    snapshot_message,
)
from engine.commands import EngineLink

ANSWER_S = 5.0
REQUEST_BYTES = 64 * 1024
_CREDENTIALS = struct.Struct("3i")


class ControlSocket:
    """Serves one engine link on one path; use as an async context manager."""

    def __init__(self, path: Path, link: EngineLink) -> None:
        self._path = path
        self._link = link
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> ControlSocket:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Bind; a dead predecessor's socket is replaced (the database lock has proven that it is dead)."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=REQUEST_BYTES)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop serving and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for peer in list(self._peers):
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        with suppress(FileNotFoundError):
            self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._peers.add(task)
            task.add_done_callback(self._peers.discard)
        try:
            uid = _peer_uid(writer)
            if uid != os.getuid():
                writer.write(encode({"ok": False, "error": "this socket belongs to another user"}))
                return
            await self._answer_all(reader, writer, f"uid={uid}")
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer_all(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, actor: str
    ) -> None:
        while line := await reader.readline():
            writer.write(encode(await self._answer(line, actor)))
            async with asyncio.timeout(ANSWER_S):
                await writer.drain()

    async def _answer(self, line: bytes, actor: str) -> dict[str, object]:
        try:
            message = decode(line)
            match message.get("ask"):
                case "snapshot":
                    return snapshot_message(self._link.snapshot())
                case "command":
                    return result_message(await self._link.execute(command_from(message, actor)))
                case other:
                    raise WireFault(f"unknown request {other!r}: snapshot or command")
        except WireFault as fault:
            return {"ok": False, "error": str(fault)}


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    connection = writer.get_extra_info("socket")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)
