"""The keys that move through rows, filter, find, sort and copy: the same on the desk and on the screens over it."""

from __future__ import annotations

from math import inf
from typing import Protocol, cast

from textual.screen import Screen

from console.widgets.filterline import open_filter
from console.widgets.livetable import LiveTable
from console.widgets.logview import LogView

_TWICE_WITHIN_S = 1.0


class RowsApp(Protocol):
    """The app, as far as these keys need it."""

    def monotonic_s(self) -> float: ...

    def copy_text(self, text: str) -> None: ...

    def say(self, words: str) -> None: ...


class RowKeys:
    """For a screen: it says which rows the keys are for."""

    _first_struck_at = -inf

    @property
    def rows(self) -> LiveTable | LogView:
        """What is moved through just now."""
        raise NotImplementedError

    def action_move_cursor(self, steps: int) -> None:
        self.rows.move_cursor(steps)

    def action_move_half(self, direction: int) -> None:
        self.rows.move_half(direction)

    def action_move_columns(self, steps: int) -> None:
        self.rows.move_columns(steps)

    def action_move_first(self) -> None:
        now = self._rows_app.monotonic_s()
        struck_twice = now - self._first_struck_at <= _TWICE_WITHIN_S
        self._first_struck_at = -inf if struck_twice else now
        if struck_twice:
            self.rows.move_first()

    def action_move_last(self) -> None:
        self.rows.move_last()

    def action_filter(self) -> None:
        open_filter(self.rows)

    def action_find(self, direction: int) -> None:
        rows = self.rows
        if not rows.find(direction):
            self._rows_app.say(
                f"Nothing contains {rows.filter!r}."
                if rows.filter
                else "Nothing to find: set a filter first."
            )

    def action_next_sort(self) -> None:
        if isinstance(self.rows, LiveTable):
            self.rows.next_sort()
        else:
            self._rows_app.say("The log is sorted by time.")

    def action_reverse_sort(self) -> None:
        if isinstance(self.rows, LiveTable):
            self.rows.reverse_sort()
        else:
            self._rows_app.say("The log is sorted by time.")

    def action_copy_row(self) -> None:
        self._rows_app.copy_text(self.rows.row_text())

    @property
    def _rows_app(self) -> RowsApp:
        return cast(RowsApp, cast(Screen[None], self).app)
