"""When an app under a pilot has nothing left to do: read off its loop, not guessed from the processor's time.

Textual's pilot waits after every key until the process has been quiet for 20 ms, three times a key: most of what a
test of the console takes, and still a guess on a busy machine.
"""

from __future__ import annotations

import asyncio
import math

FRAME_S = 0.001
"""How long a change waits to be drawn in a test, and a callback for the drawing: 1/60 s elsewhere."""


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Return once nothing is ready to run, and nothing will be within a frame; at the latest after `max_sleep` s."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + max_sleep
    while loop.time() < until_s:
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]
            continue
        timers = loop._scheduled  # type: ignore[attr-defined]
        next_s = min((timer.when() for timer in timers if not timer.cancelled()), default=math.inf)
        if next_s > loop.time() + FRAME_S:
            return
        await asyncio.sleep(next_s - loop.time())
