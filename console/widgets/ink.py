"""Text in named inks, and the strips the compositor is given for it.

A line is a sequence of spans, each a text and the name of its ink. Every text passes through here on its way to the
terminal, so this is where control characters end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console.format import clean
from console.theme import Inks

if TYPE_CHECKING:
    from textual.widget import Widget

_WORD = re.compile(r"\S+\s*|\s+")

Span = tuple[str, str]
Line = Sequence[Span]


class InkOwner(Protocol):
    """The app, as far as widgets that draw their own lines need it."""

    @property
    def inks(self) -> Inks: ...


def inks_of(widget: Widget) -> Inks:
    """The inks of the theme in force."""
    return cast(InkOwner, widget.app).inks


def plain_text(line: Line) -> str:
    """The characters of a line without their inks."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """The cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut with a mark or padded on the other side."""
    taken = len(text) if text.isascii() else cell_len(text)
    if taken > width:
        return set_cell_size(text, max(0, width - 1)) + "…"[:width]
    padding = " " * (width - taken)
    return padding + text if right else text + padding


def strip_of(line: Line, width: int, base: Style, inks: Inks) -> Strip:
    """A strip of exactly `width` cells."""
    segments = [Segment(clean(text), base + inks[ink]) for text, ink in line if text]
    return Strip(segments).adjust_cell_length(width, base)


def spread(left: Line, right: Line, width: int, fill: str = " ", ink: str = "plain") -> list[Span]:
    """`left` at the left edge, `right` at the right one, `fill` between; the left part is cut where both do not fit."""
    room = width - width_of(right)
    shown = cut(left, max(0, room))
    return [*shown, (fill * max(0, room - width_of(shown)), ink), *right]


def cut(line: Line, width: int) -> list[Span]:
    """As much of a line as fits into `width` cells, the cut marked."""
    if width_of(line) <= width:
        return list(line)
    taken: list[Span] = []
    room = width
    for text, ink in line:
        if cell_len(text) >= room:
            # Something follows even where this ends at the edge, so the last cell is the mark's.
            taken.append((fitted(f"{text} ", room), ink))
            break
        taken.append((text, ink))
        room -= cell_len(text)
    return taken


def broken(line: Line, width: int) -> list[Line]:
    """A line on as many lines as it needs, broken between words, without the spaces that would stand beyond `width`; a
    word that is wider stays whole."""
    if width_of(line) <= width:
        return [line]
    rows: list[list[Span]] = [[]]
    room = width
    for text, ink in line:
        for word in _WORD.findall(text):
            if cell_len(word.rstrip()) > room and rows[-1]:
                rows.append([])
                room = width
            # A space at the edge would take the line beyond it, and cost the word before its last letter.
            rows[-1].append((word if cell_len(word) <= room else word.rstrip(), ink))
            room -= cell_len(word)
    return [*rows]


def join(parts: Iterable[Line], separator: Span) -> list[Span]:
    """Parts in a row with a separator between them; empty parts are left out."""
    joined: list[Span] = []
    for part in parts:
        if part:
            joined += [separator, *part] if joined else list(part)
    return joined
