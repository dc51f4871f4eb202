"""The control socket of an engine: same-user peers ask for snapshots and give commands.

0600, peer uid checked; a slow or rude peer costs the engine nothing but its own connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

from console.link.peer import peer_of
from console.link.wire import (
    WireFault,
    command_from,
    decode,
    encode,
    result_message,
    snapshot_message,
)
from engine.commands import EngineLink
from store.errors import Locked, translate

ANSWER_S = 5.0
REQUEST_BYTES = 64 * 1024
MOST_PEERS = 64
PROBE_S = 1.0


class ControlSocket:
    """Serves one engine link on one path; use as an async context manager."""

    def __init__(self, path: Path, link: EngineLink) -> None:
        self._path = path
        self._link = link
        self._server: asyncio.Server | None = None
        self._inode = 0
        self._peers: set[asyncio.Task[None]] = set()

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
        for peer in list(self._peers):
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        with suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._peers.add(task)
            task.add_done_callback(self._peers.discard)
        try:
            await self._converse(reader, writer)
            writer.close()
        except (OSError, TimeoutError):
            # Whoever does not read gets no more: what waits for them is thrown away with the connection.
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refusal = ""
        _, uid = peer_of(writer.get_extra_info("socket"))
        if uid != os.getuid():
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
            await _send(writer, await self._answer(line, f"uid={uid}"))
        await _send(writer, {"ok": False, "error": refusal})
        await _hear_out(reader, writer)

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
        except Exception as fault:  # noqa: BLE001 - the peer must hear that its command failed, whatever made it fail
            return {"ok": False, "error": f"{type(fault).__name__}: {fault}"}


async def _send(writer: asyncio.StreamWriter, answer: dict[str, object]) -> None:
    writer.write(encode(answer))
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
