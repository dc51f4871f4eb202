"""The operator's tour is true: its keys, its commands, its palette entries and its pictures."""

from __future__ import annotations

import re
from html import unescape

import pytest
import typer
from typer.core import TyperGroup

from console.actions import ACTIONS
from console.cli import app
from console.keymap import key_labels
from console.screens.palette import offered
from console.theme import THEMES
from tests.console.look import tour
from tests.console.look.pictures import differences

TOUR = (tour.DOCS / "tour.md").read_text(encoding="utf-8")
README = (tour.DOCS.parent / "README.md").read_text(encoding="utf-8")


def test_every_key_that_is_named_does_something() -> None:
    named = {unescape(key) for key in re.findall(r"<kbd>(.*?)</kbd>", TOUR)}
    labels = {key_labels(action, {}) for action in ACTIONS}
    known = labels | {key for keys in labels for key in keys.split()}
    assert len(named) > 30
    assert named <= known


def test_every_palette_entry_that_is_named_is_offered() -> None:
    titles = {action.title for action in offered(("app", "desk"))}
    for entry in ("Resume trading", "Save a picture"):
        assert entry in titles
        assert f"*{entry}*" in TOUR
    assert {f"Theme {name}" for name in THEMES} <= titles


def test_every_command_that_is_named_exists() -> None:
    root = typer.main.get_command(app)
    named = re.findall(r"quarterdeck ((?:[a-z-]+ ?)+)", TOUR)
    assert len(named) > 5
    for words in named:
        group: object = root
        for word in words.split():
            if not isinstance(group, TyperGroup):
                break
            assert word in group.commands, f"quarterdeck {words}"
            group = group.commands[word]


def test_every_picture_is_shown_and_every_link_leads_somewhere() -> None:
    shown = set(re.findall(r"\]\(tour/(.*?)\)", TOUR))
    assert shown == {file.name for file in tour.FOLDER.iterdir()}
    assert "(docs/tour/desk.svg)" in README
    assert "(docs/tour.md)" in README


@pytest.mark.parametrize("name", [screen.name for screen, _, _ in tour.STOPS])
async def test_a_picture_of_the_tour_is_what_the_console_shows(name: str) -> None:
    changed = [line async for line in differences(tour.picture(name))]
    assert not changed, "`make screenshots` draws it anew:\n" + "\n".join(changed)
