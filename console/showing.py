"""Which of the open screens are drawn at a turn: the one on top, what a dialog leaves in sight now and then, no other.

What is in sight below a dialog is drawn with the whole dialog, so it is drawn less often, but never left to go old.
What is covered whole only takes note of what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from textual.screen import Screen

from console.publisher import View

_TURNS_KEPT_BELOW = 4


@runtime_checkable
class Shown(Protocol):
    """A screen that is brought up to date at every turn."""

    def show(self, view: View) -> None: ...


@runtime_checkable
class Kept(Shown, Protocol):
    """A screen that takes note of what is new while others cover it."""

    def keep(self, view: View) -> None: ...


class Showing:
    """Counts the turns."""

    def __init__(self) -> None:
        self._turns = 0

    def show(self, screens: Sequence[Screen[Any]], behind: Screen[Any], view: View) -> None:
        """Show `view` on `screens`, the top one last; `behind` fills the terminal, on top or below dialogs."""
        *below, top = screens
        if below:
            self._turns += 1
        in_turn = self._turns % _TURNS_KEPT_BELOW == 0
        for screen in below:
            if isinstance(screen, Kept):
                (screen.show if in_turn and screen is behind else screen.keep)(view)
            elif in_turn and screen.is_mounted and isinstance(screen, Shown):
                screen.show(view)
                # A dialog below another one keeps its picture of what is behind it until it is told to draw.
                screen.refresh()
        if isinstance(top, Shown) and top.is_mounted:
            top.show(view)
