"""Mode and state cannot be mistaken on any screen: PAPER, LIVE, HALTED and STALE, in every theme and above dialogs."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module

import pytest
from rich.color import Color
from textual.color import Color as TextualColor
from textual.screen import Screen

import console.screens
from console.arrangement import Size
from console.attachment import Attachment
from console.picture import XTERM
from console.theme import PROFIT_PAIRS, THEMES, inks, themes
from console.themes.no_color import NO_COLOR
from console.widgets.ink import plain_text
from console.widgets.status import status_lines
from tests.console import snapshots
from tests.console.look.looks import change, in_every_theme, looks, mistaken, of_mode
from tests.console.look.screens import SCREENS, SIZES, in_theme, shown
from tests.console.stage import NARROW, Stage, stage
from tests.console.views import view_of

_NAMED = {screen.name: screen for screen in SCREENS}
# One of every class of screen. What else there is asks other questions or shows other rows in one of these.
_ONE_OF_EACH = (
    "desk",
    "signal",
    "position",
    "orders",
    "order-why",
    "audit",
    "configuration",
    "limit",
    "log-line",
    "welcome",
    "help",
    "palette",
    "dialog-flatten",
    "dialog-weight",
    "dialog-parameters",
    "dialog-resume",
    "dialog-quit",
    "kill-armed",
    "kill-progress",
)
# Those whose bar has other words in it.
_OTHER_BARS = (
    "desk-starting",
    "desk-silent",
    "desk-killing",
    "frozen",
    "attached-read-only",
    "attached-lost",
)


async def _shows_every_look(name: str, size: tuple[int, int]) -> None:
    # Textual's palette keeps the inks it was opened with, so it is opened in each theme.
    for opened_in in [[theme] for theme in THEMES] if name.startswith("palette") else [THEMES]:
        async with shown(_NAMED[name], size, in_theme(opened_in[0])) as on:
            base, kind = on.link.snapshot(), type(on.app.screen)
            assert base is not None
            for theme, look in in_every_theme(opened_in, looks(base)):
                await change(on, theme, look)
                assert type(on.app.screen) is kind, f"it was left:\n{on.text}"
                _assert_nothing_is_mistaken(on)
            on.app.notify("a toast " * 30, timeout=60)
            await on.turn()
            _assert_nothing_is_mistaken(on)


def _assert_nothing_is_mistaken(on: Stage) -> None:
    assert not (found := mistaken(on)), f"{on.app.theme}: {found}\n{on.text}"


@pytest.mark.parametrize("name", _ONE_OF_EACH)
async def test_every_kind_of_screen_says_mode_and_state_in_every_theme(name: str) -> None:
    await _shows_every_look(name, NARROW)


@pytest.mark.parametrize("name", _OTHER_BARS)
async def test_whatever_else_the_bar_says_it_says_live(name: str) -> None:
    async with shown(_NAMED[name], NARROW) as on:
        base = on.link.snapshot()
        assert base is not None
        await change(on, on.app.theme, of_mode("live", base))
        _assert_nothing_is_mistaken(on)


@pytest.mark.parametrize("mode", ["paper", "live"])
async def test_the_mode_is_plain_before_there_is_anything_to_show(mode: str) -> None:
    async with stage(None, NARROW, mode=mode) as on:
        for theme in THEMES:
            await change(on, theme, None)
            _assert_nothing_is_mistaken(on)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [name for name in _NAMED if name != "desk-loading"])
async def test_every_screen_says_mode_and_state_in_every_theme_at_every_size(name: str, size: str) -> None:
    await _shows_every_look(name, SIZES[size])


@pytest.mark.slow
async def test_no_class_of_screen_is_left_out() -> None:
    for module in pkgutil.iter_modules(console.screens.__path__, "console.screens."):
        import_module(module.name)
    seen = set()
    for name in _ONE_OF_EACH:
        async with shown(_NAMED[name], NARROW) as on:
            seen.add(type(on.app.screen))
    assert seen == {kind for kind in _subclasses(Screen) if kind.__module__.startswith("console.screens.")}


def _subclasses(kind: type[object]) -> set[type[object]]:
    """Those that have none of their own."""
    below = {last for one in kind.__subclasses__() for last in _subclasses(one)}
    return below or {kind}


@pytest.mark.parametrize("theme", THEMES)
def test_live_and_halted_are_reversed_on_red_and_nothing_of_paper_is(theme: str) -> None:
    styles = inks(theme, PROFIT_PAIRS[0])
    for name in ("mode-live", "halted"):
        assert styles[name].bold
        assert styles[name].reverse if theme == NO_COLOR.name else _is_red(styles[name].bgcolor)
    assert not styles["mode-paper"].reverse
    assert not _is_red(styles["mode-paper"].bgcolor)
    (frame,) = (one.variables["live-frame"] for one in themes(PROFIT_PAIRS[0]) if one.name == theme)
    assert theme == NO_COLOR.name or _is_red(TextualColor.parse(frame).rich_color)


def _is_red(colour: Color | None) -> bool:
    red, green, blue = colour.get_truecolor(XTERM) if colour is not None else (0, 0, 0)
    return red > 2 * max(green, blue)


@pytest.mark.parametrize("stale", [1, 12, 150])
def test_the_fullest_bar_within_the_frame_of_live_leaves_none_of_them_out(stale: int) -> None:
    rows = tuple(snapshots.stale(row) for row in snapshots.large(stale).signals) + snapshots.running().signals
    snapshot = replace(snapshots.halted("cancelling"), mode="live", signals=rows)
    view = replace(view_of(snapshot), attachment=Attachment(read_only=True))
    frozen = replace(view, wall_ms=view.wall_ms - 59_000)
    line = plain_text(status_lines(replace(view, frozen=frozen), {}, Size.NARROW, NARROW[0] - 2)[0])
    for word in ("LIVE", "READ-ONLY", "HALTED", "kill: cancelling", "FROZEN 59s", f"{stale} STALE"):
        assert f" {word}" in line
