"""A key waits for the one before it, also where that takes its time."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.events import Event, Key
from textual.widget import Widget
from textual.widgets import Input

from console import keyorder
from console.keyorder import KeyOrder
from tests.console import snapshots
from tests.console.stage import stage

OPENS_AFTER_S = 0.35


class Slow(Widget, can_focus=True):
    """Opens the field for the next keys, on a machine that is busy."""

    async def on_key(self, event: Key) -> None:
        opened = asyncio.Event()
        asyncio.get_running_loop().call_later(OPENS_AFTER_S, opened.set)
        await opened.wait()
        self.app.query_one(Input).focus()


class Typing(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self._order = KeyOrder(super().on_event, lambda: (self.focused or self.screen).ancestors_with_self)

    def compose(self) -> ComposeResult:
        yield Slow()
        yield Input()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded:
            await self._order.take(event)
        else:
            await super().on_event(event)


async def test_what_is_typed_ahead_reaches_a_field_that_opens_late() -> None:
    app = Typing()
    async with app.run_test() as pilot:
        app.query_one(Slow).focus()
        await pilot.pause()
        for key in ("slash", "S", "O", "L"):
            app.post_message(Key(key, None if key == "slash" else key))
        async with asyncio.timeout(5.0):
            while app.query_one(Input).value != "SOL":
                await pilot.pause(0.02)


async def test_what_is_struck_behind_a_key_that_closes_its_dialog_waits_for_no_timer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage(snapshots.running()) as on:
        await on.press("q")
        on.clock.forward(0.4)
        monkeypatch.setattr(keyorder, "_WAITS_S", 60.0)
        async with asyncio.timeout(5.0):
            on.burst("escape", "3")
            await on.until(lambda: on.focused_pane == "positions")
