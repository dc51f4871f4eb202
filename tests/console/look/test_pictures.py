"""What every screen looks like, compared with the pictures that are kept; `make screenshots` draws those anew."""

from __future__ import annotations

import pytest

from tests.console.look import tour
from tests.console.look.pictures import FOLDER, differences, pictures
from tests.console.look.screens import SCREENS, SIZES, Shown

_MOST_BYTES = 10_000_000


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_looks_as_it_did(screen: Shown) -> None:
    changed = [line async for line in differences(pictures(screen))]
    assert not changed, "look at what changed, then `make screenshots` keeps it:\n" + "\n".join(changed)


def test_no_picture_is_left_over_and_all_of_them_are_small() -> None:
    kept = {f"{file.parent.name}/{file.stem}" for file in FOLDER.rglob("*.svg")}
    assert kept == {f"{size}/{screen.name}" for size in SIZES for screen in SCREENS}
    every = (*FOLDER.rglob("*.svg"), *tour.FOLDER.glob("*.svg"))
    assert sum(file.stat().st_size for file in every) < _MOST_BYTES
