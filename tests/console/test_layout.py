"""How the screen was left comes back, and what cannot be used never stands in the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from console.actions import PANES
from console.attachment import Attachment
from console.config import ConsoleConfig
from console.details import Details
from console.layout import Layout
from console.screens.desk import Desk
from console.screens.kill import KillScreen
from console.screens.welcome import WelcomeScreen, welcome_lines
from console.widgets.ink import plain_text
from engine.commands import DetailKind
from tests.console import snapshots
from tests.console.recorded_link import RecordedLink
from tests.console.stage import MID, NARROW, WIDE, Stage, stage
from tests.console.views import view_of

SEEN = {"welcomed": "yes"}
UNTOUCHED = {
    "pane": "signals",
    "zoom": "off",
    "log_level": "INFO",
    **{f"filter.{name}": "" for name in PANES},
    **{f"sort.{name}": "straight" for name in PANES if name != "log"},
}
NEW: dict[DetailKind, dict[str, Any]] = {DetailKind.LAYOUT: {"values": {}}}


def kept(**values: str) -> dict[DetailKind, dict[str, Any]]:
    """An engine that remembers this; a dot in a name is written as _of_."""
    named = {name.replace("_of_", "."): value for name, value in values.items()}
    return {DetailKind.LAYOUT: {"values": SEEN | named}}


async def known(on: Stage) -> None:
    """Let the screen hear what was remembered, and show it."""
    await on.until(lambda: on.app._layout.known is not None)
    await on.turn()


async def test_what_was_left_comes_back() -> None:
    layout = kept(
        pane="positions",
        zoom="on",
        log_level="WARN",
        filter_of_positions="btc",
        sort_of_signals="reverse price",
    )
    async with stage(snapshots.running(), NARROW, details=layout) as on:
        await known(on)
        assert "┏━ 3 POSITIONS" in on.lines[2]
        assert "/btc 1 of 3" in on.text
        await on.press("z", "1")
        assert "sort price ▴" in on.text
        assert "WARN+" in on.text


async def test_what_comes_back_before_the_desk_stands_is_not_lost() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        desk = Desk(ConsoleConfig(), view_of(snapshots.running()))
        assert desk.take_over("pane", "positions")
        await on.app.push_screen(desk)
        assert desk.focused_pane == "positions"
        assert "┏━ 3 POSITIONS" in on.text


async def test_the_theme_comes_back() -> None:
    async with stage(snapshots.running(), NARROW, details=kept(theme="light")) as on:
        await known(on)
        assert on.app.theme == "light"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pane", "nonsense"),
        ("zoom", "perhaps"),
        ("theme", "pink"),
        ("log_level", "LOUD"),
        ("sort.signals", "sideways price"),
        ("sort.log", "straight time"),
        ("sort.nowhere", "straight"),
        ("filter.nowhere", "btc"),
        ("filter.signals", "x" * 500),
        ("filter.signals", "\x1b[2J"),
        ("what.is.this", "1"),
        ("", ""),
    ],
)
async def test_a_value_that_cannot_be_used_is_left_out_with_a_line_in_the_log(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(snapshots.running(), NARROW, details=kept(**{name: value})) as on:
        await known(on)
        assert f"the remembered {name}" in caplog.text
        assert on.app.desk.kept() == UNTOUCHED
        assert on.app.theme == "dark"


async def test_an_engine_that_does_not_know_the_layout_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stage(snapshots.running()) as on:
        await on.until(lambda: any(question.kind is DetailKind.LAYOUT for question in on.link.questions))
        await on.turn()
        assert "how the screen was left is not known" in caplog.text
        assert isinstance(on.app.screen, Desk)


async def test_it_is_asked_for_once_and_not_before_there_is_a_picture() -> None:
    async with stage(None) as on:
        await on.turn()
        assert on.link.questions == []
        await on.turn(snapshots.running())
        for _ in range(5):
            await on.turn()
        assert [question.kind for question in on.link.questions] == [DetailKind.LAYOUT]


async def test_what_the_operator_has_changed_meanwhile_is_not_taken_back() -> None:
    async with stage(None, NARROW, details=kept(pane="log", zoom="on")) as on:
        on.link.answers.clear()
        await on.turn(snapshots.running())
        await on.press("4")
        on.link.answers.set()
        await known(on)
        assert on.focused_pane == "limits"
        assert "┏━ 4 RISK LIMITS" in on.lines[2]


async def test_what_is_changed_is_remembered_once_it_has_stayed() -> None:
    async with stage(snapshots.running(), NARROW, details=kept()) as on:
        await known(on)
        await on.press("3", "slash", *"btc")
        await on.turn()
        assert on.link.remembered == {"pane": "positions", "filter.positions": "btc"}
        await on.press("enter", "z", "s")
        on.app.action_theme("light")
        on.app.action_log_level("ERROR")
        await on.turn()
        await on.until(lambda: "log_level" in on.link.remembered)
        assert on.link.remembered == {
            "pane": "positions",
            "filter.positions": "btc",
            "zoom": "on",
            "sort.positions": "straight symbol",
            "theme": "light",
            "log_level": "ERROR",
        }


async def test_a_filter_is_not_remembered_letter_by_letter() -> None:
    told: list[tuple[str, str]] = []

    class Telling(RecordedLink):
        async def remember(self, name: str, value: str) -> None:
            told.append((name, value))

    link = Telling(None)
    link.details = kept()
    layout = Layout(link, Details(link), lambda name, value: True)

    async def turn(text: str) -> None:
        layout.turn({"filter.signals": text}, engine_ready=True, may_write=True)
        for _ in range(3):
            await asyncio.sleep(0)

    await turn("")
    while layout.known is None:
        await turn("")
    for text in ("b", "bt", "btc", "btc", "btc", "", "e", "et", "et"):
        await turn(text)
    assert told == [("filter.signals", "btc"), ("filter.signals", "et")]


async def test_an_engine_that_cannot_remember_is_reported_and_costs_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(name: str, value: str) -> None:
        raise OSError("disk full")

    async with stage(snapshots.running(), NARROW, details=kept()) as on:
        await known(on)
        monkeypatch.setattr(on.link, "remember", refuse)
        await on.press("3")
        await on.until(lambda: "pane is not remembered: disk full" in caplog.text)
        assert on.app.is_running


@pytest.mark.parametrize(("size", "key"), [(WIDE, "enter"), (MID, "escape"), (NARROW, "enter")])
async def test_the_first_screen_explains_the_panes_once(size: tuple[int, int], key: str) -> None:
    async with stage(snapshots.running(), size, details=NEW) as on:
        await on.until(lambda: isinstance(on.app.screen, WelcomeScreen))
        await on.turn()
        for words in ("WELCOME", "Signals", "Weights", "Positions", "Risk", "Log", "Kill switch"):
            assert words in on.text
        assert "SIM" in on.lines[0]
        await on.press(key)
        assert isinstance(on.app.screen, Desk)
        await on.until(lambda: on.link.remembered == {"welcomed": "yes"})


async def test_the_kill_key_works_over_the_first_words() -> None:
    async with stage(snapshots.running(), NARROW, details=NEW) as on:
        await on.until(lambda: isinstance(on.app.screen, WelcomeScreen))
        await on.strike("ctrl+k")
        assert isinstance(on.app.screen, KillScreen)


async def test_who_has_seen_the_first_words_or_wants_none_or_only_watches_sees_none() -> None:
    unwanted = stage(snapshots.running(), NARROW, details=NEW, config=ConsoleConfig(welcome=False))
    watching = stage(snapshots.running(), NARROW, details=NEW, attachment=lambda: Attachment(read_only=True))
    for opened in (unwanted, watching, stage(snapshots.running(), NARROW, details=kept())):
        async with opened as on:
            await known(on)
            assert isinstance(on.app.screen, Desk)


async def test_who_only_watches_leaves_the_layout_alone() -> None:
    watching = stage(
        snapshots.running(), NARROW, details=kept(), attachment=lambda: Attachment(read_only=True)
    )
    async with watching as on:
        await known(on)
        await on.press("3")
        await on.turn()
        await on.turn()
        assert on.link.remembered == {}


def test_the_first_words_name_the_operators_own_keys() -> None:
    text = "\n".join(plain_text(line) for line in welcome_lines({"kill.arm": "f12"}))
    assert "F12 Kill switch" in text
