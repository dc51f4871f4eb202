"""A drill-down over a desk under a pilot: recorded pictures below, recorded answers behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from console.config import ConsoleConfig
from console.screens.drill import READING, Drill
from engine.commands import DetailKind
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.recorded_details import recorded
from tests.console.snapshots import WALL_MS
from tests.console.stage import WIDE, Stage, stage

Answers = Mapping[DetailKind, dict[str, Any]]


def drill_of(on: Stage) -> Drill:
    """The drill-down on top."""
    screen = on.app.screen
    assert isinstance(screen, Drill), screen
    return screen


async def later(on: Stage, ms: int, snapshot: Snapshot | None = None) -> None:
    """Let so much time pass on the wall; `snapshot` is a picture taken just then, without one the engine is silent."""
    now = WALL_MS + ms
    on.app._publisher._wall_ms = lambda: now
    await on.turn(None if snapshot is None else replace(snapshot, wall_ts_ms=now))


async def opened(on: Stage, kind: str, key: str) -> Drill:
    """Open one more drill-down, and wait for what it asked."""
    on.app.open_drill(kind, key)
    await on.turn()
    await on.until(lambda: READING not in on.text)
    return drill_of(on)


@asynccontextmanager
async def drilled(
    kind: str,
    key: str = "",
    size: tuple[int, int] = WIDE,
    snapshot: Snapshot | None = None,
    *,
    answers: Answers | None = None,
    held: bool = False,
    config: ConsoleConfig | None = None,
) -> AsyncIterator[Stage]:
    """The drill-down `kind` of `key`; its questions are answered unless they are `held` back."""
    async with stage(snapshot or snapshots.running(), size, config=config) as on:
        on.link.details = dict(recorded() if answers is None else answers)
        if held:
            on.link.answers.clear()
        on.app.open_drill(kind, key)
        await on.turn()
        if not held:
            await on.until(lambda: READING not in on.text)
        yield on
