"""A few lines of text that change a little and often: only the columns that differ are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.cells import cell_len
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.widgets.ink import Line, cut, inks_of, strip_of


class Lines(Widget):
    """Shows the lines it was last given, cut at its width."""

    DEFAULT_CSS = "Lines { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`, drawing again what is different."""
        before, self._lines = self._lines, list(lines)
        if not self.is_mounted:
            return
        for y, (old, new) in enumerate(zip_longest(before, self._lines, fillvalue=())):
            if old != new:
                first, last = _difference(old, new, self.size.width)
                self.refresh(Region(first, y, max(1, last - first), 1))

    def render_line(self, y: int) -> Strip:
        line = cut(self._lines[y], self.size.width) if y < len(self._lines) else ()
        return strip_of(line, self.size.width, self.rich_style, inks_of(self))


def _difference(old: Line, new: Line, width: int) -> tuple[int, int]:
    """The first column that differs and the one after the last; the whole width where wide characters are about."""
    before, after = _cells(old), _cells(new)
    if before is None or after is None:
        return 0, width
    pairs = list(zip_longest(before, after))
    different = [x for x, (a, b) in enumerate(pairs) if a != b]
    if not different:
        return 0, 0
    # What changes beyond the edge may change the mark in the last column.
    return min(different[0], width - 1), different[-1] + 1


def _cells(line: Line) -> list[tuple[str, str]] | None:
    cells = [(letter, ink) for text, ink in line for letter in text]
    return cells if all(cell_len(text) == len(text) for text, _ in line) else None
