"""The panes on the screen, at the three sizes, moved through with keys alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.config import ConsoleConfig
from tests.console import snapshots
from tests.console.snapshots import log_lines
from tests.console.stage import MID, NARROW, WIDE, stage

SIZES = {"160x45": WIDE, "100x30": MID, "80x24": NARROW}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_the_first_screen_at_every_size(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        assert len(on.lines) == size[1]
        assert on.lines[0].startswith(" SIM ")
        assert "ACTIVE" in on.lines[0]
        assert on.lines[-1].rstrip().endswith("^k KILL")
        assert "1 SIGNALS" in on.text
        assert "▸ETHUSDT" in on.text
        assert "5 LOG" in on.text
        assert ("3 POSITIONS" in on.text) == (size != NARROW)
        assert ("2 BLENDER WEIGHTS" in on.text) == (size == WIDE)
        assert ("[1 Signals]" in on.text) == (size == NARROW)
        assert on.lines[0].endswith("22:13:20Z ") == (size != NARROW)


TOLD = (
    (snapshots.starting(), ["STARTING", "compiling kernels", "The engine is starting."]),
    (snapshots.running(), ["SIM", "ACTIVE"]),
    (snapshots.halted("cancelling"), ["SIM", "HALTED", "kill: cancelling"]),
    (snapshots.reducing(), ["SIM", "REDUCING", "no new exposure"]),
    (snapshots.with_stale(), ["1 STALE", "1 BLOCKED"]),
    (snapshots.warming_up(), ["REPLAY", "WARMUP", "A1, A2 warm up: need 428 daily bars"]),
)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_every_state_is_told_in_words(size: tuple[int, int]) -> None:
    async with stage(None, size) as on:
        for word in ("SIM", "STARTING", "the engine is loading"):
            assert word in on.text
        for snapshot, words in TOLD:
            await on.turn(snapshot)
            for word in words:
                assert word in on.text


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_every_pane_can_be_reached_by_its_number_and_by_tab(size: tuple[int, int]) -> None:
    names = ["signals", "weights", "positions", "limits", "log"]
    headings = ["1 SIGNALS", "2 BLENDER WEIGHTS", "3 POSITIONS", "4 RISK LIMITS", "5 LOG"]
    async with stage(snapshots.running(), size) as on:
        for number in (2, 3, 4, 5, 1):
            await on.press(str(number))
            assert on.focused_pane == names[number - 1]
            assert f"┏━ {headings[number - 1]}" in on.text
        for name in (*names[1:], names[0]):
            await on.press("tab")
            assert on.focused_pane == name
        await on.press("shift+tab")
        assert on.focused_pane == "log"


async def test_a_terminal_that_is_looked_away_from_keeps_its_pane() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("3")
        on.app.app_focus = False
        await on.turn()
        assert on.app.screen.focused is None
        assert on.focused_pane == "positions"
        assert "3 POSITIONS" in on.text
        on.app.app_focus = True
        await on.turn()
        assert "┏━ 3 POSITIONS" in on.text


async def test_focus_is_a_heavy_frame_and_not_only_a_colour() -> None:
    async with stage(snapshots.running()) as on:
        assert "┏━ 1 SIGNALS" in on.text
        assert "┌─ 3 POSITIONS" in on.text
        await on.press("3")
        assert "┌─ 1 SIGNALS" in on.text
        assert "┏━ 3 POSITIONS" in on.text


async def test_zoom_gives_one_pane_the_screen_and_takes_it_back() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("3", "z")
        assert "SIGNALS" not in on.text
        assert "┏━ 3 POSITIONS" in on.lines[2]
        assert on.lines[0].startswith(" SIM ")
        assert "KILL" in on.lines[-1]
        await on.press("1")
        assert "┏━ 1 SIGNALS" in on.lines[2]
        await on.press("z")
        assert "3 POSITIONS" in on.text


async def test_the_desk_follows_the_size_of_the_terminal() -> None:
    async with stage(snapshots.running(), WIDE) as on:
        await on.pilot.resize_terminal(*NARROW)
        await on.turn()
        assert "[1 Signals]" in on.text
        assert "3 POSITIONS" not in on.text
        await on.pilot.resize_terminal(*MID)
        await on.turn()
        assert "3 POSITIONS" in on.text
        assert "weights A1 0.40" in on.text


@pytest.mark.parametrize("size", [(20, 6), (40, 10), (79, 23), (300, 100)])
async def test_odd_sizes_still_show_the_mode_and_the_state(size: tuple[int, int]) -> None:
    async with stage(snapshots.halted(), size) as on:
        assert "SIM" in on.lines[0]
        assert "HALTED" in on.text


async def test_moving_with_letters_arrows_and_half_pages() -> None:
    async with stage(snapshots.large(60)) as on:
        table = on.table("signals")
        keys = list(table.keys)
        await on.press("j", "j", "down", "k")
        assert table.cursor_key == keys[2]
        await on.press("G")
        assert table.cursor_key == keys[-1]
        assert f"▸{keys[-1][:10]}" in on.text
        await on.press("ctrl+u")
        assert table.cursor_key == keys[-1 - (table.size.height - 1) // 2]
        await on.strike("g", "g")
        assert table.cursor_key == keys[0]
        await on.press("ctrl+d", "up")
        assert table.cursor_key == keys[(table.size.height - 1) // 2 - 1]


async def test_one_g_does_nothing_and_a_late_second_one_neither() -> None:
    async with stage(snapshots.large(60)) as on:
        await on.press("G")
        last = on.table("signals").cursor_key
        await on.strike("g")
        on.clock.forward(1.5)
        await on.strike("g")
        assert on.table("signals").cursor_key == last


async def test_columns_without_room_come_into_sight_by_moving_right() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        assert "sprd bp" not in on.text
        await on.press(*["l"] * 10)
        assert "sprd bp" in on.text
        assert "trail" in on.text
        assert "▸ETHUSDT" in on.text
        await on.press(*["h"] * 10)
        assert "price" in on.text


async def test_the_footer_shows_the_operators_own_keys() -> None:
    config = ConsoleConfig(keymap={"kill.arm": "f12", "pane.zoom": "Z", "quit": "Q"})
    async with stage(snapshots.running(), config=config) as on:
        assert "Q Quit…" in on.lines[-1]
        assert on.lines[-1].rstrip().endswith("F12 KILL")
        await on.press("Z")
        assert "3 POSITIONS" not in on.text
        await on.press("z")
        assert "3 POSITIONS" not in on.text


async def test_ages_grow_and_an_engine_that_is_silent_is_called_so() -> None:
    async with stage(snapshots.running(wall_ms=snapshots.WALL_MS - 60_000)) as on:
        assert "ENGINE SILENT" in on.text
        assert "60s" in on.text


async def test_the_log_follows_its_end_until_the_reader_moves_away() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("5")
        assert "follow" in on.text
        await on.press("k", "k")
        assert "G to follow" in on.text
        before = on.lines[-5]
        await on.turn(replace(snapshots.running(), log=log_lines(60)))
        assert on.lines[-5] == before
        await on.press("G")
        assert "G to follow" not in on.text


async def test_log_lines_that_no_picture_held_are_counted_as_dropped() -> None:
    async with stage(snapshots.running()) as on:
        await on.turn(replace(snapshots.running(), log=log_lines(10, first=61)))
        assert "20 dropped" in on.text


async def test_what_the_engine_says_cannot_steer_the_terminal() -> None:
    wicked = replace(log_lines(1)[0], level="ERROR", message="\x1b[2Jgone\x07 \x9b31m")
    evil = replace(snapshots.running(), log=(wicked,), notice="\x1b]0;title\x07")
    async with stage(evil) as on:
        assert "gone" in on.text
        assert all(line.isprintable() for line in on.lines)


async def test_an_empty_book_says_when_the_next_decision_is() -> None:
    async with stage(replace(snapshots.running(), positions=())) as on:
        assert "No open positions. The next decision is in 4s." in on.text


async def test_no_signal_at_all_says_what_to_do() -> None:
    async with stage(replace(snapshots.running(), weights=())) as on:
        assert "Enable one under [signals]" in on.text
