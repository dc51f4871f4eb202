"""One line of the log, whole, with the lines around it: what led to it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.details import Details, Want
from console.format import log_time
from console.publisher import View
from console.screens.drill import Drill, Rows
from console.widgets.columns import Cell, Column
from console.widgets.facts import wrapped
from console.widgets.ink import Line
from engine.snapshot import LogLine

_INKS = {"DEBUG": "soft", "INFO": "plain", "WARN": "warn", "ERROR": "danger"}
_MOST_LINES = 12
_COLUMNS = (
    Column("time", 14, right=False),
    Column("level", 5, right=False),
    Column("source", 16, right=False, rank=1),
    Column("message", 30, right=False, grow=True),
)


class LogLineScreen(Drill):
    """`key`: the number of the line. What was in the log when this opened stays; later lines are not added.

    `lines`: what the log pane holds, which is more than the picture does.
    """

    TELLS_ROW = False
    ORDER = "time"

    def __init__(
        self,
        keymap: Mapping[str, str],
        view: View,
        details: Details,
        key: str,
        lines: Sequence[LogLine] = (),
    ) -> None:
        super().__init__(keymap, view, details, key)
        seen = lines or (() if view.snapshot is None else view.snapshot.log)
        self._lines = {str(line.sequence): line for line in seen}
        self._placed = False

    @property
    def heading(self) -> str:
        return "LOG LINE"

    def wants(self) -> Sequence[Want]:
        return []

    def head(self, width: int) -> Sequence[Line]:
        line = self._lines.get(self.rows.cursor_key or self.key if self._placed else self.key)
        if line is None:
            return [((" This line is no longer in the log that is kept here.", "warn"),)]
        first = ((f" {log_time(line.ts_ms)} ", "soft"), (line.level, _INKS.get(line.level, "danger")))
        whole = wrapped(line.message, width - 2)[:_MOST_LINES]
        return [(*first, (f" {line.source}", "soft")), *([(" ", "plain"), *each] for each in whole)]

    def table(self, tab: int) -> Rows:
        lines = self._lines
        return Rows(_COLUMNS, list(lines), lambda key: log_cells(lines[key]), ["The log is empty."])

    def drawn(self) -> None:
        if not self._placed and self.key in self._lines:
            self._placed = True
            self.go_to(self.key)

    def moved(self) -> None:
        self.show(self.view)


def log_cells(line: LogLine) -> list[Cell]:
    """One line of the log."""
    ink = _INKS.get(line.level, "danger")
    return [
        Cell(log_time(line.ts_ms), "soft"),
        Cell(line.level, ink),
        Cell(line.source, "soft"),
        Cell(line.message, "plain"),
    ]
