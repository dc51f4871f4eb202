"""The kill switch at the console: nothing happens by accident, and what happens is what was read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.widget import Widget

from console import keyorder
from console.config import ConsoleConfig
from console.operator import ARMED_REASON
from console.screens.kill import KillScreen
from console.screens.kill_progress import KillProgress
from engine.commands import CommandKind
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.idle import wait_for_idle
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

PAUSE_ON = ("pause", {"on": "true", "hold": ARMED_REASON})
PAUSE_OFF = ("pause", {"on": "false", "hold": ARMED_REASON})
BACK, GOES_ON = "Back to the panes", "Back to the panes; the kill goes on"
FLATTEN = ("kill", {"keep_positions": "false"})
KEEP = ("kill", {"keep_positions": "true"})


def armed(on: Stage) -> bool:
    return isinstance(on.app.screen, KillScreen)


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_arming_pauses_entries_at_once_and_says_what_would_happen(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        await on.press("ctrl+k")
        assert armed(on)
        assert on.link.asked_for == [PAUSE_ON]
        assert on.link.commands[0].reason == "kill switch armed"
        assert on.link.commands[0].actor == "operator ann@console"
        for words in (
            "KILL SWITCH ARMED",
            "cancel 6 orders, flatten 3 positions",
            "worth 8,239",
            "entries are paused",
            "[F] HALT",
            "[H] HALT",
            "▸ [Esc] Disarm",
            "kill: ARMED",
        ):
            assert words in on.text
        assert on.lines[0].startswith(" SIM ")


async def test_entries_are_paused_before_the_screen_is_even_open() -> None:
    async with stage(snapshots.running()) as on:
        on.link.answers.clear()
        await on.press("ctrl+k")
        assert on.link.asked_for == [PAUSE_ON]
        assert "pausing entries..." in on.text
        on.link.answers.set()
        await on.until(lambda: "entries are paused" in on.text)


async def test_f_halts_cancels_and_flattens() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k", "F")
        assert on.link.asked_for == [PAUSE_ON, FLATTEN]
        assert isinstance(on.app.screen, KillProgress)


async def test_the_kill_is_asked_for_before_another_screen_is_drawn_and_only_once() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        on.link.answers.clear()
        on.clock.forward(0.4)
        await on.pilot.press("F", "F", "H", "escape")
        assert on.link.asked_for == [PAUSE_ON, FLATTEN]
        await on.until(lambda: isinstance(on.app.screen, KillProgress))
        assert on.link.asked_for == [PAUSE_ON, FLATTEN]


async def test_h_halts_and_keeps_positions() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k", "H")
        assert on.link.asked_for == [PAUSE_ON, KEEP]


async def test_escape_disarms_and_lets_entries_go_on() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k", "escape")
        assert not armed(on)
        await on.until(lambda: on.link.asked_for == [PAUSE_ON, PAUSE_OFF])
        assert on.link.commands[1].reason == "kill switch disarmed: by the operator"


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        ("kill-disarm", [PAUSE_ON, PAUSE_OFF]),
        ("kill-flatten", [PAUSE_ON, FLATTEN]),
        ("kill-halt", [PAUSE_ON, KEEP]),
    ],
)
async def test_each_choice_clicked_does_what_its_key_does(choice: str, asked: list[object]) -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        on.clock.forward(0.4)
        await on.pilot.click(f"#choice-{choice}")
        await on.until(lambda: on.link.asked_for == asked)


async def test_keys_struck_by_habit_do_nothing_while_armed() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k", "enter", "space", "y", "ctrl+k", "f", "h", "q", "ctrl+c", "p", "r", "1", "z")
        assert armed(on)
        assert on.link.asked_for == [PAUSE_ON]


async def test_enter_does_nothing_whatever_has_the_focus() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        for _ in range(3):
            await on.press("tab", "enter", "space", "y")
        assert armed(on)
        assert on.link.asked_for == [PAUSE_ON]


async def test_the_arming_key_held_down_for_two_seconds_only_arms() -> None:
    async with stage(snapshots.running()) as on:
        for _ in range(20):
            on.clock.forward(2 / 20)
            await on.pilot.press("ctrl+k")
        assert armed(on)
        assert len(on.app.screen_stack) == 2
        assert on.link.asked_for == [PAUSE_ON]


async def test_the_arming_key_held_down_while_a_kill_is_under_way_shows_it_once() -> None:
    async with stage(snapshots.halted("cancelling")) as on:
        for _ in range(5):
            on.clock.forward(0.4)
            await on.pilot.press("ctrl+k")
        assert isinstance(on.app.screen, KillProgress)
        assert len(on.app.screen_stack) == 2
        await on.press("escape")
        assert len(on.app.screen_stack) == 1


class Held(Widget, can_focus=True):
    """Is not done with a key until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def on_key(self) -> None:
        await self.let_go.wait()


