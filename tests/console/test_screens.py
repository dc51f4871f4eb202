"""What holds of every drill-down: mode on top, keys below, back to the same row, and nothing that can end it."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest

from console.config import ConsoleConfig
from console.screens.desk import Desk
from console.screens.drill import READING
from console.screens.drills import DRILLS
from console.widgets.faded import faded
from engine.commands import DetailKind
from engine.snapshot import LogLine
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled, later, opened
from tests.console.recorded_details import ORDER_ID, recorded
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

SIZES = {"160x45": WIDE, "100x30": MID, "80x24": NARROW}
EVERY = {
    "signal": ("BTCUSDT", "SIGNAL A1 · BTCUSDT"),
    "position": ("simulated BTCUSDT", "POSITION BTCUSDT at simulated"),
    "orders": ("", "ORDERS"),
    "order": (ORDER_ID, f"WHY buy BTCUSDT · {ORDER_ID}"),
    "audit": ("", "AUDIT"),
    "config": ("", "CONFIGURATION"),
    "limit": ("drawdown", "LIMIT drawdown"),
    "log": ("20", "LOG LINE"),
}
ASKING = {kind: key for kind, (key, _) in EVERY.items() if kind != "log"}
FRESH = {"plain", "strong", "profit", "loss", "ok"}


def inks(on: Stage) -> set[str]:
    """The inks of the first rows in sight."""
    table = drill_of(on).rows
    return {cell.ink for key in table.keys[:3] for cell in table._cells_of(key)}


def test_every_drill_down_is_covered() -> None:
    assert set(EVERY) == set(DRILLS)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_mode_state_and_kill_stay_on_top_and_the_keys_below(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        on.link.details = recorded()
        for kind, (key, heading) in EVERY.items():
            await opened(on, kind, key)
            assert {len(line) for line in on.lines} == {size[0]}
            assert len(on.lines) == size[1]
            for word in (" SIM ", "ACTIVE", "kill: ready"):
                assert word in on.lines[0]
            assert f"┏━ {heading} ━" in on.text
            assert "Esc Back" in on.lines[-1]
            assert on.lines[-1].rstrip().endswith("^k KILL")
            assert "NOT READ" not in on.text
            await on.press("escape")
            assert isinstance(on.app.screen, Desk)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_live_is_unmistakable_there_too(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(mode="live"), size) as on:
        on.link.details = recorded()
        for kind, (key, heading) in EVERY.items():
            await opened(on, kind, key)
            assert on.lines[1].strip("█ ").startswith("LIVE")
            assert {(line[0], line[-1]) for line in on.lines[1:-1]} == {("█", "█")}
            assert f"┏━ {heading} ━" in on.text
            assert "^k KILL" in on.text


async def test_escape_leads_back_to_the_same_row_though_rows_have_moved() -> None:
    async with stage(snapshots.running()) as on:
        on.link.details = recorded()
        await on.press("j", "j")
        row = on.table("signals").cursor_key
        for step, (kind, (key, _)) in enumerate(EVERY.items()):
            await opened(on, kind, key)
            on.link.show(snapshots.running(step=40 + 20 * step))
            await on.press("escape")
            assert isinstance(on.app.screen, Desk)
            assert on.table("signals").cursor_key == row
            assert f"▸{row}" in on.text


async def test_from_a_drill_down_to_the_next_and_back_to_its_row() -> None:
    async with drilled("orders") as on:
        await on.press("j", "j")
        key = drill_of(on).rows.cursor_key
        await on.press("enter")
        assert f"· {key} ━" in on.text
        await on.press("escape")
        assert "┏━ ORDERS" in on.text
        assert drill_of(on).rows.cursor_key == key


@pytest.mark.parametrize("kind", ASKING)
async def test_it_paints_at_once_and_comes_to_the_same_whichever_comes_first(kind: str) -> None:
    async with drilled(kind, ASKING[kind], held=True) as on:
        assert on.lines[0].startswith(" SIM ")
        assert READING in on.text
        await on.turn(snapshots.running(step=0))
        on.link.answers.set()
        await on.until(lambda: READING not in on.text)
        answer_last = on.lines[2:]
        await on.press("escape")
        await on.turn(None)
        await opened(on, kind, ASKING[kind])
        assert on.lines[2:] == answer_last


async def test_before_the_first_picture_nothing_is_asked_and_nothing_ends() -> None:
    async with stage(None) as on:
        on.link.details = recorded()
        for kind, key in ASKING.items():
            on.app.open_drill(kind, key)
            await on.turn()
            assert "STARTING" in on.lines[0]
        assert {question.kind for question in on.link.questions} <= {DetailKind.LAYOUT}
        await on.turn(snapshots.running())
        for kind in reversed(ASKING):
            await on.until(lambda: READING not in on.text)
            assert f"┏━ {EVERY[kind][1]} ━" in on.text
            await on.press("escape")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_a_question_without_an_answer_is_told_in_words_with_what_to_do(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        for kind, key in ASKING.items():
            on.link.details = {}
            await opened(on, kind, key)
            words = " ".join(on.text.replace("┃", " ").split())
            assert "NOT READ nothing was recorded for " in words
            assert "Asked again every 5 s; Esc goes back." in words
            on.link.details = recorded()
            on.clock.forward(6)
            await on.until(lambda: "NOT READ" not in on.text)
            await on.press("escape")


SOME = ("position", "order", "log")
FEW_OR_ALL = pytest.mark.parametrize("kinds", [SOME, pytest.param(tuple(EVERY), marks=pytest.mark.slow)])

GARBAGE: list[dict[str, Any]] = [
    {},
    {"rows": 3, "orders": {}, "order": [], "signal": 1, "fills": None},
    {"rows": [{}], "orders": [{}], "order": {}, "signal": {}, "fills": [{}], "events": [], "history": [{}]},
]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_an_answer_of_another_version_ends_nothing(garbage: dict[str, Any]) -> None:
    async with stage(snapshots.running()) as on:
        on.link.details = dict.fromkeys(DetailKind, garbage)
        for kind, key in ASKING.items():
            drill = await opened(on, kind, key)
            await on.strike("j", "G", "s", "y")
            assert drill.is_current
        assert on.app._exception is None


async def test_the_live_part_follows_the_picture_and_goes_grey_when_the_engine_is_silent() -> None:
    async with stage(snapshots.running()) as on:
        on.link.details = recorded()
        for kind, (key, _) in EVERY.items():
            await opened(on, kind, key)
            await on.turn(replace(snapshots.reducing(), equity="99999.00"))
            await on.until(lambda: "99,999.00" in on.text)
            assert "REDUCING" in on.lines[0]
            assert kind in ("limit", "log") or inks(on) & FRESH
            await later(on, 8_000)
            await on.until(lambda: "ENGINE SILENT" in on.text)
            assert not inks(on) & FRESH
            await later(on, 0, snapshots.running())
            await on.press("escape")


def test_what_warns_keeps_its_ink_when_it_is_old() -> None:
    inks = ("plain", "strong", "profit", "warn", "breach", "soft")
    assert [faded(ink) for ink in inks] == ["stale", "stale", "stale", "warn", "breach", "soft"]


async def test_an_answer_that_the_picture_has_left_behind_shows_its_age_and_then_goes_grey() -> None:
    async with stage(snapshots.running()) as on:
        on.link.details = recorded()
        for kind in ("orders", "audit", "position"):
            await later(on, 0, snapshots.running())
            await opened(on, kind, EVERY[kind][0])
            on.link.answers.clear()
            moved_on = replace(snapshots.running(), fills=99, state="REDUCING", decisions=1)
            await later(on, 4_000, moved_on)
            await on.until(lambda: "read 4.0s ago" in on.text)
            await later(on, 30_000, moved_on)
            await on.until(lambda: "read 30s ago" in on.text)
            assert not inks(on) & FRESH
            on.link.answers.set()
            on.clock.forward(3)
            await on.until(lambda: "ago" not in on.lines[3])
            await on.press("escape")


@FEW_OR_ALL
async def test_rows_are_filtered_found_sorted_and_copied(kinds: tuple[str, ...]) -> None:
    async with stage(snapshots.reducing()) as on:
        on.link.details = recorded()
        for kind in kinds:
            table = (await opened(on, kind, EVERY[kind][0])).rows
            rows = list(table.keys)
            table.move_last()
            word = max((w for w in table.row_text().split() if w.isalnum() and w.isascii()), key=len)[:3]
            await on.press("slash", *word, "enter")
            assert table.filter == word
            assert 0 < len(table.keys) <= len(rows)
            assert f"/{word}" in on.text
            await on.press("n", "N", "slash", "escape")
            assert list(table.keys) == rows
            await on.press("s", "S", "y")
            await on.until(lambda: "Sent to terminal" in on.text)
            # It stands for seconds over what the next screen shows.
            on.app.clear_notifications()
            await on.press("escape")


@FEW_OR_ALL
async def test_moving_is_as_on_the_desk(kinds: tuple[str, ...]) -> None:
    async with stage(snapshots.reducing(), NARROW) as on:
        on.link.details = recorded()
        for kind in kinds:
            table = (await opened(on, kind, EVERY[kind][0])).rows
            await on.press("G")
            assert table.cursor_key == table.keys[-1]
            await on.strike("ctrl+u", "ctrl+d", "k", "j", "up", "down", "h", "l")
            await on.strike("g", "g")
            assert table.cursor_key == table.keys[0]
            await on.press("escape")


async def test_keys_of_the_program_work_there_and_a_dialog_lies_over_the_screen() -> None:
    async with drilled("orders", size=MID) as on:
        for key, words in (
            ("p", "PAUSE ENTRIES?"),
            ("ctrl+k", "KILL SWITCH ARMED"),
            ("question_mark", "HELP"),
        ):
            await on.press(key)
            assert words in on.text
            await on.press("escape")
            assert "┏━ ORDERS" in on.text


async def test_the_palette_acts_on_the_screen_it_was_opened_over() -> None:
    async with drilled("orders") as on:
        await on.press("ctrl+p", *"sort")
        await on.until(lambda: "Sort  (s)" in on.text)
        await on.press("enter")
        await on.until(lambda: "sort age" in on.text)


async def test_the_operators_own_keys_are_in_force_and_in_the_footer() -> None:
    config = ConsoleConfig(keymap={"orders.cancel": "X", "screen.back": "b"})
    async with drilled("orders", config=config) as on:
        assert "b Back" in on.lines[-1]
        assert "X Cancel order" in on.lines[-1]
        await on.press("b")
        assert isinstance(on.app.screen, Desk)


async def test_what_the_engine_says_cannot_steer_the_terminal() -> None:
    evil = LogLine(1, 0, "ERROR", "\x1b]0;x\x07", "\x1b[2Jgone\x9b31m")
    async with drilled("log", "1", snapshot=replace(snapshots.running(), log=(evil,))) as on:
        assert "gone" in on.text
        assert all(line.isprintable() for line in on.lines)


async def test_odd_sizes_end_nothing() -> None:
    sizes = cycle(((20, 6), (40, 10), (79, 23), (160, 9)))
    async with stage(snapshots.running()) as on:
        on.link.details = recorded()
        for kind, (key, _) in EVERY.items():
            await opened(on, kind, key)
            await on.pilot.resize_terminal(*next(sizes))
            await on.turn()
            assert "SIM" in on.lines[0]
