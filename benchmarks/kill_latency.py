"""From the operator's key to the committed latch, with the market at full speed: many kills, each resumed again.

    python benchmarks/kill_latency.py [KILLS]

A thread plays the operator, so the time includes waiting for the loop's turn. Every latch is read back through a
connection of its own, and every kill is followed until the venue says flat.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from engine import kernel_cache
from engine.commands import Command, CommandKind, CommandResult
from engine.config import load_config
from engine.session import Session

FLAGS = {
    "run.speed": "max",
    "sim.history_days": "440",
    "risk.buffer_fraction": "0.01",
    "risk.trades_per_day": "100000",
}
BETWEEN_KILLS_S = 0.05
LONGEST_S = 30.0


@dataclass(slots=True)
class Latencies:
    """Milliseconds from key to answered latch, and from key to flat."""

    latched_ms: list[float] = field(default_factory=list)
    flat_ms: list[float] = field(default_factory=list)


async def measure(kills: int, folder: Path) -> Latencies:
    """Kill and resume one engine `kills` times while it runs as fast as it can."""
    session = Session(load_config(None, {}, FLAGS, {}), folder / "kill.db")
    running = asyncio.create_task(session.run())
    try:
        await asyncio.wait(
            {running, asyncio.create_task(session.ready.wait())}, return_when="FIRST_COMPLETED"
        )
        return await asyncio.to_thread(_operate, session, asyncio.get_running_loop(), kills)
    finally:
        session.request_stop("keep", "benchmark", "measured")
        await running


def _operate(session: Session, loop: asyncio.AbstractEventLoop, kills: int) -> Latencies:
    found, pause = Latencies(), threading.Event()

    def execute(kind: CommandKind, **arguments: str) -> CommandResult:
        command = Command(kind, "operator@benchmark", "measuring", arguments)
        return asyncio.run_coroutine_threadsafe(session.execute(command), loop).result(LONGEST_S)

    for _ in range(kills):
        pause.wait(BETWEEN_KILLS_S)
        pressed_s = time.perf_counter()
        execute(CommandKind.KILL)
        found.latched_ms.append((time.perf_counter() - pressed_s) * 1e3)
        if _latch(session.database_path) != "HALTED":
            raise RuntimeError("a kill was answered before HALTED was durable")
        while not execute(CommandKind.RESUME, confirm="RESUME").accepted:
            if time.perf_counter() - pressed_s > LONGEST_S:
                raise RuntimeError("the venue never said flat")
            pause.wait(0.005)
        found.flat_ms.append((time.perf_counter() - pressed_s) * 1e3)
    return found


def _latch(database: Path) -> str:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        return str(reader.execute("SELECT state FROM control").fetchone()[0])


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    kernel_cache.prepare()
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(kills, Path(folder)))
    print(f"{'':<26}{'p50':>10}{'p99':>10}{'most':>10}")
    for name, values in (("key to committed latch", found.latched_ms), ("key to flat", found.flat_ms)):
        figures = (percentile(values, 0.5), percentile(values, 0.99), max(values))
        print(f"{name:<26}" + "".join(f"{figure:>7.1f} ms" for figure in figures))
    print(f"{kills} kills, market at full speed, 12 symbols")


if __name__ == "__main__":
    main()
