"""Engines that die without a word: each in a fork of one warm process, gone the moment its operator has been answered.

Reads a JSON list of `Death`s on stdin and prints one line for each: how many bars its engine had decided.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine import kernel_cache
from engine.session import Session
from engine.venues.market_step import MarketStep
from tests.engine.session_runs import engine, give, rows

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_S = 120.0
GIVEN_S = 0.2


@dataclass(frozen=True, slots=True)
class Death:
    """At bar `bars`: give `command` (none: die at once), between two bars or `inside` the next.

    `uncommitted`: so many bars before that one must not be durable yet, or the engine is left to live.
    """

    database: str
    flags: dict[str, str]
    bars: int
    uncommitted: int = 0
    command: str = ""
    inside: bool = False
    arguments: dict[str, str] = field(default_factory=dict)


def die_all(deaths: Sequence[Death]) -> list[int]:
    """Let every engine die; bars each had decided. Raises CalledProcessError where one ended otherwise."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.sudden_death"],
        cwd=REPOSITORY,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        input=json.dumps([asdict(death) for death in deaths]),
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST_S,
        check=True,
    )
    return [int(line) for line in done.stdout.split()]


def main() -> None:
    """One fork for each death."""
    kernel_cache.warm()
    if threading.active_count() > 1:
        raise RuntimeError(f"a parent that forks must have one thread, not {threading.enumerate()}")
    for raw in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            _die(Death(**raw))
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != 9:
            raise RuntimeError(f"{raw} ended by itself with {status}")


def _die(death: Death) -> None:
    try:
        asyncio.run(_live(death))
    finally:
        os._exit(1)


async def _live(death: Death) -> None:
    session = engine(Path(death.database), **death.flags)
    passed = 0
    dying: list[asyncio.Task[None]] = []

    def leave() -> None:
        print(passed, flush=True)
        os._exit(9)

    async def command() -> None:
        await give(session, death.command, **death.arguments)
        leave()

    def begin() -> None:
        dying.append(asyncio.ensure_future(command()))

    def hear(loop: str) -> None:
        nonlocal passed
        passed += loop == "bars"
        if loop != "bars" or passed != death.bars:
            return
        if passed - 1 - _durable(death.database) < death.uncommitted:
            raise RuntimeError(f"only {_durable(death.database)} of {passed} bars must be durable")
        if not death.command:
            leave()
        if death.inside:
            _at_next_advance(session, begin)
        else:
            begin()

    session.add_beat_listener(hear)
    await session.run()


def _at_next_advance(session: Session, act: Callable[[], None]) -> None:
    """Do `act` once the venue has moved by the next bar, and give what it began time to end before the books follow."""
    assert session._machine is not None
    venue = session._machine.venue
    advance = venue.advance

    async def advance_and_act(step: MarketStep) -> None:
        await advance(step)
        act()
        await asyncio.sleep(GIVEN_S)

    venue.advance = advance_and_act  # type: ignore[method-assign]


def _durable(database: str) -> int:
    ((count,),) = rows(Path(database), "SELECT count(*) FROM decisions")
    return int(count)


if __name__ == "__main__":
    main()
