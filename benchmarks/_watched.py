"""The command line with a heartbeat on the engine's loop; after a while it stops the engine and says what it saw.

    python benchmarks/_watched.py REPORT SETTLING_S SECONDS ROWS ARGUMENTS...

REPORT takes JSON. Lateness is counted from SETTLING_S after the engine is ready, for SECONDS; 0 leaves it running.
With ROWS above 0 the pictures show so many moving symbols, whatever the engine trades. They are made at the start, with
a screen and without one, so that what a screen adds to the memory is the screen's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.session import Session

if TYPE_CHECKING:
    from engine.commands import Command, CommandResult
    from engine.snapshot import Snapshot
    from engine.summary import Summary

BEAT_S = 0.02
STEPS = 64
LONG_MS = 2.0


@dataclass(slots=True)
class Seen:
    """Everything with a time has it on the monotonic clock, which is the same in every process."""

    ready_at_s: float = 0.0
    watched_from_s: float = 0.0
    watched_s: float = 0.0
    cpu_s: float = 0.0
    resident_mb: float = 0.0
    objects: int = 0
    bars: int = 0
    beats: list[tuple[float, float]] = field(default_factory=list)
    callbacks: list[tuple[float, float]] = field(default_factory=list)
    commands: list[tuple[str, str, float, float]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Lateness in ms, of the watched time only; `beats` hold every beat as (s, ms late), `callbacks` every
        callback of the loop that took long as (s, ms of processor time), which no neighbour adds to."""
        late = sorted(ms for at_s, ms in self.beats if at_s >= self.watched_from_s) or [0.0]
        told = {name: getattr(self, name) for name in self.__slots__}
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            told[f"late_{name}_ms"] = late[int(share * (len(late) - 1))]
        path.write_text(json.dumps(told))


class WatchedSession(Session):
    """The engine as it is, with a heart that beats beside it."""

    report = Path()
    settling_s = seconds = 0.0
    rows = 0

    async def run(self) -> Summary:
        self._seen = Seen()
        if self.rows:
            wide_pictures(self.rows)
        time_callbacks(self._seen.callbacks)
        watching = asyncio.create_task(self._watch_loop())
        try:
            return await super().run()
        finally:
            watching.cancel()
            self._seen.write(self.report)

    async def execute(self, command: Command) -> CommandResult:
        began_s = time.monotonic()
        result = await super().execute(command)
        detail = command.arguments.get("on", "")
        self._seen.commands.append((str(command.kind), detail, began_s, time.monotonic()))
        return result

    def snapshot(self) -> Snapshot | None:
        drawn = super().snapshot()
        return drawn if drawn is None or not self.rows else widened(drawn, self.rows)

    async def _watch_loop(self) -> None:
        seen, process = self._seen, psutil.Process()
        await self.ready.wait()
        seen.ready_at_s = time.monotonic()
        await self._beat_for(self.settling_s)
        seen.watched_from_s, cpu_s = time.monotonic(), time.process_time()
        await self._beat_for(self.seconds or float("inf"))
        seen.watched_s, seen.cpu_s = time.monotonic() - seen.watched_from_s, time.process_time() - cpu_s
        seen.resident_mb = process.memory_info().rss / 2**20
        seen.objects, seen.bars = len(gc.get_objects()), self._bars
        self.request_stop("keep", "benchmark", "measured")

    async def _beat_for(self, seconds: float) -> None:
        last_s = time.monotonic()
        until_s = last_s + seconds
        while last_s < until_s:
            await asyncio.sleep(BEAT_S)
            now_s = time.monotonic()
            self._seen.beats.append((now_s, (now_s - last_s - BEAT_S) * 1e3))
            last_s = now_s


def time_callbacks(found: list[tuple[float, float]]) -> None:
    """Have the loop note every callback that takes `LONG_MS` or more."""
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began_s = time.thread_time()
        run(handle)
        spent_ms = (time.thread_time() - began_s) * 1e3
        if spent_ms >= LONG_MS:
            found.append((time.monotonic(), spent_ms))

    asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]


def widened(drawn: Snapshot, rows: int) -> Snapshot:
    """The picture with `rows` symbols of which each has moved since the last one."""
    wide = wide_pictures(rows)[drawn.sequence % STEPS]
    return replace(drawn, signals=wide.signals, positions=wide.positions)


@cache
def wide_pictures(rows: int) -> list[Snapshot]:
    """Made once, so that what is measured is showing them."""
    from tests.console.snapshots import large

    return [large(rows, step) for step in range(STEPS)]


def main() -> None:
    import engine.session
    from console import cli

    report, settling_s, seconds, rows, *arguments = sys.argv[1:]
    WatchedSession.report = Path(report)
    WatchedSession.settling_s, WatchedSession.seconds = float(settling_s), float(seconds)
    WatchedSession.rows = int(rows)
    # Whoever runs an engine imports its class when the command is carried out, which is after this.
    engine.session.Session = WatchedSession  # type: ignore[misc]
    sys.argv = ["quarterdeck", *arguments]
    cli.main()


if __name__ == "__main__":
    main()
