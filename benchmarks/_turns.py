"""The console on recorded pictures, brought up to date as fast as it goes; says what each turn left behind in memory.

python benchmarks/_turns.py REPORT WARM_TURNS SECONDS ROWS
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import tracemalloc
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from console.app import ConsoleApp
from console.config import ConsoleConfig
from console.terminal import open_terminal
from engine.snapshot import Snapshot
from tests.console.recorded_link import RecordedLink
from tests.console.snapshots import large


class Pictures:
    """Every picture is a new one: prices move, three lines join the log."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.step = self._asked = 0
        self.painted = asyncio.Event()

    def __call__(self) -> Snapshot:
        # The first is asked for before anything is drawn, the second once a whole frame has been.
        self._asked += 1
        if self._asked > 1:
            self.painted.set()
        return large(self.rows, self.step, wall_ms=time.time_ns() // 1_000_000)


async def turn_for(app: ConsoleApp, pictures: Pictures, turns: int, seconds: float) -> int:
    """So many turns, or for so long; how many there were."""
    began_s, done = time.monotonic(), 0
    while done < turns and time.monotonic() - began_s < seconds:
        pictures.step += 1
        app._turn()
        done += 1
        await asyncio.sleep(0.001)
    return done


def remembered() -> tuple[int, int, float]:
    """Bytes traced, live objects, resident MB, once nothing collectable is left."""
    gc.collect()
    return (
        tracemalloc.get_traced_memory()[0],
        len(gc.get_objects()),
        psutil.Process().memory_info().rss / 2**20,
    )


async def measure(report: Path, warm_turns: int, seconds: float, rows: int) -> None:
    tracemalloc.start()
    pictures = Pictures(rows)
    app = ConsoleApp(RecordedLink(pictures), ConsoleConfig(), mode="sim", terminal=open_terminal())
    screen = asyncio.create_task(app.run_async(mouse=False))
    await pictures.painted.wait()
    await turn_for(app, pictures, warm_turns, float("inf"))
    before, began_s = remembered(), time.monotonic()
    turns = await turn_for(app, pictures, sys.maxsize, seconds)
    took_s = time.monotonic() - began_s
    after = remembered()
    app.exit("left")
    await screen
    report.write_text(json.dumps({"turns": turns, "seconds": took_s, "before": before, "after": after}))


if __name__ == "__main__":
    told, warm, length, shown = sys.argv[1:]
    asyncio.run(measure(Path(told), int(warm), float(length), int(shown)))
