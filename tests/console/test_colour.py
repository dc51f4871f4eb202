"""Meaning survives without colour: words and glyphs first, and every ink legible on its ground."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

from console.theme import PROFIT_PAIRS, inks, themes
from tests.console import snapshots
from tests.console.stage import NARROW, stage

LEAST_CONTRAST = 4.5
GROUND = ColorTriplet(0x12, 0x15, 0x1A)
# Decoration, not text: nothing has to be read from it.
DECORATION = {"frame", "flash", "cursor", "cursor-away"}


def luminance(colour: ColorTriplet) -> float:
    """Relative luminance after WCAG 2."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def triplet(colour: Color | None, default: ColorTriplet) -> ColorTriplet:
    return default if colour is None or colour.triplet is None else colour.triplet


def grey(colour: ColorTriplet) -> ColorTriplet:
    """What Textual's filter makes of it under NO_COLOR."""
    level = round(0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue)
    return ColorTriplet(level, level, level)


@pytest.mark.parametrize("pair", PROFIT_PAIRS)
@pytest.mark.parametrize("name", sorted(set(inks("dark", "blue-orange")) - DECORATION))
def test_every_ink_is_legible_in_colour_and_in_grey(name: str, pair: str) -> None:
    style = inks("dark", pair)[name]
    ink, ground = triplet(style.color, ColorTriplet(255, 255, 255)), triplet(style.bgcolor, GROUND)
    assert contrast(ink, ground) >= LEAST_CONTRAST
    assert contrast(grey(ink), grey(ground)) >= LEAST_CONTRAST


def test_the_text_on_a_cursor_row_stays_legible() -> None:
    ground = triplet(inks("dark", "blue-orange")["cursor"].bgcolor, GROUND)
    for name in ("plain", "strong", "soft", "profit", "loss", "warn", "stale"):
        ink = triplet(inks("dark", "blue-orange")[name].color, GROUND)
        assert contrast(ink, ground) >= LEAST_CONTRAST, name


def test_the_theme_carries_the_chosen_pair() -> None:
    (theme,) = themes("green-red")
    assert (theme.primary, theme.secondary) == PROFIT_PAIRS["green-red"]


async def test_without_colour_everything_is_still_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with stage(snapshots.halted("cancelling"), NARROW) as on:
        assert on.app.no_color
        for words in ("SIM", "HALTED", "kill: cancelling", "▲ +0.82%", "2 WARN", "▸"):
            assert words in on.text
        for style in on.styles_of("HALTED"):
            assert contrast(triplet(style.color, GROUND), triplet(style.bgcolor, GROUND)) >= LEAST_CONTRAST


async def test_a_halt_is_on_a_ground_of_its_own_and_bold() -> None:
    async with stage(snapshots.halted()) as on:
        styles: list[Style] = on.styles_of("HALTED")
        assert all(style.bold for style in styles)
        assert all(triplet(style.bgcolor, GROUND) != GROUND for style in styles)
