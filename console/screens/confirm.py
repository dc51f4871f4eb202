"""One question, one key that confirms it, which is not the key that asked it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from textual.widget import Widget

from console.bindings import bindings
from console.publisher import View
from console.screens.dialog import Dialog
from console.widgets.ink import Line


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` decides which key confirms; `heading`, `words` and `yes` are what is read."""

    kind: Literal["pause", "reduce", "stop"]
    heading: str
    words: tuple[str, ...]
    yes: str


QUESTIONS = {
    ("pause", True): Question(
        "pause",
        "PAUSE ENTRIES?",
        ("No new entries until you lift it.", "Exits, stops and reductions go on."),
        "Pause entries",
    ),
    ("pause", False): Question(
        "pause", "LET ENTRIES GO ON?", ("Entries were paused by the operator.",), "Let entries go on"
    ),
    ("reduce", True): Question(
        "reduce",
        "ONLY REDUCE?",
        ("State REDUCING: only orders that reduce exposure,", "until you lift it."),
        "Only reduce from now on",
    ),
    ("reduce", False): Question(
        "reduce",
        "LIFT REDUCE?",
        ("REDUCING was set by the operator; a guard may still hold it.",),
        "Lift it",
    ),
    ("stop", True): Question(
        "stop",
        "STOP THE ENGINE?",
        ("It stops for everybody who is attached.", "Positions and their stops stay at the venue."),
        "Stop the engine",
    ),
}


class ConfirmScreen(Dialog[bool], inherit_bindings=False):
    """True if it was confirmed."""

    BINDINGS = bindings("dialog", "choice", "confirm")
    AUTO_FOCUS = "#choice-confirm-cancel"

    def __init__(self, keymap: Mapping[str, str], view: View, question: Question) -> None:
        self._question = question
        super().__init__(keymap, view)

    @property
    def heading(self) -> str:
        return self._question.heading

    def body(self) -> Iterable[Widget]:
        yield self.choice("confirm.cancel", "Leave it as it is")
        yield self.choice(f"{self._question.kind}.confirm", self._question.yes, ink="warn")

    def text(self) -> Sequence[Line]:
        return [*(((words, "plain"),) for words in self._question.words), ()]

    def action_cancel(self) -> None:
        if self.listening:
            self.dismiss(False)

    def action_pause(self) -> None:
        self._confirm("pause")

    def action_reduce(self) -> None:
        self._confirm("reduce")

    def action_stop(self) -> None:
        self._confirm("stop")

    def _confirm(self, kind: str) -> None:
        if self.listening and kind == self._question.kind:
            self.dismiss(True)
