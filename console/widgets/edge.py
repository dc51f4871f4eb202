"""The upper edge of a frame: its name at the left, what there is to say at the right. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.widgets.fields import Field, fields_line
from console.widgets.ink import Line, cut, width_of

_THIN, _HEAVY = ("┌", "─", "┐"), ("┏", "━", "┓")
_BETWEEN = (" · ", "frame")


def edge_line(name: str, fields: Sequence[Field], width: int, *, focused: bool) -> Line:
    """One line of `width` cells; a frame with the focus is heavy, so that focus can be seen without colour."""
    left, rule, right = _HEAVY if focused else _THIN
    frame, title = ("frame-focus", "title-focus") if focused else ("frame", "title")
    named = cut([(name, title)], max(0, width - 4))
    room = width - 4 - width_of(named)
    said = fields_line(fields, _BETWEEN, room - 2) if room > 2 else ()
    status: Line = ((" ", frame), *said, (" ", frame)) if said else ()
    filling = rule * max(0, room - width_of(status))
    return [(left + rule, frame), *named, (filling, frame), *status, (rule + right, frame)]
