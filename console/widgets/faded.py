"""What is old, in grey: a number is never shown in a fresh colour when it is not. Warnings keep theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.widgets.columns import Cell
from console.widgets.ink import Line

_FADING = frozenset({"plain", "strong", "profit", "loss", "ok", "gauge", "active"})


def faded(ink: str) -> str:
    """The ink of something that is old."""
    return "stale" if ink in _FADING else ink


def faded_line(line: Line) -> Line:
    """A line of something that is old."""
    return [(text, faded(ink)) for text, ink in line]


def faded_cells(cells_of: Callable[[str], Sequence[Cell]]) -> Callable[[str], Sequence[Cell]]:
    """The cells of rows that are old."""
    return lambda key: [Cell(cell.text, faded(cell.ink)) for cell in cells_of(key)]
