"""What was drawn goes when nothing shows it any more: without the collector where it can, and always in the end."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from rich.segment import Segment
from textual._styles_cache import StylesCache
from textual.strip import Strip
from textual.widget import Widget

from console.strips import keep_no_lines
from tests.console import snapshots
from tests.console.stage import NARROW, Stage, stage


@pytest.fixture(autouse=True)
def lines_not_kept() -> Iterator[None]:
    before = Strip.divide, StylesCache.__dict__["get_inner_outer"]
    keep_no_lines()
    yield
    Strip.divide = before[0]  # type: ignore[method-assign]
    StylesCache.get_inner_outer = before[1]  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("cuts", "parts"), [([3], ["abc"]), ([3, 9], ["abc"]), ([2, 3], ["ab", "c"]), ([1, 2], ["a", "b"])]
)
def test_a_line_is_divided_as_it_always_was(cuts: list[int], parts: list[str]) -> None:
    assert [part.text for part in Strip([Segment("abc")]).divide(cuts)] == parts


def test_a_divided_line_needs_no_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            Strip([Segment("abc")]).divide([3])
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_screens_that_were_left_leave_nothing_of_what_they_drew() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await open_and_leave(on)
        before = drawn()
        for _ in range(3):
            await open_and_leave(on)
        assert drawn() <= before


async def test_what_a_screen_drew_is_forgotten_at_once_when_it_is_left() -> None:
    async with stage(snapshots.running(), NARROW) as on:
        await on.press("question_mark")
        widgets = list(on.app.screen.walk_children(Widget, with_self=True))
        assert any(widget._styles_cache._cache for widget in widgets)
        on.app.pop_screen()
        assert not any(widget._styles_cache._cache for widget in widgets)


async def open_and_leave(on: Stage) -> None:
    await on.press("question_mark")
    await on.press("escape")
    for _ in range(4):
        await on.turn()


def drawn() -> int:
    """How many widgets' lines there are in this process."""
    gc.collect()
    return sum(isinstance(one, StylesCache) for one in gc.get_objects())
