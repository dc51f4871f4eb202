"""A console whose engine is another process: gone, only watched, stopped, killed, and of another version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from console.actions import ACTIONS, INTERVENTIONS
from console.attachment import READ_ONLY, UNCONFIRMED, Attachment
from console.screens.confirm import ConfirmScreen
from console.screens.desk import Desk
from console.screens.kill import KillScreen
from console.screens.kill_progress import KillProgress
from console.screens.quit import QuitScreen
from console.widgets.status import StatusBar
from engine.commands import Command, CommandResult
from tests.console import snapshots
from tests.console.snapshots import WALL_MS
from tests.console.stage import MID, NARROW, WIDE, Stage, stage

CONNECTED = Attachment()
WATCHING = Attachment(read_only=True)
LOST = Attachment(lost="no engine is running on /srv/book.db.sock")
OLD = replace(snapshots.running(), wall_ts_ms=WALL_MS - 83_000)
SCREENS = {"the desk": (), "a dialog": ("q",), "help": ("question_mark",), "the palette": ("ctrl+p",)}


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
@pytest.mark.parametrize("keys", SCREENS.values(), ids=SCREENS)
async def test_an_engine_that_is_gone_is_said_on_every_screen_with_the_age_of_what_is_shown(
    size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async with stage(OLD, size, attachment=lambda: LOST) as on:
        await on.press(*keys)
        banner = next(line for line in on.lines[:5] if "DISCONNECTED" in line)
        assert "what is shown is 83s old: no engine is running" in banner
        assert "BTCUSDT" in on.text or keys


async def test_a_cursor_keeps_its_place_while_the_engine_is_gone_and_when_it_is_back() -> None:
    state = CONNECTED
    async with stage(snapshots.running(), attachment=lambda: state) as on:
        await on.press("j", "j")
        place = on.table("signals").cursor_key
        state = LOST
        await on.turn(OLD)
        assert "DISCONNECTED" in on.text
        state = CONNECTED
        await on.turn(snapshots.running(5))
        assert "DISCONNECTED" not in on.text
        assert on.table("signals").cursor_key == place


async def test_before_any_engine_was_reached_it_says_why() -> None:
    async with stage(None, attachment=lambda: LOST) as on:
        assert "DISCONNECTED  no engine is running on /srv/book.db.sock" in on.text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
@pytest.mark.parametrize("keys", SCREENS.values(), ids=SCREENS)
async def test_read_only_stands_on_every_screen(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    for picture in (snapshots.running(), snapshots.halted(), None):
        async with stage(picture, size, attachment=lambda: WATCHING) as on:
            await on.press(*keys)
            assert " READ-ONLY " in on.lines[0]


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
@pytest.mark.parametrize("keys", [(), ("o",)], ids=["the desk", "a screen"])
async def test_read_only_offers_no_key_that_it_would_refuse(
    size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    watches = True
    async with stage(snapshots.running(), size, attachment=lambda: Attachment(watches)) as on:
        await on.press(*keys)
        assert "kill: read-only" in on.lines[0]
        assert "q Quit" in on.lines[-1] or keys
        for words in ("KILL", "Pause entries", "Reduce", "Cancel"):
            assert words not in on.lines[-1]
        watches = False
        await on.turn()
        assert "kill: ready" in on.lines[0]
        assert "KILL" in on.lines[-1]


async def test_read_only_refuses_every_intervention_in_words_and_sends_none() -> None:
    async with stage(snapshots.running(), attachment=lambda: WATCHING) as on:
        for key in ("ctrl+k", "p", "r"):
            await on.press(key)
            assert isinstance(on.app.screen, Desk)
            await on.until(lambda: READ_ONLY in on.text)
            on.app.clear_notifications()
            await on.turn()
        for action in ACTIONS:
            if action.intervenes and action.scope in ("app", "desk"):
                await on.app.perform(action)
                assert isinstance(on.app.screen, Desk), action.id
        await on.press("q")
        assert "Stop the engine" not in on.text
        await on.press("e", "k")
        assert isinstance(on.app.screen, QuitScreen)
        await on.press("u")
        assert on.link.commands == []
    assert on.app.return_value == "left"


def test_what_is_refused_is_what_asks_something_of_the_engine_and_nothing_else() -> None:
    calls = {action.call.partition("(")[0]: action.intervenes for action in ACTIONS}
    for action in ACTIONS:
        assert calls[action.call.partition("(")[0]] == action.intervenes, action.id
    assert {"arm_kill", "toggle_pause", "toggle_reduce", "resume", "stop", "kill"} <= INTERVENTIONS


async def test_leaving_leaves_the_engine_alone() -> None:
    async with stage(snapshots.running(), attachment=lambda: CONNECTED) as on:
        await on.press("q", "u")
        assert on.link.commands == []
    assert on.app.return_value == "left"


async def test_stopping_the_engine_asks_once_more() -> None:
    async with stage(snapshots.running(), attachment=lambda: CONNECTED) as on:
        await on.press("q", "e")
        assert isinstance(on.app.screen, ConfirmScreen)
        assert "STOP THE ENGINE?" in on.text
        assert "for everybody who is attached" in on.text
        await on.press("s", "e", "p", "enter")
        assert isinstance(on.app.screen, Desk)
        await on.press("q", "e", "escape")
        assert on.link.commands == []
        await on.press("q", "e", "S")
        assert on.link.asked_for == [("stop", {"policy": "keep"})]
    assert on.app.return_value == "stopped"


@asynccontextmanager
async def armed() -> AsyncIterator[Stage]:
    """The kill switch armed over an engine whose database is known."""
    picture = replace(snapshots.running(), database="/srv/book.db")
    async with stage(picture, attachment=lambda: CONNECTED) as on:
        await on.press("ctrl+k")
        assert isinstance(on.app.screen, KillScreen)
        yield on


async def test_a_kill_shows_its_deadline_and_what_to_do_beyond_it() -> None:
    async with armed() as on:
        on.link.answers.clear()
        await on.press("F")
        await on.until(lambda: isinstance(on.app.screen, KillProgress))
        assert "HALTED not confirmed yet. Deadline 5 s." in on.text
        assert "quarterdeck kill --db /srv/book.db" in on.text
        on.link.answers.set()


async def test_a_kill_without_an_answer_is_not_confirmed_until_a_picture_shows_it() -> None:
    async with armed() as on:
        obey = on.link.execute

        async def silent(command: Command) -> CommandResult:
            await obey(command)
            return CommandResult(False, "no answer within 5 s; it may still be carried out", UNCONFIRMED)

        on.link.execute = silent  # type: ignore[method-assign]
        on.link.refusal = "kept from acting"
        await on.press("F")
        await on.until(lambda: "NOT CONFIRMED:  no answer within 5 s" in on.text)
        await on.turn(snapshots.halted("cancelling"))
        assert "NOT CONFIRMED" not in on.text
        assert "HALTED the engine shows it" in on.text


async def test_of_a_kill_whose_engine_is_gone_nobody_says_that_it_goes_on() -> None:
    state = CONNECTED
    async with stage(snapshots.running(), attachment=lambda: state) as on:
        await on.press("ctrl+k", "F")
        await on.until(lambda: "the kill goes on" in on.text)
        state = LOST
        await on.turn(snapshots.halted("cancelling"))
        assert "Back to the panes" in on.text
        assert "goes on" not in on.text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_nothing_an_engine_that_is_gone_last_said_stays_in_fresh_ink(size: tuple[int, int]) -> None:
    async with stage(OLD, size, attachment=lambda: LOST) as on:
        await on.press("f")
        (first,) = (bar._first.lines[0] for bar in on.app.screen.query(StatusBar))
        fresh = "".join(text for text, ink in first if ink not in ("soft", "stale", "frame"))
        assert fresh.split() == ["SIM", "kill:", "no", "engine", "FROZEN", "0.0s", "83s"]


async def test_with_an_engine_that_is_gone_a_console_that_watches_still_says_so() -> None:
    async with stage(OLD, attachment=lambda: replace(LOST, read_only=True)) as on:
        assert "kill: read-only" in on.lines[0]


async def test_another_version_is_one_line() -> None:
    note = "the engine is version 9.9.9, this console 0.1.0"
    async with stage(snapshots.running(), attachment=lambda: Attachment(note=note)) as on:
        assert f"NOTE  {note}" in on.text
