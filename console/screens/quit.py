"""Leaving: four ways, and staying is the one that Enter takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from textual.widget import Widget

from console.bindings import bindings
from console.format import counted
from console.screens.dialog import Dialog
from console.widgets.ink import Line

Way = Literal["stay", "leave", "stop", "kill"]


class QuitScreen(Dialog[Way], inherit_bindings=False):
    """Asks how to leave."""

    HEADING = "QUIT?"
    BINDINGS = bindings("dialog", "choice", "quit")
    AUTO_FOCUS = "#choice-quit-stay"

    def body(self) -> Iterable[Widget]:
        yield self.choice("quit.stay", "Stay")
        yield self.choice("quit.leave", "Leave the screen; the engine goes on without it")
        if self._view.read_only:
            return
        stopping = "Stop the engine; positions and their stops stay"
        yield self.choice(
            "quit.stop", stopping if self._view.attachment is None else f"{stopping}; asks first"
        )
        yield self.choice("quit.kill", "Kill switch: asks before it does anything")

    def text(self) -> Sequence[Line]:
        snapshot = self._view.snapshot
        if snapshot is None:
            return [(("The engine is starting.", "plain"),), ()]
        held = counted(len(snapshot.positions), "open position", "open positions")
        working = counted(snapshot.working_orders, "working order", "working orders")
        return [((f"{held}, {working}.", "plain"),), ()]

    def action_stay(self) -> None:
        self._answer("stay")

    def action_leave(self) -> None:
        self._answer("leave")

    def action_stop(self) -> None:
        self._answer("stop")

    def action_kill(self) -> None:
        self._answer("kill")

    def _answer(self, way: Way) -> None:
        if self.listening:
            self.dismiss(way)
