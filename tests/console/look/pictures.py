"""Pictures of every screen at three sizes; run as a module, this draws them anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from difflib import unified_diff
from itertools import islice
from pathlib import Path

from console.picture import picture_of
from tests.console.look import tour
from tests.console.look.screens import SCREENS, SIZES, Shown, in_theme, shown

FOLDER = Path(__file__).with_name("pictures")
_LINES_SHOWN = 12
THEME = in_theme("dark")


def file_of(screen: Shown, size: str) -> Path:
    """Where the picture of a screen is kept."""
    return FOLDER / size / f"{screen.name}.svg"


async def pictures(screen: Shown) -> AsyncIterator[tuple[Path, str]]:
    """A screen at every size, each on a console of its own."""
    for name, size in SIZES.items():
        async with shown(screen, size, THEME) as on:
            yield file_of(screen, name), picture_of(on.app, f"{screen.name} {name}")


async def differences(drawing: AsyncIterator[tuple[Path, str]]) -> AsyncIterator[str]:
    """The first lines in which what is drawn now differs from what is kept."""
    async for file, picture in drawing:
        kept = file.read_text(encoding="utf-8") if file.exists() else ""
        lines = unified_diff(kept.splitlines(), picture.splitlines(), str(file), "now", lineterm="", n=0)
        for line in islice(lines, _LINES_SHOWN):
            yield line


async def draw_all() -> None:
    """Draw every picture anew, those of the tour as well, and remove those of screens that are no more."""
    drawn = set()
    for drawing in (*(pictures(screen) for screen in SCREENS), tour.pictures()):
        async for file, picture in drawing:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(picture, encoding="utf-8")
            drawn.add(file)
    for file in {*FOLDER.rglob("*.svg"), *tour.FOLDER.glob("*.svg")} - drawn:
        file.unlink()


if __name__ == "__main__":
    asyncio.run(draw_all())
