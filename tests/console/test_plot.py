"""The plot: one point a column, in exactly the room it is given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.widgets.ink import plain_text, width_of
from console.widgets.plot import Point, Series, bound_of, columns_of, plot_lines

DAY_MS = 86_400_000
FIRST_MS = 1_672_531_200_000
values = st.lists(st.none() | st.floats(-1e9, 1e9) | st.just(math.nan), max_size=300)


def test_many_values_share_a_column_which_keeps_the_last_and_the_extremes() -> None:
    assert columns_of([0.1, 0.9, -0.5, 0.2], 2) == [Point(0.9, 0.1, 0.9), Point(0.2, -0.5, 0.2)]


def test_few_values_take_several_columns_each() -> None:
    points = columns_of([0.1, None], 4)
    assert points == [Point(0.1, 0.1, 0.1), Point(0.1, 0.1, 0.1), None, None]
    assert columns_of([], 2) == [None, None]


@pytest.mark.parametrize(
    ("largest", "bound"),
    [
        (0.0, 1.0),
        (0.8, 1.0),
        (1.0, 1.0),
        (0.31, 0.5),
        (0.11, 0.2),
        (0.002, 0.002),
        (7.0, 10.0),
        (130.0, 200.0),
    ],
)
def test_the_scale_is_round_and_holds_every_value(largest: float, bound: float) -> None:
    assert bound_of([-largest, None, largest / 2]) == pytest.approx(bound)


def test_a_rise_from_bottom_to_top_as_it_is_drawn() -> None:
    lines = [plain_text(line) for line in plot_lines(Series([-1.0, 0.0, 1.0], FIRST_MS, FIRST_MS), 14, 6)]
    assert lines == [
        "  +1.00┤    ⡏⠉",
        "       │    ⡇ ",
        "   0.00┼┄┄⡤⠤⠇┄",
        "       │  ⡇   ",
        "  −1.00┤⣀⣀⡇   ",
        "         01-01",
    ]


def test_a_gap_stays_empty_and_the_zero_line_runs_through_it() -> None:
    lines = [plain_text(line) for line in plot_lines(Series([0.5, None, None, 0.5], 0, DAY_MS), 28, 8)]
    zero = next(line for line in lines if "0.00" in line)
    assert zero.count("┄") >= 9
    assert all(line[8:][6:13].strip(" ┄") == "" for line in lines[:-1])


def test_nothing_is_drawn_from_before_a_gap_to_after_it() -> None:
    lines = [plain_text(line)[8:] for line in plot_lines(Series([1.0, None, -1.0], 0, DAY_MS), 14, 8)]
    assert [line[4:].strip("┄ ") for line in lines[:-1]] == ["", "", "", "", "", "", "⣀⣀"]


def test_the_time_stands_below_from_first_to_last() -> None:
    lines = plot_lines(Series([0.0, 0.1], FIRST_MS, FIRST_MS + DAY_MS), 60, 5)
    assert plain_text(lines[-1]).split() == ["2023-01-01", "00:00", "2023-01-02", "00:00"]
    assert plain_text(lines[-1]).endswith("2023-01-02 00:00")


@given(values, st.integers(1, 200), st.integers(0, 40))
def test_any_series_fits_its_room_exactly(series: list[float | None], width: int, height: int) -> None:
    lines = plot_lines(Series(series, 0, DAY_MS), width, height)
    assert len(lines) in (0, height)
    assert {width_of(line) for line in lines} <= {width}
