"""What became of a kill, in the engine's own words: this screen never says done before the venue said flat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from textual.widget import Widget

from console.attachment import UNCONFIRMED
from console.bindings import bindings
from console.format import age, counted
from console.publisher import View
from console.screens.dialog import Dialog
from console.widgets.ink import Line
from engine.commands import CommandResult
from engine.snapshot import KillRow, Snapshot

_DONE = {"flat": "FLAT: the venue confirms it.", "kept": "DONE: orders cancelled, positions and stops kept."}
_BACK = "Back to the panes"
_HEADINGS = {"flat": "FLAT", "kept": "ORDERS CANCELLED, POSITIONS KEPT"}


class KillProgress(Dialog[None], inherit_bindings=False):
    """Follows one kill; leaving it stops nothing."""

    HEADING = "KILL"
    BINDINGS = bindings("dialog", "choice", "progress")

    def __init__(
        self, keymap: Mapping[str, str], view: View, *, asked: asyncio.Task[CommandResult] | None
    ) -> None:
        super().__init__(keymap, view)
        self._asked = asked
        self._asked_wall_ms = view.wall_ms
        self._answered_at_sequence: int | None = None
        self._leave = self.choice("kill.leave", _BACK)

    @property
    def heading(self) -> str:
        kill = self._kill
        return self.HEADING if kill is None else _HEADINGS.get(kill.progress, self.HEADING)

    def body(self) -> Iterable[Widget]:
        yield self._leave

    def show(self, view: View) -> None:
        super().show(view)
        self._leave.say(f"{_BACK}; the kill goes on" if self._goes_on() else _BACK)

    def text(self) -> Sequence[Line]:
        return [*self._latch_lines(), *self._progress_lines(), ()]

    def action_leave(self) -> None:
        if self.listening:
            self.dismiss()

    def _latch_lines(self) -> list[Line]:
        if self._asked is None:
            return []
        if not self._asked.done():
            waited = age(self._view.wall_ms - self._asked_wall_ms)
            words = f"asked {waited} ago, HALTED not confirmed yet.{self._deadline()}"
            return [((words, "warn"),), *self._way_out("If this stays", "soft")]
        result = self._asked.result()
        if result.state == UNCONFIRMED and self._halted():
            return [(("HALTED", "halted"), (" the engine shows it; its answer never came", "plain"))]
        if not result.accepted:
            word = "NOT CONFIRMED" if result.state == UNCONFIRMED else "NOT HALTED"
            return [
                ((f"{word}: ", "halted"), (f" {result.message}", "strong")),
                *self._way_out("Now", "warn"),
            ]
        over = self._kill is not None and self._kill.progress in _DONE
        words = "" if over else result.message.removeprefix("HALTED").lstrip("; ")
        return [(("HALTED", "halted"), (f" {words}", "plain"))]

    def _deadline(self) -> str:
        """How long an engine in another process may take to answer."""
        attachment = self._view.attachment
        return "" if attachment is None else f" Deadline {attachment.kill_answer_s:g} s."

    def _way_out(self, when: str, ink: str) -> list[Line]:
        """The command that works without this console and without the engine."""
        snapshot = self._view.snapshot
        if snapshot is None or self._view.attachment is None or not snapshot.database:
            return [((f"{when}: quarterdeck kill, from another shell.", ink),)]
        return [
            ((f"{when}, from another shell:", ink),),
            ((f"  quarterdeck kill --db {snapshot.database}", ink),),
        ]

    def _goes_on(self) -> bool:
        """Whether the engine is still at it, as far as this screen knows; nobody knows of an engine that is gone."""
        attachment, kill = self._view.attachment, self._kill
        if attachment is not None and attachment.lost:
            return False
        if kill is not None:
            return kill.progress not in _DONE
        return self._asked is not None and (not self._asked.done() or self._asked.result().accepted)

    def _halted(self) -> bool:
        snapshot = self._view.snapshot
        return snapshot is not None and snapshot.state == "HALTED"

    def _progress_lines(self) -> list[Line]:
        kill = self._kill
        if kill is not None:
            return progress_lines(kill, self._view.wall_ms)
        return [(("no progress from the engine yet", "soft"),)] if self._goes_on() else []

    @property
    def _kill(self) -> KillRow | None:
        """How far this kill is; None while no picture is known to be about it."""
        snapshot = self._view.snapshot
        kill = snapshot.kill if snapshot is not None else None
        if snapshot is None or kill is None or (kill.progress in _DONE and not self._newer(snapshot)):
            return None
        return kill

    def _newer(self, snapshot: Snapshot) -> bool:
        """Whether the picture is from after the answer: an earlier one may show the end of an earlier kill."""
        if self._asked is None:
            return True
        if not self._asked.done():
            return False
        if self._answered_at_sequence is None:
            self._answered_at_sequence = snapshot.sequence
        return snapshot.sequence > self._answered_at_sequence


def progress_lines(kill: KillRow, wall_ms: int) -> list[Line]:
    """The venue's line, and whether it is over."""
    done = _DONE.get(kill.progress)
    running = f"  {age(wall_ms - kill.started_wall_ms)}" if done is None else ""
    lines: list[Line] = [
        (
            (f"{kill.venue}: ", "strong"),
            (
                f"cancelled {kill.cancelled}, still open {counted(kill.open_orders, 'order', 'orders')}, ",
                "plain",
            ),
            (f"{counted(kill.open_positions, 'position', 'positions')}{running}", "plain"),
        )
    ]
    if kill.error:
        lines.append(((f"{kill.error}; trying again", "warn"),))
    lines.append(((done, "strong"),) if done else ((f"{kill.progress}...", "warn"),))
    return lines
