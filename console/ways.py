"""The desk and the screens over it: which of them fills the terminal, and the ways from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from textual.app import App

from console.screens.desk import Desk

if TYPE_CHECKING:
    from console.screens.drill import Drill


class Ways:
    """Through the open screens of `app`; `open_drill` is given kind and key of one to open."""

    def __init__(self, app: App[Any], open_drill: Callable[[str, str], None]) -> None:
        self._app, self._open = app, open_drill

    @property
    def desk(self) -> Desk:
        """The screen below all others."""
        desk = self._app.screen_stack[0]
        assert isinstance(desk, Desk)
        return desk

    @property
    def drill(self) -> Drill | None:
        """The drill-down that fills the terminal, on top or behind dialogs; None where that is the desk."""
        behind = next(screen for screen in reversed(self._app.screen_stack) if not screen.is_modal)
        return None if behind is self.desk else cast("Drill", behind)

    def go_to(self, kind: str) -> None:
        """One of the screens that have a key of their own: they take each other's place."""
        if not isinstance(self._app.screen, drill_class(kind)):
            self.back_to_desk()
            self._open(kind, "")

    def back_to_desk(self) -> None:
        """Leave every screen over the desk."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()


def drill_class(kind: str) -> type[Drill]:
    """The screen over the desk of this kind. Raises KeyError for an unknown one."""
    from console.screens.drills import DRILLS

    return DRILLS[kind]
