"""Every text of every screen can be read, in every theme: asserted on the picture that is exported of it."""

from __future__ import annotations

import pytest

from console.picture import XTERM, picture_of
from console.theme import THEMES
from tests.console.look.contrast import PALETTES
from tests.console.look.screens import SCREENS, Shown, shown, still
from tests.console.look.svg_reader import illegible
from tests.console.stage import WIDE


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_every_text_of_every_screen_is_legible_in_every_theme(screen: Shown) -> None:
    found = {}
    async with shown(screen, WIDE) as on:
        for theme in THEMES:
            on.app.apply_theme(theme)
            await still(on)
            palettes = PALETTES if theme == "16-colours" else {"": XTERM}
            for palette, terminal in palettes.items():
                found[f"{theme} {palette}"] = illegible(picture_of(on.app, screen.name, terminal))
    assert not {where: lines for where, lines in found.items() if lines}
