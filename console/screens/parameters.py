"""A signal's parameters: they are typed as name=value, what changes is shown beside its bounds, and a key of its own
confirms them.

Enter goes from the text to the choices and confirms nothing. In LIVE the signal's name is typed as well. Whether they
fit together is for the engine to say, which takes all of them or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.widget import Widget
from textual.widgets import Input

from console.answers import Parameter
from console.bindings import bindings
from console.publisher import View
from console.questions import is_live, weight_row
from console.screens.dialog import Dialog
from console.widgets.ink import Line, Span, join
from engine.assignments import AssignmentFault, assignments
from engine.config_text import toml_text

BACK = "default"
"""What is typed to go back to the configuration."""
_LONGEST, _MOST_TYPED = 400, 3
_BETWEEN: Span = (" · ", "frame")


class ParametersScreen(Dialog[str | None], inherit_bindings=False):
    """The text as it was typed, or None when it was given up."""

    BINDINGS = bindings("dialog", "choice", "parameters")
    AUTO_FOCUS = "#parameters-text"

    def __init__(
        self, keymap: Mapping[str, str], view: View, name: str, parameters: Sequence[Parameter]
    ) -> None:
        super().__init__(keymap, view)
        self._signal = name
        self._parameters = parameters
        self._wants_name = is_live(view)
        self._input = Input(
            placeholder=f"name=value name=value, or {BACK}", id="parameters-text", max_length=_LONGEST
        )
        self._name_typed = Input(placeholder=f"type {name}", id="parameters-name", max_length=40)
        self._cancel = self.choice("parameters.cancel", "Leave them as they are")

    @property
    def heading(self) -> str:
        return f"PARAMETERS OF {self._signal}?"

    def body(self) -> Iterable[Widget]:
        yield self._input
        if self._wants_name:
            yield self._name_typed
        yield self._cancel
        yield self.choice("parameters.confirm", f"Set the parameters of {self._signal}", ink="warn")

    def text(self) -> Sequence[Line]:
        missing = self._missing
        return [
            *change_lines(self._parameters, self._typed),
            (("Its past is computed with them first, beside the bars; its record begins anew.", "plain"),),
            *self._standing(),
            ((missing, "warn"),) if missing else (("Enter, then the key below sets them.", "strong"),),
            (),
        ]

    def on_input_changed(self) -> None:
        self.show(self._view)

    def on_input_submitted(self) -> None:
        if not fault_of(self._parameters, self._typed):
            (self._cancel if self._named else self._name_typed).focus()

    def action_cancel(self) -> None:
        if self.listening:
            self.dismiss(None)

    def action_change(self) -> None:
        if self.listening and not self._missing:
            self.dismiss(self._typed)

    def _standing(self) -> list[Line]:
        """Whether what is asked moves positions."""
        row = weight_row(self._view.snapshot, self._signal)
        if row is None or not row.weight:
            return [(("It has no weight: nothing traded changes.", "plain"),)]
        return [((f"It has {row.weight:.2f} of its class: positions may change with the next bar.", "warn"),)]

    @property
    def _typed(self) -> str:
        return self._input.value.strip()

    @property
    def _named(self) -> bool:
        """Whether the signal's name was typed, where that is asked for."""
        return not self._wants_name or self._name_typed.value.strip().upper() == self._signal.upper()

    @property
    def _missing(self) -> str:
        """What is still to be typed; "" where nothing is."""
        if fault := fault_of(self._parameters, self._typed):
            return fault
        return "" if self._named else f"LIVE: type {self._signal} too, then Enter."


def fault_of(parameters: Sequence[Parameter], text: str) -> str:
    """What keeps `text` from being asked for; "" where nothing does."""
    if text == BACK:
        return ""
    try:
        values = assignments(text)
    except AssignmentFault as fault:
        return f"{fault}."
    if not values:
        return f"Type name=value, or {BACK} to go back to the configuration."
    known = {parameter.name for parameter in parameters}
    unknown = [name for name in values if name not in known]
    return f"There is no parameter {', '.join(unknown)}." if unknown else ""


def change_lines(parameters: Sequence[Parameter], text: str) -> list[Line]:
    """Of the parameters that are typed what they are now and would be, with their bounds; and the others there are,
    while that leaves the choices in sight."""
    wanted = _values(parameters, text)
    typed = [parameter for parameter in parameters if parameter.name in wanted]
    lines: list[Line] = [
        (
            (
                f"{one.name} {toml_text(one.value)} to {toml_text(wanted[one.name])} {one.unit}".rstrip(),
                "strong",
            ),
            (f"  {one.bounds}" if one.bounds else "", "soft"),
        )
        for one in typed[:_MOST_TYPED]
    ]
    if text == BACK:
        theirs = [parameter.name for parameter in parameters if parameter.by]
        lines.append(((f"as configured: {', '.join(theirs) or 'they all are already'}", "strong"),))
    if len(typed) > _MOST_TYPED:
        return [*lines, ((f"and {len(typed) - _MOST_TYPED} more", "strong"),)]
    rest = [_told(parameter) for parameter in parameters if parameter not in typed]
    return [*lines, tuple(join(rest, _BETWEEN))]


def _values(parameters: Sequence[Parameter], text: str) -> dict[str, Any]:
    try:
        return assignments(text) if text != BACK else {}
    except AssignmentFault:
        return {}


def _told(parameter: Parameter) -> Line:
    whose = f" by {parameter.by}" if parameter.by else ""
    bounds = f" ({parameter.bounds})" if parameter.bounds else ""
    value = (f"{toml_text(parameter.value)}{whose}", "warn" if whose else "strong")
    return ((f"{parameter.name} ", "plain"), value, (bounds, "soft"))
