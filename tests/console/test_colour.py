"""Meaning survives without colour: every ink legible on its ground, and no two meanings with one look."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.filter import Monochrome

from console.config import ConsoleConfig
from console.picture import XTERM
from console.theme import PROFIT_PAIRS, THEMES, inks, theme_at_start
from tests.console import snapshots
from tests.console.look.contrast import LEAST_FOR_TEXT, PALETTES, Colour, contrast
from tests.console.stage import NARROW, stage

# Not text, or an ink that is laid over another one.
_NOT_TEXT = {"frame", "flash", "cursor", "cursor-away"}
_GROUND = {"dark": "#12151A", "light": "#F7F8FA", "high-contrast": "#000000"}
_PAIRS = [(theme, pair) for theme in THEMES for pair in PROFIT_PAIRS]
# Words that stand in the same place and must not be taken for one another, whatever their letters.
_RIVALS = (
    ("active", "reducing", "halted"),
    ("mode", "mode-paper", "mode-live"),
    ("plain", "stale"),
    ("ok", "warn", "breach"),
)


def look(style: Style, theme: str, palette: TerminalTheme) -> tuple[Colour, Colour]:
    """Ink and ground of a style as RGB, on the theme's ground or on the palette's own."""
    ground = _GROUND.get(theme)
    here = Color.parse(ground).get_truecolor() if ground else palette.background_color
    ink = style.color.get_truecolor(palette) if style.color else palette.foreground_color
    on = style.bgcolor.get_truecolor(palette, foreground=False) if style.bgcolor else here
    return (on, ink) if style.reverse else (ink, on)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
@pytest.mark.parametrize(("theme", "pair"), _PAIRS)
def test_every_ink_is_legible_on_its_ground_and_on_the_cursors(
    theme: str, pair: str, palette: TerminalTheme
) -> None:
    table = inks(theme, pair)
    for name, style in table.items():
        for ground in (Style(), table["cursor"]) if name not in _NOT_TEXT else ():
            ink, on = look(ground + style, theme, palette)
            assert contrast(ink, on) >= (7 if theme == "high-contrast" else LEAST_FOR_TEXT), name


@pytest.mark.parametrize(("theme", "pair"), [(theme, pair) for theme, pair in _PAIRS if theme in _GROUND])
def test_inks_stay_legible_where_a_terminal_has_256_colours_only(theme: str, pair: str) -> None:
    def nearest(colour: Color) -> Colour:
        return colour.downgrade(ColorSystem.EIGHT_BIT).get_truecolor(XTERM)

    ground = Color.parse(_GROUND[theme])
    for name, style in inks(theme, pair).items():
        if name not in _NOT_TEXT and style.color is not None:
            assert contrast(nearest(style.color), nearest(style.bgcolor or ground)) >= LEAST_FOR_TEXT, name


@pytest.mark.parametrize("theme", THEMES)
def test_words_that_take_turns_in_one_place_never_look_the_same(theme: str) -> None:
    table = inks(theme, "blue-orange")
    for rivals in _RIVALS:
        for one, other in combinations(rivals, 2):
            assert table[one] != table[other], (one, other)


def test_every_theme_has_every_ink_and_gain_and_loss_come_from_the_chosen_pair() -> None:
    for theme in THEMES:
        assert inks(theme, "blue-orange").keys() == inks("dark", "green-red").keys()
    assert inks("dark", "blue-orange")["profit"] == Style.parse("#4EA1FF")
    assert inks("dark", "blue-orange")["loss"] == Style.parse("#FF9E3D")
    assert inks("dark", "green-red")["profit"] != inks("dark", "blue-orange")["profit"]


def test_the_configuration_offers_every_theme_there_is() -> None:
    offered = get_args(ConsoleConfig.model_fields["theme"].annotation)
    assert offered == ("auto", *THEMES)


def test_no_color_asks_for_no_colour() -> None:
    colours = {
        colour.name
        for style in inks("no-color", "green-red").values()
        for colour in (style.color, style.bgcolor)
        if colour is not None
    }
    assert colours <= {"default"}


@pytest.mark.parametrize(
    ("chosen", "no_color", "color_system", "started"),
    [
        ("auto", False, "truecolor", "dark"),
        ("auto", False, "256", "dark"),
        ("auto", False, "standard", "16-colours"),
        ("auto", False, None, "no-color"),
        ("light", False, "standard", "light"),
        ("light", True, "truecolor", "no-color"),
    ],
)
def test_the_theme_a_terminal_starts_with(
    chosen: str, no_color: bool, color_system: str | None, started: str
) -> None:
    assert theme_at_start(chosen, no_color=no_color, color_system=color_system) == started


@pytest.mark.parametrize(
    ("environment", "started"),
    [
        ({}, "dark"),
        ({"TERM": "linux", "COLORTERM": ""}, "16-colours"),
        ({"TERM": "xterm", "COLORTERM": ""}, "16-colours"),
        ({"TERM": "tmux-256color", "COLORTERM": ""}, "dark"),
        ({"NO_COLOR": "1"}, "no-color"),
    ],
)
async def test_the_console_asks_its_environment(
    environment: dict[str, str], started: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with stage(None) as on:
        assert on.app.theme == started


async def test_without_colour_everything_is_still_said_and_nothing_is_grey(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with stage(snapshots.halted("cancelling"), NARROW, config=ConsoleConfig(theme="light")) as on:
        for words in ("SIM", "HALTED", "kill: cancelling", "▲ +0.82%", "2 WARN", "▸"):
            assert words in on.text
        assert not any(isinstance(one, Monochrome) for one in on.app._filters)
        for strip in on.app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style or Style()
                assert style.color is None or style.color.is_default, segment
                assert style.bgcolor is None or style.bgcolor.is_default, segment


async def test_another_theme_is_on_every_line_at_once() -> None:
    async with stage(snapshots.running()) as on:
        for theme in THEMES:
            on.app.apply_theme(theme)
            await on.turn()
            assert on.styles_of("ETHUSDT")[0].bold
            for words, ink in (("+84.20", "profit"), ("−30.80", "loss"), ("ACTIVE", "active")):
                (style,) = on.styles_of(words)
                wanted = on.app.inks[ink]
                assert wanted.color is None or style.color == wanted.color, (theme, words)
