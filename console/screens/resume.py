"""Out of HALTED: the word, typed, in LIVE with the venue, and the reason, which goes into the audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.widget import Widget
from textual.widgets import Input

from console.bindings import bindings
from console.publisher import View
from console.questions import is_live
from console.screens.dialog import Dialog
from console.widgets.ink import Line
from risk.state import OPERATOR

WORD = "RESUME"


class ResumeScreen(Dialog[str | None], inherit_bindings=False):
    """The reason, or None when it was given up."""

    HEADING = "RESUME TRADING"
    BINDINGS = bindings("dialog", "choice", "resume")
    AUTO_FOCUS = "#resume-word"

    def __init__(self, keymap: Mapping[str, str], view: View) -> None:
        super().__init__(keymap, view)
        self._wanted = word_wanted(view)
        self._word = Input(placeholder=f"type {self._wanted}", id="resume-word", max_length=60)
        self._reason = Input(placeholder="reason, for the audit", id="resume-reason", max_length=200)

    def body(self) -> Iterable[Widget]:
        yield self._word
        yield self._reason
        yield self.choice("resume.cancel", "Stay HALTED")

    def text(self) -> Sequence[Line]:
        missing = self._missing()
        return [
            (("The high-water mark is set to the present equity.", "plain"),),
            *(((f"Lifted with it: {words}.", "warn"),) for words in lifted_with_it(self._view)),
            ((missing, "warn"),) if missing else (("Enter resumes trading.", "strong"),),
            (),
        ]

    def on_input_changed(self) -> None:
        self.show(self._view)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input is not self._reason or self._missing():
            self._reason.focus()
        elif self.listening:
            self.dismiss(self._reason.value.strip())

    def action_cancel(self) -> None:
        if self.listening:
            self.dismiss(None)

    def _missing(self) -> str:
        if " ".join(self._word.value.split()) != self._wanted:
            return f"Type {self._wanted} and a reason, then Enter."
        return "" if self._reason.value.strip() else "A reason is needed too."


def lifted_with_it(view: View) -> list[str]:
    """What an operator asked for and what ends with the resume, besides the halt."""
    overrides = () if view.snapshot is None else view.snapshot.overrides
    return [
        f"{row.name} by {row.actor}: {row.reason}"
        for row in overrides
        if row.state != "HALTED" and row.ends == OPERATOR
    ]


def word_wanted(view: View) -> str:
    """What must be typed: the word, and in LIVE the venues it lets orders go to."""
    venues = () if view.snapshot is None or not is_live(view) else view.snapshot.venues
    return " ".join([WORD, *(venue.name for venue in venues)])
