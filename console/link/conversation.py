"""One connection of a viewer to an engine's socket: a request, its answer, one at a time, on the viewer's loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.link.client import NoAnswer, NotRunning
from console.link.peer import peer_of
from console.link.picture import Assembly
from console.link.wire import WireFault, decode, encode
from engine.snapshot import Snapshot

# Longer than any line an engine has reason to send.
LINE_BYTES = 16 * 1024 * 1024


class Conversation:
    """Use as an async context manager. Everything raises NotRunning, NoAnswer or WireFault, and nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.engine_pid = 0

    async def __aenter__(self) -> Conversation:
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path, limit=LINE_BYTES)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(f"no engine is running on {self._path}") from error
        except OSError as error:
            raise NotRunning(f"{self._path}: {error.strerror or error}") from error
        self.engine_pid, uid = peer_of(self._writer.get_extra_info("socket"))
        if uid != os.getuid():
            self._writer.transport.abort()
            raise WireFault(f"{self._path}: this socket belongs to another user")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def ask(self, message: Mapping[str, object], timeout_s: float) -> dict[str, Any]:
        """The answer to a request."""
        answer, _ = await self._ask(message, timeout_s)
        return answer

    async def ask_picture(self, timeout_s: float) -> Snapshot | None:
        """The engine's newest picture, None while it starts; put together a part at a time."""
        answer, assembly = await self._ask({"ask": "snapshot"}, timeout_s)
        return None if answer["snapshot"] is None else assembly.finish(answer["snapshot"])

    async def _ask(self, message: Mapping[str, object], timeout_s: float) -> tuple[dict[str, Any], Assembly]:
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(encode(message))
                await self._writer.drain()
                answer, assembly = await self._read()
        except TimeoutError as error:
            raise NoAnswer(f"the engine on {self._path} did not answer within {timeout_s:g} s") from error
        except OSError as error:
            raise NotRunning(f"the engine on {self._path} went away: {error.strerror or error}") from error
        if not answer.get("ok"):
            raise WireFault(str(answer.get("error", "the engine refused the request")))
        return answer, assembly

    async def _read(self) -> tuple[dict[str, Any], Assembly]:
        assembly = Assembly()
        while True:
            try:
                line = await self._reader.readline()
            except ValueError as error:
                raise WireFault(f"an answer of more than {LINE_BYTES} bytes") from error
            if not line.endswith(b"\n"):
                raise NotRunning(f"the engine on {self._path} went away")
            answer = decode(line)
            if "part" not in answer:
                return answer, assembly
            assembly.add(answer["part"])
            # What has arrived already is read without waiting; the screen comes in between all the same.
            await asyncio.sleep(0)
