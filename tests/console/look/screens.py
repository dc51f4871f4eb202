"""Every screen the console has, as a table: what the engine shows, and the keys that lead there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.widgets import Input

from console.actions import BY_ID
from console.config import ConsoleConfig
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

SIZES = {"160x45": WIDE, "100x30": MID, "80x24": NARROW}


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen. `keys` are struck one by one; `action` is then run as the palette would run it."""

    name: str
    picture: Callable[[], Snapshot | None]
    keys: tuple[str, ...] = ()
    action: str = ""


SCREENS = (
    Shown("desk", snapshots.with_stale),
    Shown("desk-loading", lambda: None),
    Shown("desk-starting", snapshots.starting),
    Shown("desk-warming-up", snapshots.warming_up),
    Shown("desk-reducing", snapshots.reducing),
    Shown("desk-halted", snapshots.halted),
    Shown("desk-killing", lambda: snapshots.halted("cancelling", error="timed out")),
    Shown("pane-signals", snapshots.with_stale, ("1", "z")),
    Shown("pane-weights", snapshots.running, ("2", "z")),
    Shown("pane-positions", snapshots.running, ("3", "z")),
    Shown("pane-risk", snapshots.reducing, ("4", "z")),
    Shown("pane-log", snapshots.running, ("5", "z")),
    Shown("help", snapshots.running, ("question_mark",)),
    Shown("palette", snapshots.running, ("ctrl+p",)),
    Shown("palette-search", snapshots.running, ("ctrl+p", "p", "a", "u")),
    Shown("dialog-pause", snapshots.running, ("p",)),
    Shown("dialog-pause-lift", snapshots.paused, ("p",)),
    Shown("dialog-reduce", snapshots.running, ("r",)),
    Shown("dialog-quit", snapshots.running, ("q",)),
    Shown("dialog-resume", snapshots.halted, action="mode.resume"),
    Shown("kill-armed", snapshots.running, ("ctrl+k",)),
    Shown("kill-progress", snapshots.running, ("ctrl+k", "F")),
)


@asynccontextmanager
async def shown(
    screen: Shown, size: tuple[int, int], config: ConsoleConfig | None = None
) -> AsyncIterator[Stage]:
    """The console on that screen, with everything that moves by itself held still."""
    async with stage(screen.picture(), size, config=config) as on:
        if on.app._beating is not None:
            on.app._beating.cancel()
        await on.press(*screen.keys)
        if screen.action:
            await on.app.perform(BY_ID[screen.action])
            await on.turn()
        await still(on)
        yield on


async def still(on: Stage) -> None:
    """Let everything be drawn, and cursors stop blinking."""
    await on.pilot.wait_for_scheduled_animations()
    for field in on.app.screen.query(Input):
        field.cursor_blink = False
    await on.turn()
    await on.pilot.pause()
