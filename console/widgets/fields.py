"""Fields of a line, of which those that matter most are shown when not all fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.widgets.ink import Line, Span, cut, join, width_of


class Field(NamedTuple):
    """Part of a line. Rank 0 is always there; the others come in the order of their rank while there is room."""

    spans: Line
    rank: int = 0


def fields_line(fields: Sequence[Field], separator: Span, width: int) -> Line:
    """As many fields as fit, in their own order, with a separator between them."""
    there = [place for place, field in enumerate(fields) if field.spans]
    chosen = [place for place in there if fields[place].rank == 0]
    for place in sorted(there, key=lambda place: fields[place].rank):
        if fields[place].rank:
            larger = sorted([*chosen, place])
            if width_of(join([fields[one].spans for one in larger], separator)) <= width:
                chosen = larger
    return cut(join([fields[place].spans for place in chosen], separator), width)
