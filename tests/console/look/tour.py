"""The pictures of the operator's tour, in the order in which `docs/tour.md` shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from console.attachment import Attachment
from console.picture import picture_of
from tests.console import snapshots
from tests.console.look.screens import Shown, in_theme, shown
from tests.console.recorded_details import ORDER_ID
from tests.console.stage import NARROW, WIDE

DOCS = Path(__file__).resolve().parents[3] / "docs"
FOLDER = DOCS / "tour"
_ROOMY = (120, 34)
_DESK = Shown("desk", snapshots.with_stale)

STOPS: tuple[tuple[Shown, tuple[int, int], str], ...] = (
    (_DESK, WIDE, "dark"),
    (Shown("welcome", snapshots.running, welcomed=False), NARROW, "dark"),
    (Shown("orders", snapshots.running, ("o",)), _ROOMY, "dark"),
    (Shown("order-why", snapshots.estimated, drill=("order", ORDER_ID)), WIDE, "dark"),
    (Shown("signal", snapshots.estimated, drill=("signal", "BTCUSDT")), _ROOMY, "dark"),
    (Shown("signal-off", snapshots.running, ("2", "t")), _ROOMY, "dark"),
    (Shown("flatten", snapshots.running, ("3", "x")), _ROOMY, "dark"),
    (Shown("paused", snapshots.paused), NARROW, "dark"),
    (Shown("kill-armed", snapshots.running, ("ctrl+k",)), NARROW, "dark"),
    (Shown("kill-progress", snapshots.running, ("ctrl+k", "F")), NARROW, "dark"),
    (Shown("resume", snapshots.halted, action="mode.resume"), NARROW, "dark"),
    (Shown("audit", snapshots.running, ("a",)), _ROOMY, "dark"),
    (Shown("attached", snapshots.running, attachment=Attachment(read_only=True)), NARROW, "dark"),
    *(
        (replace(_DESK, name=f"theme-{theme}"), NARROW, theme)
        for theme in ("light", "high-contrast", "16-colours", "no-color")
    ),
)


async def pictures() -> AsyncIterator[tuple[Path, str]]:
    """Every picture of the tour and the file it belongs in."""
    for screen, _, _ in STOPS:
        async for drawn in picture(screen.name):
            yield drawn


async def picture(name: str) -> AsyncIterator[tuple[Path, str]]:
    """One picture of the tour."""
    ((screen, size, theme),) = (stop for stop in STOPS if stop[0].name == name)
    async with shown(screen, size, in_theme(theme)) as on:
        yield FOLDER / f"{name}.svg", picture_of(on.app, f"Quarterdeck: {name}")
