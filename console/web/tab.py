"""One tab: a viewer process of its own, which ends with the tab however that goes."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

ENDS_WITHIN_S = 2.0
NARROWEST, WIDEST = 10, 1_000


class Tab(AppService):
    """textual-serve's side of a Textual process, started without a shell and never left behind."""

    def __init__(
        self, program: Sequence[str], websocket: web.WebSocketResponse, downloads: DownloadManager
    ) -> None:
        super().__init__(
            " ".join(program),
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=downloads,
        )
        self._program = program

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(_cells(width), _cells(height)),
            # Ctrl-C in the terminal of the server is the server's, which then ends its tabs.
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the process how large its page is."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def stop(self) -> None:
        """End the process: by asking, by telling, by force."""
        task, self._task = self._task, None
        if task is None or self._process is None:
            return
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        for end in (self._ask_to_quit, self._terminate, self._kill):
            with suppress(TimeoutError):
                async with asyncio.timeout(ENDS_WITHIN_S):
                    await end()
                    await self._process.wait()
                    break
        await task

    async def _ask_to_quit(self) -> None:
        await self.send_meta({"type": "quit"})

    async def _terminate(self) -> None:
        self._signal(force=False)

    async def _kill(self) -> None:
        self._signal(force=True)

    def _signal(self, *, force: bool) -> None:
        with suppress(ProcessLookupError):
            if self._process is not None:
                (self._process.kill if force else self._process.terminate)()


def _cells(size: int) -> int:
    return min(max(NARROWEST, size), WIDEST)
