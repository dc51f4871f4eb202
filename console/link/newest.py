"""The engine's newest picture as bytes: drawn and encoded once for everybody who asks within the same moment.

However many viewers there are and however often they ask, the engine draws at most one picture in `FRESH_S`, and
encodes it between its own tasks, a part at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import inf

from console.link.picture import cut
from console.link.wire import encode
from engine.snapshot import Snapshot

FRESH_S = 0.2


class NewestPicture:
    """Shares one encoding. `forget` after whatever must show in the next answer."""

    def __init__(
        self, draw: Callable[[], Snapshot | None], monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._draw = draw
        self._monotonic_s = monotonic_s
        self._lines = b""
        self._drawn_s = -inf
        self._age = 0
        self._forgotten = 0
        self._drawing: asyncio.Task[None] | None = None

    async def lines(self) -> bytes:
        """The answer to a request for the picture, drawn no earlier than the last `forget` before this call."""
        wanted = self._forgotten
        if self._age >= wanted and self._monotonic_s() - self._drawn_s <= FRESH_S:
            return self._lines
        while True:
            if self._drawing is None:
                self._drawing = asyncio.create_task(self._encode())
            # Who asked may be gone before it is ready; the others still wait for it.
            await asyncio.shield(self._drawing)
            if self._age >= wanted:
                return self._lines

    def forget(self) -> None:
        """What was drawn so far is out of date."""
        self._forgotten += 1

    def close(self) -> None:
        """Stop drawing."""
        if self._drawing is not None:
            self._drawing.cancel()

    async def _encode(self) -> None:
        try:
            age, drawn_s, snapshot = self._forgotten, self._monotonic_s(), self._draw()
            if snapshot is None:
                lines = [encode({"ok": True, "snapshot": None})]
            else:
                lines = []
                for line in cut(snapshot):
                    lines.append(line)
                    await asyncio.sleep(0)
            self._lines, self._age, self._drawn_s = b"".join(lines), age, drawn_s
        finally:
            self._drawing = None
