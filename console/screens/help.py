"""Every key, from the action table: those of the desk first, with what the focused pane is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.widget import Widget

from console.actions import ACTIONS, BY_ID, PANE_TITLES, Action, of_scope
from console.bindings import bindings, bindings_of
from console.keymap import key_labels
from console.publisher import View
from console.screens.dialog import Dialog
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line
from console.widgets.livetable import LiveTable

_MOVES = ("nav.down", "nav.up", "nav.half_down", "nav.half_up", "nav.first", "nav.last")
_COLUMNS = (
    Column("key", 13, right=False),
    Column("action", 18, right=False),
    Column("what it does", 35, right=False, grow=True),
    Column("keymap name", 16, right=False, rank=1),
)
_GROUPS = (
    "Move",
    "Rows",
    "Panes",
    "Safety",
    "Program",
    "Screens",
    "Look",
    "Log",
    "Screens",
    "Kill switch",
    "Quit",
    "Confirm",
    "Resume",
    "Dialogs",
    "Help",
)


class HelpScreen(Dialog[None], inherit_bindings=False):
    """A table that can be moved through like any pane."""

    HEADING = "HELP"
    BINDINGS: ClassVar = [*bindings("help"), *bindings_of(BY_ID[name] for name in _MOVES)]
    AUTO_FOCUS = "#help-table"

    def __init__(self, keymap: Mapping[str, str], view: View, *, pane: str) -> None:
        super().__init__(keymap, view)
        self._pane = pane
        self._table = LiveTable(id="help-table")

    def body(self) -> Iterable[Widget]:
        yield self._table

    def text(self) -> Sequence[Line]:
        purpose = next(a.description for a in of_scope("desk") if a.title == PANE_TITLES[self._pane])
        return [((f"{PANE_TITLES[self._pane]}: ", "strong"), (purpose, "plain")), ()]

    def on_mount(self) -> None:
        rows = help_rows(self._keymap)
        self._table.show(_COLUMNS, list(rows), lambda key: rows[key])

    def action_close(self) -> None:
        if self.listening:
            self.dismiss()

    def action_move_cursor(self, steps: int) -> None:
        self._table.move_cursor(steps)

    def action_move_half(self, direction: int) -> None:
        self._table.move_half(direction)

    def action_move_first(self) -> None:
        self._table.move_first()

    def action_move_last(self) -> None:
        self._table.move_last()


def help_rows(keymap: Mapping[str, str]) -> dict[str, list[Cell]]:
    """The cells of every line of the help by a key of its own: each group under its name."""
    rows: dict[str, list[Cell]] = {}
    for group in _GROUPS:
        rows[f"# {group}"] = [Cell(group.upper(), "title-focus"), Cell(""), Cell(""), Cell("")]
        for action in ACTIONS:
            if action.group == group:
                rows[action.id] = _row(action, keymap)
    return rows


def _row(action: Action, keymap: Mapping[str, str]) -> list[Cell]:
    keys = key_labels(action, keymap)
    if action.palette and not keys:
        keys = f"{key_labels(BY_ID['palette'], keymap)}, by name"
    return [
        Cell(keys, "key"),
        Cell(action.title, "strong"),
        Cell(action.description),
        Cell(action.id, "soft"),
    ]