@asynccontextmanager
async def held(on: Stage) -> AsyncIterator[asyncio.Event]:
    """The first key struck here is on its way until the event is set, at the latest to the end."""
    widget = Held()
    await on.app.desk.mount(widget)
    widget.focus()
    await on.pilot.pause()
    try:
        async with asyncio.timeout(5.0):
            yield widget.let_go
    finally:
        widget.let_go.set()


@pytest.mark.parametrize(
    ("struck", "arming"),
    [(("j", "x", "F"), "ctrl+k"), (("j", "x", "F"), "!"), (("F",), "ctrl+k")],
    ids=["waits", "waits, and another key arms", "is on its way"],
)
async def test_it_arms_at_once_and_what_was_struck_before_never_reaches_it(
    struck: tuple[str, ...], arming: str
) -> None:
    config = ConsoleConfig(keymap={"kill.arm": arming})
    async with stage(snapshots.running(), config=config) as on, held(on) as let_go:
        on.burst(*struck, {"!": "exclamation_mark"}.get(arming, arming))
        while not armed(on) or "KILL SWITCH ARMED" not in on.text:
            await wait_for_idle()
        on.clock.forward(0.4)
        let_go.set()
        await on.turn()
        assert armed(on)
        assert on.link.asked_for == [PAUSE_ON]


async def test_what_is_struck_after_it_waits_for_nothing_that_was_struck_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keyorder, "_WAITS_S", 60.0)
    async with stage(snapshots.running()) as on, held(on):
        on.burst("j", "x", "ctrl+k")
        while not armed(on) or "KILL SWITCH ARMED" not in on.text:
            await wait_for_idle()
        on.clock.forward(0.4)
        on.burst("F")
        while on.link.asked_for != [PAUSE_ON, FLATTEN]:
            await wait_for_idle()


async def test_the_arming_key_struck_again_takes_back_nothing_that_was_struck_while_armed() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        on.clock.forward(0.4)
        on.burst("tab", "F", "ctrl+k")
        await on.until(lambda: on.link.asked_for == [PAUSE_ON, FLATTEN])


@pytest.mark.parametrize("key", ["F", "H", "escape"])
async def test_nothing_is_heard_in_the_first_300_ms(key: str) -> None:
    async with stage(snapshots.running()) as on:
        await on.strike("ctrl+k", key)
        on.clock.forward(0.29)
        await on.strike(key)
        assert armed(on)
        assert on.link.asked_for == [PAUSE_ON]
        on.clock.forward(0.02)
        await on.strike(key)
        assert not armed(on)


async def test_an_armed_switch_disarms_itself_and_says_so() -> None:
    async with stage(snapshots.running(), config=ConsoleConfig(kill_disarm_s=1.0)) as on:
        await on.press("ctrl+k")
        await on.until(lambda: not armed(on))
        await on.until(lambda: on.link.asked_for == [PAUSE_ON, PAUSE_OFF])
        assert on.link.commands[1].reason == "kill switch disarmed: it timed out"
        await on.until(lambda: "it timed out" in on.text)


async def test_the_plan_is_frozen_while_the_book_moves_on() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        await on.turn(snapshots.halted())
        assert "cancel 6 orders, flatten 3 positions" in on.text


async def test_a_pause_that_was_there_before_is_left_alone() -> None:
    async with stage(snapshots.paused()) as on:
        await on.press("ctrl+k")
        assert "entries were paused before" in on.text
        await on.press("escape")
        assert on.link.asked_for == []


async def test_it_arms_over_every_dialog_and_while_typing() -> None:
    async with stage(snapshots.running()) as on:
        for keys in (["question_mark"], ["q"], ["p"], ["ctrl+p", "x"]):
            await on.press(*keys, "ctrl+k")
            assert armed(on)
            assert on.link.asked_for[-1] == PAUSE_ON
            await on.press("escape", "escape")


async def test_it_arms_before_the_engine_has_shown_anything() -> None:
    async with stage(None) as on:
        await on.press("ctrl+k")
        assert "whatever there is will be stopped" in on.text
        await on.press("F")
        assert on.link.asked_for == [PAUSE_ON, FLATTEN]


async def test_a_pause_that_fails_is_told_and_the_kill_still_works() -> None:
    async with stage(snapshots.running()) as on:
        on.link.failure = TimeoutError("database locked")
        await on.press("ctrl+k")
        await on.until(lambda: "entries NOT paused" in on.text)
        on.link.failure = None
        await on.press("F")
        assert on.link.asked_for == [PAUSE_ON, FLATTEN]


