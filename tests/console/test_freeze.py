"""A display that stands still while the engine goes on: what must stay true in it, stays true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.screens.kill import KillScreen
from tests.console import snapshots
from tests.console.recorded_details import recorded
from tests.console.snapshots import WALL_MS
from tests.console.stage import MID, NARROW, WIDE, stage

FIRST = snapshots.running(0)
LATER = replace(snapshots.running(40), state="REDUCING", overrides=(snapshots.DRAWDOWN,))


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_the_panes_stand_still_and_the_status_bar_does_not(size: tuple[int, int]) -> None:
    async with stage(FIRST, size) as on:
        await on.press("f")
        still = on.table("signals").row_text()
        assert "FROZEN 0.0s" in on.lines[0]
        await on.turn(replace(LATER, wall_ts_ms=WALL_MS))
        assert on.table("signals").row_text() == still
        assert "REDUCING" in on.lines[0]
        assert "104,138" in on.text
        await on.press("f")
        assert "FROZEN" not in on.text
        assert on.table("signals").row_text() != still


async def test_the_banner_says_for_how_long() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("f")
        on.wall.forward(12)
        await on.turn(replace(FIRST, wall_ts_ms=WALL_MS + 12_000))
        assert "FROZEN 12s" in on.lines[0]


async def test_escape_thaws_too() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("f", "escape")
        assert "FROZEN" not in on.text


async def test_escape_clears_the_filter_of_the_pane_before_it_thaws() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("slash", *"btc", "enter", "f", "escape")
        assert "/btc" not in on.text
        assert "FROZEN" in on.text
        await on.press("escape")
        assert "FROZEN" not in on.text


async def test_moving_sorting_and_looking_at_panes_goes_on() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("f", "j", "s", "3", "z")
        assert "┏━ 3 POSITIONS" in on.lines[2]
        assert "FROZEN" in on.lines[0]


async def test_questions_speak_of_now_and_not_of_the_frozen_picture() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("3", "f")
        await on.turn(replace(FIRST, positions=()))
        assert "BTCUSDT" in on.table("positions").row_text()
        await on.press("x")
        assert "No position in BTCUSDT just now." in on.text
        await on.press("X")
        assert on.link.asked_for == [("flatten", {"symbol": "BTCUSDT", "on": "true"})]


async def test_the_kill_switch_arms_and_shows_itself_over_a_frozen_display() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("f", "ctrl+k")
        assert isinstance(on.app.screen, KillScreen)
        assert "kill: ARMED" in on.lines[0]
        await on.press("F")
        await on.until(lambda: "HALTED" in on.lines[0])


async def test_a_screen_over_the_desk_stands_still_too() -> None:
    later = replace(FIRST, positions=(replace(FIRST.positions[0], mark="70000.0"), *FIRST.positions[1:]))
    async with stage(FIRST, details=recorded()) as on:
        await on.press("3", "enter")
        await on.until(lambda: "65,012.5" in on.text)
        await on.press("f")
        await on.turn(later)
        assert "70,000.0" not in on.text
        assert "FROZEN" in on.lines[0]
        await on.press("f")
        await on.until(lambda: "70,000.0" in on.text)


async def test_no_log_line_is_lost_while_the_display_is_frozen() -> None:
    async with stage(replace(FIRST, log=snapshots.log_lines(40))) as on:
        await on.press("f")
        for first in range(20, 200, 20):
            await on.turn(replace(FIRST, log=snapshots.log_lines(40, first=first)))
        await on.press("f")
        on.wall.forward(1)
        await on.turn()
        assert "0 dropped" in on.text
        assert len(on.app.desk.log_lines) == 219


async def test_a_frozen_display_that_goes_unheard_still_says_that_the_engine_is_silent() -> None:
    async with stage(FIRST, NARROW) as on:
        await on.press("f")
        on.wall.forward(60)
        await on.turn(FIRST)
        assert "ENGINE SILENT" in on.text
