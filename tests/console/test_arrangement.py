"""Where everything stands: three arrangements, and what holds on a screen of any size."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.actions import PANES
from console.arrangement import KEYS, STATUS, TABS, Box, Size, arrange, size_of
from console.widgets.columns import GAP, Column, fit, most_shift
from console.widgets.fields import Field, fields_line
from console.widgets.ink import plain_text


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (160, 45, Size.WIDE),
        (100, 30, Size.MID),
        (80, 24, Size.NARROW),
        (200, 24, Size.NARROW),
        (139, 50, Size.MID),
        (140, 35, Size.MID),
        (20, 5, Size.NARROW),
    ],
)
def test_both_width_and_height_decide(width: int, height: int, size: Size) -> None:
    assert size_of(width, height) is size


def test_wide_shows_all_panes_mid_four_and_narrow_one_with_a_strip_of_log() -> None:
    wide = arrange(160, 45, status_lines=2, focused="signals", zoomed=False)
    assert set(wide) == {STATUS, KEYS, *PANES}
    mid = arrange(100, 30, status_lines=3, focused="signals", zoomed=False)
    assert set(mid) == {STATUS, KEYS, "signals", "positions", "limits", "log"}
    narrow = arrange(80, 24, status_lines=2, focused="positions", zoomed=False)
    assert set(narrow) == {STATUS, KEYS, TABS, "positions", "log"}
    assert narrow["log"] == Box(0, 19, 80, 4)
    assert narrow["positions"].height == 16


def test_the_weights_take_the_place_of_the_limits_while_they_have_the_focus() -> None:
    mid = arrange(100, 30, status_lines=3, focused="weights", zoomed=False)
    assert "weights" in mid
    assert "limits" not in mid


@given(
    st.integers(10, 260),
    st.integers(4, 90),
    st.integers(1, 4),
    st.sampled_from(PANES),
    st.booleans(),
)
def test_boxes_never_overlap_and_the_status_bar_and_the_focused_pane_are_always_there(
    width: int, height: int, status_lines: int, focused: str, zoomed: bool
) -> None:
    boxes = arrange(width, height, status_lines=status_lines, focused=focused, zoomed=zoomed)
    assert boxes[STATUS].y == 0
    if width < 60 or height < 15:
        assert boxes == {STATUS: (0, 0, width, height)}
        return
    assert boxes[KEYS].y == height - 1
    assert focused in boxes
    taken: set[tuple[int, int]] = set()
    for box in boxes.values():
        assert box.width >= 0
        assert box.height >= 0
        cells = {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}
        assert not cells & taken
        taken |= cells
    assert all(0 <= x < width and 0 <= y < height for x, y in taken)


COLUMNS = (
    Column("symbol", 10),
    Column("price", 10),
    Column("a", 6, rank=2),
    Column("b", 6, rank=2),
    Column("age", 5, rank=1),
    Column("why", 8, rank=3, grow=True),
)


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (60, ["symbol", "price", "a", "b", "age", "why"]),
        (44, ["symbol", "price", "a", "b", "age"]),
        (40, ["symbol", "price", "age", "why"]),
        (30, ["symbol", "price", "age"]),
        (22, ["symbol", "price"]),
        (10, ["symbol", "price"]),
    ],
)
def test_columns_of_a_rank_come_together_while_there_is_room(width: int, titles: list[str]) -> None:
    assert [COLUMNS[place.index].title for place in fit(COLUMNS, width)] == titles


def test_the_last_column_of_its_kind_takes_the_room_that_is_left() -> None:
    assert fit(COLUMNS, 60)[-1].width == 8 + (60 - 1 - (10 + 10 + 6 + 6 + 5 + 8) - 5 * GAP)


def test_every_column_can_be_reached_by_moving_right() -> None:
    seen = {place.index for shift in range(most_shift(COLUMNS, 30) + 1) for place in fit(COLUMNS, 30, shift)}
    assert seen == set(range(len(COLUMNS)))
    assert most_shift(COLUMNS, 100) == 0


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), min_size=1, max_size=12), st.integers(0, 200)
)
def test_places_are_in_order_and_inside_the_width(columns: list[tuple[int, int]], width: int) -> None:
    places = fit([Column("c", wide, rank=rank) for wide, rank in columns], width)
    assert [place.index for place in places] == sorted(place.index for place in places)
    for before, after in pairwise(places):
        assert after.x >= before.x + before.width + GAP


def test_a_field_that_does_not_fit_leaves_its_room_to_the_next() -> None:
    fields = (
        Field((("always", "plain"),)),
        Field((("x" * 30, "plain"),), 1),
        Field((("small", "plain"),), 2),
    )
    assert plain_text(fields_line(fields, (" ", "plain"), 14)) == "always small"
    assert plain_text(fields_line(fields, (" ", "plain"), 80)) == f"always {'x' * 30} small"
    assert plain_text(fields_line(fields, (" ", "plain"), 4)) == "alw…"
