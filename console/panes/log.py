"""What happened: the engine's log lines, gathered and written twice a second."""

from __future__ import annotations

from collections.abc import Sequence

from console.panes.pane import Pane
from console.publisher import View
from console.widgets.ink import Line, Span, join
from console.widgets.logview import LEVELS, RING_LINES, LogView
from engine.snapshot import LogLine

_FLUSH_MS = 450


class LogPane(Pane):
    """The newest line is the last; lines a picture no longer held are counted as dropped."""

    NAME = "log"
    HEADING = "LOG"

    def __init__(self, level: str) -> None:
        self._view = LogView(level)
        super().__init__(self._view)
        self._gathered: list[LogLine] = []
        self._last_sequence: int | None = None
        self._flushed_ms = 0
        self._dropped = 0

    def show(self, view: View) -> None:
        self.gather(view)
        if view.wall_ms - self._flushed_ms >= _FLUSH_MS or view.wall_ms < self._flushed_ms:
            self._flushed_ms = view.wall_ms
            self._view.empty = (
                f"Nothing at {self._view.level} or above yet.",
                "" if self._view.level == LEVELS[0] else "The palette sets another level: log level.",
            )
            self._view.add(self._gathered)
            self._gathered = []
        self.set_status(self._state())

    def gather(self, view: View) -> None:
        """Keep the lines that are new, to be written with the next `show`."""
        lines = view.snapshot.log if view.snapshot is not None else ()
        seen = self._last_sequence
        if lines and lines[-1].sequence == seen:
            return
        if lines and seen is not None and lines[-1].sequence < seen:
            seen = None
        new = [line for line in lines if seen is None or line.sequence > seen]
        if not new:
            return
        if seen is not None:
            self._dropped += new[0].sequence - seen - 1
        self._last_sequence = new[-1].sequence
        self._gathered = (self._gathered + new)[-RING_LINES:]

    @property
    def opens(self) -> tuple[str, str] | None:
        line = self._view.cursor_line
        return ("log", str(line.sequence)) if line is not None else None

    @property
    def lines(self) -> Sequence[LogLine]:
        """Every line that is still there, oldest first, whatever the level and the filter."""
        return self._view.held

    @property
    def level(self) -> str:
        """The least level shown."""
        return self._view.level

    def set_level(self, level: str) -> None:
        """Show lines at or above `level`."""
        self._view.level = level
        self.set_status(self._state())

    def _state(self) -> Line:
        following: Span = ("follow", "soft") if self._view.following else ("G to follow", "warn")
        parts: list[Line] = [
            [(f"{self._view.level}+", "soft")],
            [following],
            [(f"{self._dropped} dropped", "warn" if self._dropped else "soft")],
        ]
        return tuple(join(parts, (" · ", "frame")))