async def test_progress_is_the_engines_own_word_from_asked_to_flat() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        on.link.answers.clear()
        await on.press("F")
        await on.until(lambda: "HALTED not confirmed yet" in on.text)
        assert "quarterdeck kill, from another shell" in on.text
        on.link.answers.set()
        await on.until(lambda: "HALTED cancelling and flattening" in " ".join(on.text.split()))
        await on.turn(snapshots.halted("cancelling", open_orders=3))
        assert "still open 3 orders" in on.text
        assert "cancelling..." in on.text
        await on.turn(snapshots.halted("flattening", error="venue down"))
        assert "venue down; trying again" in on.text
        assert "FLAT" not in on.text
        await on.turn(numbered(5))
        await on.turn(numbered(6))
        assert "FLAT: the venue confirms it." in on.text
        assert "┏━ FLAT ━" in on.text
        assert "cancelling and flattening" not in " ".join(on.text.split())


def numbered(sequence: int) -> Snapshot:
    return replace(snapshots.halted("flat"), sequence=sequence)


async def test_the_end_of_an_earlier_kill_is_not_taken_for_the_end_of_this_one() -> None:
    async with stage(snapshots.halted("flat")) as on:
        await on.press("ctrl+k")
        on.link.answers.clear()
        await on.press("F")
        await on.until(lambda: isinstance(on.app.screen, KillProgress))
        assert "FLAT" not in on.text


async def test_the_way_back_says_that_the_kill_goes_on_only_while_it_does() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("ctrl+k")
        on.link.answers.clear()
        await on.press("F")
        await on.until(lambda: GOES_ON in on.text)
        on.link.answers.set()
        await on.until(lambda: "not confirmed" not in on.text)
        for sequence, (progress, goes_on) in enumerate(
            (("flattening", True), ("flat", False), ("kept", False)), 5
        ):
            for shown in (2 * sequence, 2 * sequence + 1):
                await on.turn(replace(snapshots.halted(progress), sequence=shown))
            await on.until(lambda goes_on=goes_on: (GOES_ON in on.text) is goes_on)  # type: ignore[misc]
            assert BACK in on.text


async def test_a_kill_that_is_refused_says_not_halted() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k")
        on.link.refusal = "database read-only"
        await on.press("F")
        await on.until(lambda: "NOT HALTED" in on.text)
        assert "database read-only" in on.text
        assert BACK in on.text
        assert "goes on" not in on.text


async def test_leaving_the_progress_stops_nothing_and_the_key_brings_it_back() -> None:
    async with stage(snapshots.running()) as on:
        await on.press("ctrl+k", "F")
        await on.press("escape")
        assert "kill: cancelling" in on.lines[0]
        await on.press("ctrl+k")
        assert isinstance(on.app.screen, KillProgress)
        assert [command.kind for command in on.link.commands].count(CommandKind.KILL) == 1


@pytest.mark.parametrize("size", [(20, 5), (60, 14), (59, 40)])
async def test_a_terminal_that_is_too_small_says_so_and_can_still_kill(size: tuple[int, int]) -> None:
    async with stage(snapshots.running(), size) as on:
        assert " ".join(on.text.split()).count("terminal too small: at least 60x15") == 1
        assert "^k KILL · q quit" in on.text
        assert "┏" not in on.text
        await on.press("q")
        assert "Esc closes the dialog" in " ".join(on.text.split())
        await on.press("escape", "ctrl+k")
        await on.turn(snapshots.paused())
        assert "F flatten · H halt · Esc disarm" in " ".join(on.text.split())
        assert "┏" not in on.text
        await on.press("F")
        await on.until(lambda: on.link.commands[-1].kind is CommandKind.KILL)
        await on.turn(snapshots.halted("cancelling"))
        assert "HALTED" in on.text
        await on.pilot.resize_terminal(80, 24)
        await on.turn()
        assert "too small" not in on.text
        assert "┏━ KILL" in on.text


async def test_the_line_that_arming_adds_covers_no_title_of_the_zoomed_pane() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("z", "slash", *"usd", "enter", "ctrl+k")
        on.link.show(snapshots.paused())
        for _ in range(4):
            await on.turn()
            assert "REDUCING" in on.lines[2]
            assert "/usd 12 of 12" in on.lines[3]


async def test_every_choice_is_in_sight_on_the_smallest_screen() -> None:
    async with stage(snapshots.paused(), (60, 15)) as on:
        await on.press("ctrl+k")
        for key in ("[Esc]", "[F]", "[H]"):
            assert key in on.text
