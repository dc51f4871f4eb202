"""Columns of a live table, and which of them there is room for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

GAP = 1
MARGIN = 1


class Cell(NamedTuple):
    """One cell: its text and the ink that says what it means."""

    text: str
    ink: str = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """`rank`: columns of one rank come or stay away together, the lowest rank first; 0 is always there.

    `grow`: takes the room that is left over. `sort`: what a row is sorted by in this column, from its key; without it,
    what the cell says. `right`: numbers, which are sorted with the largest first.
    """

    title: str
    width: int
    right: bool = True
    rank: int = 0
    grow: bool = False
    sort: Callable[[str], float | str | None] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A column that is shown: which one, from which cell of the line on, how wide."""

    index: int
    x: int
    width: int


def fit(columns: Sequence[Column], width: int, shift: int = 0) -> list[Place]:
    """The columns that fit into `width` cells and where they stand.

    Without `shift` each rank comes in turn if there is room for it. With it the first column stays, `shift` columns
    after it are passed over, and the following ones come in their order, so that every column can be reached.
    """
    chosen = _by_rank(columns, width) if shift == 0 else _in_order(columns, width, shift)
    spare = width - _needed(columns, chosen)
    places = []
    x = MARGIN
    for index in chosen:
        column = columns[index]
        wide = column.width + (max(0, spare) if column.grow else 0)
        places.append(Place(index, x, min(wide, max(0, width - x))))
        x += wide + GAP
    return places


def most_shift(columns: Sequence[Column], width: int) -> int:
    """How far the columns can be moved before the last one is in sight."""
    if len(_by_rank(columns, width)) == len(columns):
        return 0
    for shift in range(1, len(columns) - 1):
        if _in_order(columns, width, shift)[-1] == len(columns) - 1:
            return shift
    return max(0, len(columns) - 2)


def _by_rank(columns: Sequence[Column], width: int) -> list[int]:
    chosen = [index for index, column in enumerate(columns) if column.rank == 0]
    for rank in sorted({column.rank for column in columns} - {0}):
        larger = sorted(chosen + [index for index, column in enumerate(columns) if column.rank == rank])
        if _needed(columns, larger) <= width:
            chosen = larger
    return chosen


def _in_order(columns: Sequence[Column], width: int, shift: int) -> list[int]:
    chosen = [0]
    for index in range(1 + shift, len(columns)):
        if _needed(columns, [*chosen, index]) > width:
            break
        chosen.append(index)
    return chosen


def _needed(columns: Sequence[Column], chosen: Sequence[int]) -> int:
    return MARGIN + sum(columns[index].width for index in chosen) + GAP * max(0, len(chosen) - 1)
