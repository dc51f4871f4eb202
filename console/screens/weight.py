"""A signal's weight: the number is typed, its effect is shown, and a key of its own confirms it.

Enter goes from the number to the choices and confirms nothing. In LIVE the signal's name is typed as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.widget import Widget
from textual.widgets import Input

from console.bindings import bindings
from console.publisher import View
from console.questions import is_live, weight_lines
from console.screens.dialog import Dialog
from console.widgets.ink import Line
from engine.commands import LEAST_WEIGHT, MOST_WEIGHT

_LONGEST = 12


class WeightScreen(Dialog[str | None], inherit_bindings=False):
    """The weight as it was typed, or None when it was given up."""

    BINDINGS = bindings("dialog", "choice", "weight")
    AUTO_FOCUS = "#weight-number"

    def __init__(self, keymap: Mapping[str, str], view: View, name: str) -> None:
        super().__init__(keymap, view)
        self._signal = name
        self._wants_name = is_live(view)
        self._number = Input(
            placeholder=f"a share from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}",
            id="weight-number",
            restrict=r"[0-9.]*",
            max_length=_LONGEST,
        )
        self._name_typed = Input(placeholder=f"type {name}", id="weight-name", max_length=40)
        self._cancel = self.choice("weight.cancel", "Leave it as it is")

    @property
    def heading(self) -> str:
        return f"WEIGHT OF {self._signal}?"

    def body(self) -> Iterable[Widget]:
        yield self._number
        if self._wants_name:
            yield self._name_typed
        yield self._cancel
        yield self.choice("weight.confirm", f"Change the weight of {self._signal}", ink="warn")

    def text(self) -> Sequence[Line]:
        missing = self._missing
        return [
            *weight_lines(self._view.snapshot, self._signal, weight_of(self._typed)),
            ((missing, "warn"),) if missing else (("Enter, then the key below changes it.", "strong"),),
            (),
        ]

    def on_input_changed(self) -> None:
        self.show(self._view)

    def on_input_submitted(self) -> None:
        if weight_of(self._typed) is None:
            return
        (self._cancel if self._named else self._name_typed).focus()

    def action_cancel(self) -> None:
        if self.listening:
            self.dismiss(None)

    def action_change(self) -> None:
        if self.listening and not self._missing:
            self.dismiss(self._typed)

    @property
    def _typed(self) -> str:
        return self._number.value.strip()

    @property
    def _named(self) -> bool:
        """Whether the signal's name was typed, where that is asked for."""
        return not self._wants_name or self._name_typed.value.strip().upper() == self._signal.upper()

    @property
    def _missing(self) -> str:
        """What is still to be typed; "" where nothing is."""
        if weight_of(self._typed) is None:
            return f"Type a share from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}: those of a class sum to 1."
        return "" if self._named else f"LIVE: type {self._signal} too, then Enter."


def weight_of(text: str) -> float | None:
    """The weight in `text`; None where there is none within the bounds."""
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if LEAST_WEIGHT <= weight <= MOST_WEIGHT else None
