"""Mode and state cannot be mistaken: words, styles and frame, for every theme at every size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.style import Style

from console.theme import THEMES
from engine.snapshot import Snapshot
from tests.console import snapshots
from tests.console.look.screens import SCREENS, SIZES, Shown, in_theme, shown
from tests.console.stage import NARROW, WIDE, Stage, stage

_EVERYWHERE = [
    pytest.param(theme, size, id=f"{theme}-{name}") for theme in THEMES for name, size in SIZES.items()
]
_BLOCKS = frozenset("█▀▄")


def of_mode(mode: str, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, mode=mode)


def looks_like(on: Stage, words: str, ink: str) -> bool:
    """Whether all of `words`, where they stand first, are in `ink`."""
    wanted = on.app.inks[ink]
    return all(_has(style, wanted) for style in on.styles_of(words))


def _has(style: Style, wanted: Style) -> bool:
    same_colours = all(
        theirs is None or theirs.is_default or ours == theirs
        for ours, theirs in ((style.color, wanted.color), (style.bgcolor, wanted.bgcolor))
    )
    marks = ("bold", "italic", "underline", "reverse")
    return same_colours and all(bool(getattr(style, mark)) == bool(getattr(wanted, mark)) for mark in marks)


def edge(on: Stage) -> str:
    """The outermost cells of the screen: above, below, left, right."""
    lines = on.lines
    return lines[0] + lines[-1] + "".join(line[0] + line[-1] for line in lines)


@pytest.mark.parametrize(("theme", "size"), _EVERYWHERE)
async def test_modes_states_old_numbers_gains_and_losses_are_told_apart(
    theme: str, size: tuple[int, int]
) -> None:
    async with stage(of_mode("paper", snapshots.running()), size, config=in_theme(theme)) as on:
        assert on.lines[0].startswith(" PAPER ")
        assert looks_like(on, " PAPER ", "mode-paper")
        assert looks_like(on, " ACTIVE ", "active")
        assert not _BLOCKS & set(edge(on))

        await on.turn(of_mode("live", snapshots.running()))
        assert on.lines[1].startswith("█ LIVE ")
        assert looks_like(on, " LIVE ", "mode-live")
        assert set(edge(on)) <= _BLOCKS
        (frame, *_) = on.styles_of("▀▀▀▀")
        assert "live-frame" in on.app.theme_variables
        assert theme == "no-color" or frame.color != on.styles_of("equity" if size == WIDE else "dd")[0].color

        await on.turn(of_mode("live", snapshots.halted("cancelling")))
        assert looks_like(on, " HALTED ", "halted")
        assert looks_like(on, "kill: cancelling", "halted")
        assert set(edge(on)) <= _BLOCKS

        await on.turn(of_mode("paper", snapshots.reducing()))
        assert looks_like(on, " REDUCING ", "reducing")
        assert not _BLOCKS & set(edge(on))

        await on.turn(of_mode("paper", snapshots.with_stale()))
        await on.press("z")
        row = next(line for line in on.lines if "ADAUSDT" in line)
        assert "STALE" in row
        assert "9.8s" in row
        assert looks_like(on, "ADAUSDT", "stale")
        assert looks_like(on, "0.3807", "stale")
        assert looks_like(on, "STALE", "warn")
        await on.press("3")
        assert looks_like(on, "▲ +17.27", "profit")
        assert looks_like(on, "▼ −30.80", "loss")
        assert on.app.inks["profit"] != on.app.inks["loss"]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_every_screen_has_the_frame_of_live_and_a_status_bar_that_nothing_covers(screen: Shown) -> None:
    def live() -> Snapshot | None:
        snapshot = screen.picture()
        return None if snapshot is None else replace(snapshot, mode="live")

    async with shown(replace(screen, picture=live), NARROW) as on:
        if on.link.snapshot() is None:
            assert on.lines[0].startswith(" SIM ")
            return
        on.app.notify("a toast " * 30, timeout=60)
        await on.turn()
        assert set(edge(on)) <= _BLOCKS
        assert on.lines[1].startswith("█ LIVE ")
        assert looks_like(on, " LIVE ", "mode-live")
