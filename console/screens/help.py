"""Every key, from the action table: those of where the operator is first, with what that is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.widget import Widget

from console.actions import ACTIONS, BY_ID, Action
from console.bindings import bindings, bindings_of
from console.keymap import key_labels
from console.publisher import View
from console.screens.dialog import Dialog
from console.screens.rowkeys import RowKeys
from console.widgets.columns import Cell, Column
from console.widgets.facts import wrapped
from console.widgets.ink import Line
from console.widgets.livetable import LiveTable

_COLUMNS = (
    Column("key", 13, right=False),
    Column("action", 18, right=False),
    Column("what it does", 35, right=False, grow=True),
    Column("keymap name", 16, right=False, rank=1),
)
_SCREENS = "Screens"
_CHOSEN_LINES = 2
_GROUPS = (
    "Move",
    "Rows",
    "Panes",
    "Safety",
    "Program",
    _SCREENS,
    "Weights",
    "Look",
    "Log",
    "Kill switch",
    "Quit",
    "Confirm",
    "Resume",
    "Dialogs",
    "Help",
)


class HelpScreen(RowKeys, Dialog[None], inherit_bindings=False):
    """A table that can be moved through, filtered and sorted like any pane. `about`: where it was opened, and what
    that is for; `on_screen`: not on the desk, but on a screen over it."""

    HEADING = "HELP"
    BINDINGS: ClassVar = [*bindings("help"), *bindings_of(a for a in ACTIONS if a.on_screens)]
    AUTO_FOCUS = "#help-table"

    def __init__(
        self, keymap: Mapping[str, str], view: View, *, about: tuple[str, str], on_screen: bool = False
    ) -> None:
        super().__init__(keymap, view)
        self._about = about
        self._on_screen = on_screen
        self._table = LiveTable(id="help-table")

    @property
    def rows(self) -> LiveTable:
        """Every key."""
        return self._table

    def body(self) -> Iterable[Widget]:
        yield self._table

    def text(self) -> Sequence[Line]:
        where, purpose = self._about
        about = [((f"{where}: ", "strong"), (purpose, "plain"), (" ", "plain"), *self._table.title_words)]
        return [*about, *self._chosen_lines()]

    def _chosen_lines(self) -> list[Line]:
        """What the action under the cursor does, on two lines: the column may have had to cut it."""
        action = BY_ID.get(self._table.cursor_key or "")
        words = wrapped(action.description, self._text.size.width, "soft") if action is not None else []
        return [*words, (), ()][:_CHOSEN_LINES]

    def on_mount(self) -> None:
        rows = help_rows(self._keymap, _SCREENS if self._on_screen else "")
        self._table.show(_COLUMNS, list(rows), lambda key: rows[key])

    def on_live_table_rearranged(self) -> None:
        self.show(self._view)

    def action_close(self) -> None:
        if self.listening:
            self.dismiss()


def help_rows(keymap: Mapping[str, str], first: str = "") -> dict[str, list[Cell]]:
    """The cells of every line of the help by a key of its own: each group under its name, the `first` one on top."""
    rows: dict[str, list[Cell]] = {}
    for group in sorted(_GROUPS, key=lambda group: group != first):
        rows[f"# {group}"] = [Cell(group.upper(), "title-focus"), Cell(""), Cell(""), Cell("")]
        for action in ACTIONS:
            if action.group == group:
                rows[action.id] = _row(action, keymap)
    return rows


def _row(action: Action, keymap: Mapping[str, str]) -> list[Cell]:
    keys = key_labels(action, keymap)
    if not keys:
        keys = f"{key_labels(BY_ID['palette'], keymap)}, by name"
    return [
        Cell(keys, "key"),
        Cell(action.title, "strong"),
        Cell(action.description),
        Cell(action.id, "soft"),
    ]
