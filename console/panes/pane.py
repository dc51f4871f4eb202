"""The frame every pane stands in: number and name at the left of its upper edge, its state at the right.

A focused pane has a heavy frame, so that focus can be seen without colour. The operator's filter and sort stand before
the state, and stay where there is room for only one of them. Which rows are in sight comes last, where not all are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from console.actions import PANES
from console.publisher import View
from console.widgets.edge import edge_line
from console.widgets.faded import faded_cells, faded_line
from console.widgets.fields import Field
from console.widgets.ink import Line
from console.widgets.lines import Lines
from console.widgets.livetable import CellsOf, LiveTable
from console.widgets.logview import LogView
from console.widgets.selection import sorted_by

_LONGEST_KEPT = 60


class Pane(Vertical):
    """A frame around one body. A pane says what it shows through `show`, `set_status` and `set_foot`."""

    NAME: ClassVar[str]
    HEADING: ClassVar[str]

    def __init__(self, body: LiveTable | LogView) -> None:
        super().__init__(id=self.NAME)
        self.body = body
        self._edge = Lines(classes="pane-edge")
        self._foot = Lines(classes="pane-foot")
        self._status: Line = ()
        self._count: Line = ()
        self._drawn: tuple[Line, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._edge
        with Vertical(classes="pane-frame"):
            yield self.body
            yield self._foot

    def show(self, view: View) -> None:
        """Bring the pane up to date."""
        raise NotImplementedError

    def set_status(self, status: Line, count: Line = ()) -> None:
        """What stands at the right of the upper edge; `count` of the rows gives way to which of them are in sight."""
        self._status, self._count = status, count
        if self._said != self._drawn:
            self._draw_edge()

    def set_foot(self, lines: Sequence[Line], *, old: bool = False) -> None:
        """The lines below the body, in grey where they are old; none takes no room."""
        if len(lines) != len(self._foot.lines):
            self._foot.styles.height = len(lines)
            self._foot.display = bool(lines)
        self._foot.show([faded_line(line) for line in lines] if old else lines)

    def on_mount(self) -> None:
        self._foot.display = bool(self._foot.lines)

    def on_resize(self) -> None:
        self._draw_edge()

    def on_descendant_focus(self) -> None:
        self._draw_edge()

    def on_descendant_blur(self) -> None:
        self._draw_edge()

    def on_live_table_rearranged(self) -> None:
        self._draw_edge()

    def on_live_table_moved(self) -> None:
        self._draw_edge()

    def on_log_view_rearranged(self) -> None:
        self._draw_edge()

    @property
    def opens(self) -> tuple[str, str] | None:
        """The kind of drill-down the row under the cursor opens and its key; None where there is no row."""
        return None

    @property
    def symbol(self) -> str:
        """The symbol the row under the cursor is about; "" where it is about none."""
        return ""

    @property
    def signal(self) -> str:
        """The signal the row under the cursor is about; "" where it is about none."""
        return ""

    def take_over(self, what: str, text: str) -> bool:
        """Filter or sort the rows as it was kept; False where the text is of no use."""
        if not text.isprintable() or len(text) > _LONGEST_KEPT:
            return False
        if what == "filter":
            self.body.set_filter(text)
            return True
        selection = sorted_by(text)
        if selection is None or not isinstance(self.body, LiveTable):
            return False
        self.body.select(replace(selection, filter=self.body.filter))
        return True

    @property
    def focused(self) -> bool:
        """Whether the keys go to this pane."""
        return self.has_focus_within

    @property
    def _said(self) -> tuple[Line, ...]:
        """What the upper edge says, what matters most first."""
        return self.body.title_words, self._status, window_words(self.body) or self._count

    def _draw_edge(self) -> None:
        name = f" {PANES.index(self.NAME) + 1} {self.HEADING} "
        self._drawn = self._said
        fields = [Field(line, rank) for rank, line in enumerate(self._drawn, 1)]
        self._edge.show([edge_line(name, fields, self.size.width, focused=self.focused)])


def window_words(body: LiveTable | LogView) -> Line:
    """Which rows are in sight, where not all are; a log that follows its end needs no such words."""
    first, last = body.window
    shown = len(body.shown if isinstance(body, LogView) else body.keys)
    if not 0 < last - first < shown or (isinstance(body, LogView) and body.following):
        return ()
    return ((f"{first + 1:,}-{last:,} of {shown:,}", "soft"),)


def aged(view: View, cells_of: CellsOf) -> CellsOf:
    """The cells of a pane's rows: in grey while the engine is silent, whose last numbers are old."""
    return faded_cells(cells_of) if view.silent else cells_of
