"""Every screen the console has, as a table: what the engine shows, and the keys that lead there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from console.actions import BY_ID
from console.attachment import Attachment
from console.config import ConsoleConfig
from console.layout import WELCOMED
from console.screens.drill import READING
from console.screens.welcome import WelcomeScreen
from engine.commands import DetailKind
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.recorded_details import ORDER_ID, recorded
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

# What lies below a dialog is drawn every fourth turn.
_TURNS = 4
_ROUNDS = 100
SIZES = {"160x45": WIDE, "100x30": MID, "80x24": NARROW}


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen. A drill-down by kind and key is opened first, then `keys` are struck one by one, then `action` is run
    as the palette would run it. `attachment`: the console is attached to an engine elsewhere. `welcomed`: it has been
    opened before.
    """

    name: str
    picture: Callable[[], Snapshot | None]
    keys: tuple[str, ...] = ()
    action: str = ""
    drill: tuple[str, str] | None = None
    attachment: Attachment | None = None
    welcomed: bool = True


SCREENS = (
    Shown("desk", snapshots.with_stale),
    Shown("desk-loading", lambda: None),
    Shown("desk-starting", snapshots.starting),
    Shown("desk-warming-up", snapshots.warming_up),
    Shown("desk-reducing", snapshots.reducing),
    Shown("desk-silent", lambda: snapshots.running(wall_ms=snapshots.WALL_MS - 62_000)),
    Shown("desk-halted", snapshots.halted),
    Shown("desk-killing", lambda: snapshots.halted("cancelling", error="timed out")),
    Shown("pane-signals", snapshots.with_stale, ("1", "z")),
    Shown("pane-weights", snapshots.estimated, ("2", "z")),
    Shown("pane-positions", snapshots.running, ("3", "z")),
    Shown("pane-risk", snapshots.reducing, ("4", "z")),
    Shown("pane-log", snapshots.running, ("5", "z")),
    Shown("signal", snapshots.estimated, drill=("signal", "BTCUSDT")),
    Shown("position", snapshots.running, drill=("position", "simulated BTCUSDT")),
    Shown("orders", snapshots.running, drill=("orders", "")),
    Shown("order-why", snapshots.estimated, drill=("order", ORDER_ID)),
    Shown("audit", snapshots.running, drill=("audit", "")),
    Shown("configuration", snapshots.running, drill=("config", "")),
    Shown("limit", snapshots.reducing, drill=("limit", "drawdown")),
    Shown("log-line", snapshots.running, drill=("log", "20")),
    Shown("attached-read-only", snapshots.running, attachment=Attachment(read_only=True)),
    Shown("attached-lost", snapshots.running, attachment=Attachment(lost="the engine closed the line")),
    Shown("welcome", snapshots.running, welcomed=False),
    Shown("frozen", snapshots.running, ("f",)),
    Shown("filter", snapshots.running, ("slash", "u", "s", "d")),
    Shown("copied", snapshots.running, ("y",)),
    Shown("help", snapshots.running, ("question_mark",)),
    Shown("palette", snapshots.running, ("ctrl+p",)),
    Shown("palette-search", snapshots.running, ("ctrl+p", "p", "a", "u")),
    Shown("dialog-pause", snapshots.running, ("p",)),
    Shown("dialog-pause-lift", snapshots.paused, ("p",)),
    Shown("dialog-reduce", snapshots.running, ("r",)),
    Shown("dialog-flatten", snapshots.running, ("3", "x")),
    Shown("dialog-flatten-live", lambda: snapshots.running(mode="live"), ("3", "x")),
    Shown("dialog-signal", snapshots.running, ("2", "t")),
    Shown("dialog-weight", snapshots.running, ("2", "w")),
    Shown("dialog-parameters", snapshots.running, ("e", *"window=300"), drill=("signal", "A1")),
    Shown("dialog-cancel", snapshots.running, ("x",), drill=("orders", "")),
    Shown("dialog-stop", snapshots.running, ("q", "e"), attachment=Attachment()),
    Shown("dialog-quit", snapshots.running, ("q",)),
    Shown("dialog-resume", snapshots.halted, action="mode.resume"),
    Shown("kill-armed", snapshots.running, ("ctrl+k",)),
    Shown("kill-progress", snapshots.running, ("ctrl+k", "F")),
)


def in_theme(theme: str) -> ConsoleConfig:
    """A configuration that says nothing but the theme."""
    return ConsoleConfig.model_validate({"theme": theme})


@asynccontextmanager
async def shown(
    screen: Shown, size: tuple[int, int], config: ConsoleConfig | None = None
) -> AsyncIterator[Stage]:
    """The console on that screen, with everything that moves by itself held still."""
    details = recorded() | {DetailKind.LAYOUT: {"values": {WELCOMED: "yes"} if screen.welcomed else {}}}
    async with stage(
        screen.picture(), size, config=config, attachment=lambda: screen.attachment, details=details
    ) as on:
        if on.app._beating is not None:
            on.app._beating.cancel()
        if screen.drill is not None:
            on.app.open_drill(*screen.drill)
            await on.until(lambda: READING not in on.text)
        if not screen.welcomed:
            await on.until(lambda: isinstance(on.app.screen, WelcomeScreen))
        await on.press(*screen.keys)
        if screen.action:
            await on.app.perform(BY_ID[screen.action])
            await on.turn()
        await still(on)
        yield on


async def still(on: Stage) -> None:
    """Let everything be drawn, and cursors stop blinking."""
    for _ in range(_ROUNDS):
        before = on.lines
        for field in on.app.screen.query(Input):
            field.cursor_blink = False
        for _ in range(_TURNS):
            await on.turn()
        if before == on.lines and not _at_work(on):
            return
    raise AssertionError(f"it never stands still:\n{on.text}")


def _at_work(on: Stage) -> bool:
    """Whether anything waits to be laid out or drawn; what lies below a dialog is only drawn with it."""
    screens = on.app.screen_stack
    return any(screen._callbacks or _undrawn(screen) for screen in screens) or any(
        node._layout_required or node._repaint_required or node.message_queue_size
        for screen in screens
        for node in screen.walk_children(Widget, with_self=screen is on.app.screen)
    )


def _undrawn(screen: Screen[Any]) -> bool:
    """Whether anything in sight is to be drawn; word of what is drawn already stays with a screen below a dialog."""
    seen = screen._compositor.visible_widgets
    return any(widget in seen and widget._repaint_regions for widget in screen._dirty_widgets)
