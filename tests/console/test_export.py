"""A picture of the screen: where it goes, and that a half-written one is never left behind."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from console import export as exporting
from console.export import export, export_path
from console.picture import rows_of
from tests.console import snapshots
from tests.console.snapshots import WALL_MS
from tests.console.stage import NARROW, stage


async def test_a_picture_is_named_after_the_second_and_shows_what_the_screen_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("ctrl+p", *"save a picture")
        await on.until(lambda: "Save a picture" in on.text)
        await on.press("enter")
        await on.until(lambda: "Picture: " in on.text)
    [path] = tmp_path.rglob("*.svg")
    assert path.parent.name == "screenshots"
    assert path.name == "quarterdeck-20231114-221320.svg"
    text = "".join(ElementTree.parse(path).getroot().itertext())
    assert "SIGNALS" in text
    assert "ETHUSDT" in text
    assert "Find an action" not in text


def test_a_picture_that_cannot_be_written_leaves_the_one_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export_path(tmp_path, WALL_MS)
    export([[]], 80, path)
    before = path.read_bytes()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "svg", full)
    with pytest.raises(OSError, match="No space"):
        export([[]], 80, path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_a_folder_that_cannot_be_made_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    async with stage(snapshots.running(), NARROW) as on:
        on.app.action_export_picture()
        await on.until(lambda: "could not be written" in on.text)
        assert on.app.is_running


async def test_the_rows_are_those_in_sight() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        assert ["".join(segment.text for segment in row) for row in rows_of(on.app)] == on.lines
