"""When an app under a pilot has come to rest: asked of its loop, where the pilot would watch the processor's clock.

The pilot waits 20 ms at the least, and a second where anything else uses the processor; a loop that has nothing
left to call, now or within the next frame, says so at once.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import pytest

_ROUNDS_AT_REST = 3
_FRAME_S = 1 / 50


async def until_at_rest(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Until the running loop has nothing to call in some rounds, and no timer within a frame; `max_sleep` at most."""
    loop: Any = asyncio.get_running_loop()
    began_s = monotonic()
    await asyncio.sleep(min_sleep)
    at_rest = 0
    while at_rest < _ROUNDS_AT_REST and monotonic() - began_s < max_sleep:
        soon = [timer.when() for timer in loop._scheduled if not timer.cancelled()]
        wait_s = min(soon, default=loop.time() + 1.0) - loop.time()
        due = wait_s < _FRAME_S
        await asyncio.sleep(max(wait_s, 0.0) if due else 0.0)
        at_rest = 0 if due or loop._ready else at_rest + 1


def ask_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a pilot's pauses end when the loop is at rest."""
    for user in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{user}.wait_for_idle", until_at_rest)
