"""The console on recorded pictures, as a program of its own: `python -m tests.console.demo --scene running`.

A sibling task beats beside it and writes the largest gap it saw to `--beats FILE`, so that a test can see from outside
what the screen does to its neighbour.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from console.config import ConsoleConfig
from console.running import ConsoleOutcome, run_console
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.recorded_link import RecordedLink

_STEPS, _STEPS_PER_S = 64, 8
SCENES: dict[str, Callable[[], Snapshot | None]] = {
    "none": lambda: None,
    "starting": snapshots.starting,
    "running": snapshots.running,
    "warming": snapshots.warming_up,
    "stale": snapshots.with_stale,
    "reducing": snapshots.reducing,
    "paused": snapshots.paused,
    "halted": snapshots.halted,
    "killing": lambda: snapshots.halted("cancelling"),
}


class Beats:
    """A heartbeat on the loop, 20 a second: how many, and the largest gap between two."""

    def __init__(self, settling_s: float) -> None:
        self._settling_s = settling_s
        self.count = 0
        self.largest_gap_s = 0.0
        self.after_end = 0
        self.late_ms: list[float] = []
        self.ended = False

    async def beat(self, seconds: float, *, noise: bool) -> None:
        began = last = time.perf_counter()
        while last - began < seconds:
            if noise:
                os.write(1, b"noise on 1\n")
                os.write(2, b"noise on 2\n")
            await asyncio.sleep(0.05)
            now = time.perf_counter()
            self.largest_gap_s = max(self.largest_gap_s, now - last)
            if now - began >= self._settling_s:
                self.late_ms.append((now - last - 0.05) * 1_000)
            self.count += 1
            self.after_end += self.ended
            last = now


class Bursts:
    """Processor time of every callback of the loop, so that a busy machine does not count against the console."""

    def __init__(self) -> None:
        self.spent_ms: list[float] = []
        self._run = asyncio.Handle._run

    def watch(self) -> None:
        """From now on."""

        def timed(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            self._run(handle)
            self.spent_ms.append((time.thread_time() - began) * 1_000)

        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]

    def end(self, *_: object) -> None:
        """No longer: what ending costs is nobody's lag."""
        asyncio.Handle._run = self._run  # type: ignore[method-assign]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scene", default="live", choices=[*SCENES, "live"])
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=3_600.0)
    parser.add_argument("--beats", type=Path)
    parser.add_argument("--settling", type=float, default=0.0, help="seconds before lateness is counted")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--raise-after", type=float, default=0.0)
    parser.add_argument("--noise", action="store_true", help="print to descriptors 1 and 2 beside the screen")
    parser.add_argument("--config", default="{}")
    return parser.parse_args()


def _picture(arguments: argparse.Namespace) -> Callable[[], Snapshot | None]:
    # Drawn before the screen opens, so that what is measured is the screen.
    pictures: list[Snapshot | None]
    if arguments.scene == "live":
        pictures = [snapshots.large(arguments.rows, step) for step in range(_STEPS)]
    else:
        pictures = [SCENES[arguments.scene]()]
    began = time.monotonic()

    def current() -> Snapshot | None:
        picture = pictures[int((time.monotonic() - began) * _STEPS_PER_S) % len(pictures)]
        return None if picture is None else replace(picture, wall_ts_ms=time.time_ns() // 1_000_000)

    return current


async def _run(arguments: argparse.Namespace) -> ConsoleOutcome:
    source = _picture(arguments)
    beats = Beats(arguments.settling)
    raise_at = time.monotonic() + arguments.raise_after if arguments.raise_after else float("inf")

    def picture() -> Snapshot | None:
        if time.monotonic() > raise_at:
            raise RuntimeError("planted in the picture")
        return source()

    bursts = Bursts()
    asyncio.get_running_loop().call_later(arguments.settling, bursts.watch)
    engine = asyncio.create_task(beats.beat(arguments.seconds, noise=arguments.noise))
    engine.add_done_callback(bursts.end)
    config = ConsoleConfig.model_validate(json.loads(arguments.config))
    link = RecordedLink(picture)
    outcome = await run_console(link, config, engine_task=engine, mode="sim", output_file=arguments.output)
    beats.ended = True
    if outcome.ending in ("terminal_lost", "failed"):
        # What the caller does by default when the screen is gone: the engine goes on.
        await asyncio.wait_for(engine, timeout=arguments.seconds)
    if arguments.beats:
        late = sorted(beats.late_ms) or [0.0]
        arguments.beats.write_text(
            json.dumps(
                {
                    "ending": outcome.ending,
                    "return_code": outcome.return_code,
                    "detail": outcome.detail,
                    "beats": beats.count,
                    "after_end": beats.after_end,
                    "largest_gap_s": beats.largest_gap_s,
                    "late_p50_ms": late[len(late) // 2],
                    "late_p99_ms": late[int(0.99 * (len(late) - 1))],
                    "late_max_ms": late[-1],
                    "longest_callbacks_ms": sorted(bursts.spent_ms)[-40:],
                    "asked": [
                        [command.kind, command.arguments.get("on", ""), at_s]
                        for command, at_s in zip(link.commands, link.asked_at_s, strict=True)
                    ],
                }
            )
        )
    engine.cancel()
    if outcome.ending in ("left", "stopped", "failed"):
        print(f"the screen ended: {outcome.ending}")
    return outcome


def main() -> int:
    logging.basicConfig(stream=sys.stderr)
    return asyncio.run(_run(_arguments())).return_code


if __name__ == "__main__":
    sys.exit(main())
