"""Mode and state cannot be mistaken on the desk: words, styles and frame, for every theme at every size."""

from __future__ import annotations

import pytest

from console.theme import THEMES
from tests.console import snapshots
from tests.console.look.looks import BLOCKS, change, edge, in_every_theme, looks_like, mistaken, of_mode
from tests.console.look.screens import SIZES
from tests.console.stage import NARROW, WIDE, Stage, stage

_STATES = (
    of_mode("paper", snapshots.running()),
    of_mode("paper", snapshots.reducing()),
    of_mode("live", snapshots.halted("cancelling")),
    of_mode("live", snapshots.running()),
)
# At the smallest size the desk is among the screens of `test_every_screen`.
_SIZES = [
    pytest.param(size, id=name, marks=[pytest.mark.slow] if size == NARROW else [])
    for name, size in SIZES.items()
]
_STATE_INKS = {"ACTIVE": "active", "REDUCING": "reducing", "HALTED": "halted"}


@pytest.mark.parametrize("size", _SIZES)
async def test_modes_and_states_are_told_apart(size: tuple[int, int]) -> None:
    async with stage(_STATES[0], size) as on:
        for theme, snapshot in in_every_theme(THEMES, _STATES):
            await change(on, theme, snapshot)
            assert not mistaken(on)
            assert looks_like(on, f" {snapshot.state} ", _STATE_INKS[snapshot.state])
            if snapshot.mode == "paper":
                assert on.lines[0].startswith(" PAPER ")
                continue
            assert on.lines[1].startswith("█ LIVE ")
            assert set(edge(on)) <= BLOCKS
            (frame, *_) = on.styles_of("▀▀▀▀")
            (other, *_) = on.styles_of("equity" if size == WIDE else "dd")
            assert theme == "no-color" or frame.color != other.color
            if snapshot.kill is not None:
                assert looks_like(on, "kill: cancelling", "halted")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_old_numbers_gains_and_losses_are_told_apart(size: tuple[int, int]) -> None:
    snapshot = of_mode("paper", snapshots.with_stale())
    async with stage(snapshot, size) as on:
        await on.press("z")
        for theme in THEMES:
            await change(on, theme, snapshot)
            _assert_old_numbers_are_grey(on)
            await on.press("3")
            assert looks_like(on, "▲ +17.27", "profit")
            assert looks_like(on, "▼ −30.80", "loss")
            assert on.app.inks["profit"] != on.app.inks["loss"]
            await on.press("1")


def _assert_old_numbers_are_grey(on: Stage) -> None:
    row = next(line for line in on.lines if "ADAUSDT" in line)
    assert "STALE" in row
    assert "9.8s" in row
    assert looks_like(on, "ADAUSDT", "stale")
    assert looks_like(on, "0.3807", "stale")
    assert looks_like(on, "STALE", "warn")
