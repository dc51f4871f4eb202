"""The console app under a pilot: recorded pictures, a clock in the test's hand, and the screen as lines of text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rich.style import Style
from textual.events import Key
from textual.pilot import Pilot

from console.app import ConsoleApp, Ending
from console.attachment import Attachment
from console.config import ConsoleConfig
from console.screens.desk import Desk
from console.widgets.livetable import LiveTable
from engine.commands import DetailKind
from engine.snapshot import Snapshot
from tests.console.idle import FRAME_S
from tests.console.recorded_link import RecordedLink
from tests.console.snapshots import WALL_MS

WIDE, MID, NARROW = (160, 45), (100, 30), (80, 24)
_DEADLINE_S = 5.0


class Stage:
    """One running console. `clock` moves only when a test moves it; turns come when asked for and on the timer."""

    def __init__(
        self, app: ConsoleApp, pilot: Pilot[Ending], link: RecordedLink, clock: Clock, wall: Clock
    ) -> None:
        self.app = app
        self.pilot = pilot
        self.link = link
        self.clock = clock
        self.wall = wall

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def styles_of(self, words: str) -> list[Style]:
        """The styles of the first place where `words` stand."""
        for strip in self.app.screen._compositor.render_strips():
            at = strip.text.find(words)
            if at >= 0:
                return [s.style or Style() for s in strip.crop(at, at + len(words))]
        raise AssertionError(f"{words!r} is not on the screen:\n{self.text}")

    async def press(self, *keys: str) -> None:
        """Strike keys after the moment in which a dialog does not listen."""
        for key in keys:
            self.clock.forward(0.4)
            await self.pilot.press(key)
            await self._settle()
        await self.turn()

    async def strike(self, *keys: str) -> None:
        """Strike keys at once, with no time between them."""
        await self.pilot.press(*keys)
        await self.turn()

    def burst(self, *keys: str) -> None:
        """Strike keys in one packet, before any of them is looked at."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))

    async def turn(self, snapshot: Snapshot | None = None) -> None:
        """Show the link's picture, or the one given."""
        if snapshot is not None:
            self.link.show(snapshot)
        self.app._turn()
        await self._settle()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the app work until something holds; fails with the screen when it never does."""
        deadline = time.monotonic() + _DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"it never came to hold:\n{self.text}"
            await self.turn()

    async def _settle(self) -> None:
        """Until the app is idle and holds no key back: one struck where a dialog has just closed has to wait."""
        await self.pilot.pause()
        while self.app._key_order._waiting:
            await asyncio.sleep(FRAME_S)
            await self.pilot.pause()

    def table(self, pane: str) -> LiveTable:
        return self.app.screen_stack[0].query_one(f"#{pane}").query_one(LiveTable)

    @property
    def focused_pane(self) -> str:
        desk = self.app.screen_stack[0]
        assert isinstance(desk, Desk)
        return desk.focused_pane


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def forward(self, seconds: float) -> None:
        self.now_s += seconds


@asynccontextmanager
async def stage(
    snapshot: Snapshot | None,
    size: tuple[int, int] = WIDE,
    *,
    config: ConsoleConfig | None = None,
    mode: str = "sim",
    awaits_engine: bool = False,
    attachment: Callable[[], Attachment | None] = lambda: None,
    details: dict[DetailKind, dict[str, Any]] | None = None,
) -> AsyncIterator[Stage]:
    """A console that shows `snapshot` on a screen of this size; `details` are the engine's answers from the start,
    `mode` is what it knows before its first picture."""
    link, clock, wall = RecordedLink(snapshot), Clock(), Clock(WALL_MS / 1_000)
    link.details |= details or {}
    app = ConsoleApp(
        link,
        config or ConsoleConfig(),
        mode=mode,
        actor="operator ann@console",
        wall_ms=lambda: round(wall.now_s * 1_000),
        monotonic_s=clock,
        awaits_engine=awaits_engine,
        attachment=attachment,
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        on_stage = Stage(app, pilot, link, clock, wall)
        await on_stage.turn()
        yield on_stage
