"""What all dialogs share: they lie over the desk but never over the status bar, and they ignore the first moment.

A key that is still held down, or struck twice in a hurry, must not answer a question that has just appeared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import ClassVar, Protocol, TypeVar, cast

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from console.actions import BY_ID
from console.arrangement import size_of
from console.bindings import bindings
from console.keymap import key_label
from console.publisher import View
from console.widgets.choice import Choice
from console.widgets.ink import Line, broken
from console.widgets.lines import Lines
from console.widgets.status import StatusBar
from console.widgets.veil import veiled

GUARD_S = 0.3
_LOW_OR_HIGH = [(0, "-low"), (24, "-high")]
Result = TypeVar("Result")


class ClockOwner(Protocol):
    """The app, as far as dialogs need it."""

    def monotonic_s(self) -> float: ...


class Dialog(ModalScreen[Result], inherit_bindings=False):
    """A question in a box. Subclasses say what stands in it, and have an action for each choice."""

    HEADING: ClassVar[str] = ""
    BINDINGS = bindings("dialog")
    AUTO_FOCUS: ClassVar[str | None] = None
    # On a low screen the box leaves its margins out, so that every choice is in sight.
    VERTICAL_BREAKPOINTS = _LOW_OR_HIGH

    def __init__(self, keymap: Mapping[str, str], view: View) -> None:
        super().__init__()
        self._keymap = keymap
        self._view = view
        self._shown_at = inf
        self._status = StatusBar()
        self._text = Lines(classes="dialog-text")
        self._box = Vertical(classes="dialog-box")

    def compose(self) -> ComposeResult:
        yield self._status
        self._box.border_title = self.heading
        with self._box:
            yield self._text
            yield from self.body()

    def render(self) -> RenderableType:
        return veiled(self, super().render())

    @property
    def heading(self) -> str:
        """What stands in the frame."""
        return self.HEADING

    def body(self) -> Iterable[Widget]:
        """What stands below the text: choices, fields."""
        raise NotImplementedError

    def text(self) -> Sequence[Line]:
        """What the dialog says, from what is known now."""
        raise NotImplementedError

    def show(self, view: View) -> None:
        """Bring status bar and text up to date."""
        self._view = view
        self._status.show_view(view, size_of(self.app.size.width, self.app.size.height))
        if self._box.border_title != self.heading:
            self._box.border_title = self.heading
        width = self._text.size.width
        lines = [part for line in self.text() for part in (broken(line, width) if width else (line,))]
        if len(lines) != len(self._text.lines):
            self._text.styles.height = len(lines)
        self._text.show(lines)

    def on_mount(self) -> None:
        self._shown_at = self.now_s()
        self.show(self._view)
        # Once more when the box has its width: long lines are broken at it.
        self.call_after_refresh(lambda: self.show(self._view))

    def on_screen_resume(self) -> None:
        # Whatever lay above may have been closed by a key that is still down.
        self._shown_at = self.now_s()

    def now_s(self) -> float:
        """The app's clock, which only goes forward."""
        return cast(ClockOwner, self.app).monotonic_s()

    @property
    def listening(self) -> bool:
        """False in the first moment, when whatever is struck was not meant for this question."""
        return self.now_s() - self._shown_at >= GUARD_S

    def choice(self, action_id: str, words: str, *, ink: str = "plain") -> Choice:
        """One thing that is offered."""
        action = BY_ID[action_id]
        return Choice(action, key_label(action, self._keymap), words, ink=ink)

    def action_next_choice(self) -> None:
        self.focus_next()

    def action_previous_choice(self) -> None:
        self.focus_previous()

    async def action_choose(self) -> None:
        if isinstance(self.focused, Choice):
            await self.run_action(self.focused.action.call)
