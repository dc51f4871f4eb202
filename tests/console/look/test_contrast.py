"""Every text of every screen can be read, in every theme: asserted on the picture that is exported of it."""

from __future__ import annotations

import pytest

from console.picture import XTERM, picture_of
from console.theme import THEMES
from tests.console.look.contrast import PALETTES
from tests.console.look.pictures import file_of
from tests.console.look.screens import SCREENS, SIZES, Shown, in_theme, shown
from tests.console.look.svg_reader import illegible, written
from tests.console.stage import WIDE

_RED = (0xB3, 0x26, 0x1E)
# Between them these have every kind of widget; the full count shows every screen in every theme at every size.
_OF_EVERY_KIND = ("desk", "pane-risk", "help", "palette-search", "dialog-resume", "kill-progress")


async def _illegible_in_any_theme(screen: Shown, size: tuple[int, int]) -> dict[str, list[str]]:
    found = {}
    for theme in THEMES:
        async with shown(screen, size, in_theme(theme)) as on:
            for palette, terminal in (PALETTES if theme == "16-colours" else {"": XTERM}).items():
                found[f"{theme} {palette}"] = illegible(picture_of(on.app, screen.name, terminal))
    return {where: lines for where, lines in found.items() if lines}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_every_text_of_every_picture_is_legible(screen: Shown, size: str) -> None:
    assert not illegible(file_of(screen, size).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", _OF_EVERY_KIND)
async def test_every_kind_of_screen_is_legible_in_every_theme(name: str) -> None:
    (screen,) = (screen for screen in SCREENS if screen.name == name)
    assert not await _illegible_in_any_theme(screen, WIDE)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_every_text_of_every_screen_is_legible_in_every_theme(
    screen: Shown, size: tuple[int, int]
) -> None:
    assert not await _illegible_in_any_theme(screen, size)


def test_red_ground_is_for_what_must_not_be_missed() -> None:
    red = {
        word
        for screen in SCREENS
        for size in SIZES
        for text, _, ground in written(file_of(screen, size).read_text(encoding="utf-8"))
        if ground == _RED
        for word in [text.strip()]
        if word
    }
    allowed = {"LIVE", "HALTED", "ENGINE SILENT", "DISCONNECTED", "kill: ARMED", "kill: cancelling"}
    assert {"LIVE", "HALTED", "kill: ARMED"} <= red <= allowed


def test_the_reader_sees_what_cannot_be_read() -> None:
    grey_on_grey = (
        '<svg xmlns="http://www.w3.org/2000/svg"><style>.i0{fill:#777777}</style>'
        '<rect width="99" height="23" fill="#ffffff"/><rect x="0" y="0" width="24" height="23" fill="#666666"/>'
        '<text class="i0" x="0" y="18" textLength="36">−12</text></svg>'
    )
    assert illegible(grey_on_grey) == ["'−12': 1.28 ((119, 119, 119) on (102, 102, 102))"]
