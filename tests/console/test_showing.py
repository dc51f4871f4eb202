"""What lies below dialogs: drawn less often, never left to go old, however many dialogs lie over it."""

from __future__ import annotations

from dataclasses import replace

from console.screens.kill import KillScreen
from console.screens.quit import QuitScreen
from console.widgets.ink import plain_text
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.stage import NARROW, WIDE, stage

FIRST = snapshots.running()


def at_price(price: str) -> Snapshot:
    return replace(FIRST, signals=tuple(replace(row, price=price) for row in FIRST.signals))


async def test_the_desk_goes_on_below_two_dialogs() -> None:
    async with stage(FIRST, WIDE) as on:
        await on.press("q", "ctrl+k")
        assert [type(screen) for screen in on.app.screen_stack[1:]] == [QuitScreen, KillScreen]
        for price in ("777.1", "888.2", "999.3"):
            on.link.show(at_price(price))
            await on.until(lambda price=price: price in on.text)  # type: ignore[misc]


async def test_a_dialog_below_another_one_says_what_is_so_now() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("q", "ctrl+k")
        on.link.show(replace(FIRST, positions=(), working_orders=0))
        below = on.app.screen_stack[1]
        assert isinstance(below, QuitScreen)
        await on.until(lambda: "3 open positions" not in "".join(map(plain_text, below._text.lines)))
