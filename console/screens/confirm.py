"""One question, one key that confirms it, which is not the key that asked it.

Where the question wants a word, as in LIVE, the key confirms only once the word is there: type it, Enter, then the key.
Enter alone never confirms anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.widget import Widget
from textual.widgets import Input

from console.bindings import bindings
from console.publisher import View
from console.questions import Question
from console.screens.dialog import Dialog
from console.widgets.ink import Line

_CANCEL = "choice-confirm-cancel"
_WORD = "confirm-word"


class ConfirmScreen(Dialog[bool], inherit_bindings=False):
    """True if it was confirmed."""

    BINDINGS = bindings("dialog", "choice", "confirm")
    AUTO_FOCUS = f"#{_WORD}, #{_CANCEL}"

    def __init__(self, keymap: Mapping[str, str], view: View, question: Question) -> None:
        super().__init__(keymap, view)
        self._question = question
        self._word = Input(placeholder=f"type {question.typed}", id=_WORD, max_length=40)
        self._cancel = self.choice("confirm.cancel", "Leave it as it is")

    @property
    def heading(self) -> str:
        return self._question.heading

    def body(self) -> Iterable[Widget]:
        if self._question.typed:
            yield self._word
        yield self._cancel
        yield self.choice(f"{self._question.kind}.confirm", self._question.yes, ink="warn")

    def text(self) -> Sequence[Line]:
        lines = [*self._question.lines(self._view), ()]
        if self._question.typed and not self._typed:
            lines[-1:] = [((f"LIVE: type {self._question.typed}, then Enter.", "warn"),), ()]
        return lines

    def on_input_changed(self) -> None:
        self.show(self._view)

    def on_input_submitted(self) -> None:
        if self.listening and self._typed:
            self._cancel.focus()

    def action_cancel(self) -> None:
        if self.listening:
            self.dismiss(False)

    def action_pause(self) -> None:
        self._confirm("pause")

    def action_reduce(self) -> None:
        self._confirm("reduce")

    def action_stop(self) -> None:
        self._confirm("stop")

    def action_flatten(self) -> None:
        self._confirm("flatten")

    def action_confirm_cancel(self) -> None:
        self._confirm("cancel")

    def action_switch(self) -> None:
        self._confirm("signal")

    def action_confirm_method(self) -> None:
        self._confirm("method")

    @property
    def _typed(self) -> bool:
        """Whether the word is there that the question wants."""
        wanted = self._question.typed
        return not wanted or self._word.value.strip().upper() == wanted.upper()

    def _confirm(self, kind: str) -> None:
        if self.listening and kind == self._question.kind and self._typed:
            self.dismiss(True)
