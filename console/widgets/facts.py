"""Names and values in as many columns as there is room for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.widgets.ink import Line, Span, fitted

_GAP = 3
_MOST_COLUMNS = 4


class Fact(NamedTuple):
    """A value with its name and the ink that says what it means."""

    name: str
    value: str
    ink: str = "plain"


def fact_lines(facts: Sequence[Fact], width: int, *, least: int = 24, most: int = 36) -> list[Line]:
    """Facts row by row: names at the left of a column, values at its right, each column `least` to `most` cells wide.

    A value that needs more than its column is cut, never its neighbour.
    """
    columns = max(1, min(_MOST_COLUMNS, (width + _GAP - 1) // (least + _GAP)))
    wide = max(1, min(most, (width - 1 - _GAP * (columns - 1)) // columns))
    lines: list[Line] = []
    for first in range(0, len(facts), columns):
        spans: list[Span] = [(" ", "plain")]
        for place, fact in enumerate(facts[first : first + columns]):
            spans += [(" " * _GAP, "plain")] if place else []
            spans += _cell(fact, wide)
        lines.append(spans)
    return lines


def wrapped(text: str, width: int, ink: str = "plain") -> list[Line]:
    """`text` on as many lines as it needs, broken at blanks where there are any."""
    lines: list[Line] = []
    room = max(1, width)
    while text:
        at = text.rfind(" ", 1, room + 1) if len(text) > room else len(text)
        at = at if at > 0 else room
        lines.append(((text[:at], ink),))
        text = text[at:].lstrip()
    return lines


def _cell(fact: Fact, width: int) -> list[Span]:
    value = fitted(fact.value, min(width, max(len(fact.value), 1)))
    room = max(0, width - len(value) - 1)
    return [
        (fitted(fact.name, room), "soft"),
        (" " * (width - room - len(value)), "plain"),
        (value, fact.ink),
    ]
