"""The first words: what the five panes are for, once. Whatever is closed here never stands in anybody's way again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from console.actions import BY_ID, Action
from console.bindings import bindings
from console.keymap import Keymap, key_label
from console.screens.dialog import Dialog
from console.widgets.ink import Line

_WORDS = {
    "pane.1": "what each signal says, and what is done",
    "pane.2": "how much each signal counts",
    "pane.3": "what is held, and what it is worth",
    "pane.4": "how much of each risk limit is used",
    "pane.5": "what happened",
    "": "",
    "open": "everything about the row under the cursor",
    "filter.open": "only rows with these words",
    "help": "every key",
    "entries.pause": "no new entries, until you lift it",
    "kill.arm": "pauses entries, then asks what to do",
}


class WelcomeScreen(Dialog[None], inherit_bindings=False):
    """Closed by Enter or Esc; the kill switch works meanwhile."""

    HEADING = "WELCOME"
    BINDINGS = bindings("dialog", "choice", "welcome")
    AUTO_FOCUS = "#choice-welcome-close"

    def body(self) -> Iterable[Widget]:
        yield self.choice("welcome.close", "Go on")

    def text(self) -> Sequence[Line]:
        return welcome_lines(self._keymap)

    def action_close(self) -> None:
        if self.listening:
            self.dismiss()


def welcome_lines(keymap: Keymap) -> list[Line]:
    """The five panes and the keys to begin with, as the operator's own keymap has them."""
    about = [_line(BY_ID[name], words, keymap) if name else () for name, words in _WORDS.items()]
    return [(("The top lines: the mode, whether it may trade, and how old it is.", "plain"),), *about, ()]


def _line(action: Action, words: str, keymap: Keymap) -> Line:
    return (
        (f"{key_label(action, keymap):>6} ", "key"),
        (f"{action.title:<14}", "strong"),
        (words, "plain"),
    )
