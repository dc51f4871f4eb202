"""The last log lines, drawn line by line: a ring that follows its end until the reader moves away from it.

It keeps its own place instead of a scrollable size, because a size that grows with every line would lay out the whole
screen anew twice a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.strip import Strip
from textual.widget import Widget

from console.format import clock, log_time
from console.widgets.ink import Line, inks_of, strip_of
from engine.snapshot import LogLine

RING_LINES = 2_000
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_LEVEL_INKS = {"DEBUG": "soft", "INFO": "plain", "WARN": "warn", "ERROR": "breach"}
_SHIFT_CELLS = 20
_WHEEL_LINES = 3
_NARROW = 100


class LogView(Widget, can_focus=True):
    """Log lines at or above a level. Moving to the last line follows again."""

    DEFAULT_CSS = """
    LogView { width: 1fr; height: 1fr; background: $background; }
    """

    def __init__(self, level: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._level = level
        self._ring: deque[LogLine] = deque(maxlen=RING_LINES)
        self._shown: list[LogLine] = []
        self._shift = 0
        self._top = 0
        self.following = True
        self.empty: Sequence[str] = ()

    @property
    def level(self) -> str:
        """The least level shown."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        self._shown = [line for line in self._ring if self._wanted(line)]
        self._settle()

    @property
    def shown(self) -> Sequence[LogLine]:
        """The lines at or above the level, oldest first."""
        return self._shown

    def add(self, lines: Sequence[LogLine]) -> None:
        """Append lines; the oldest fall out of the ring."""
        if not lines:
            return
        self._ring.extend(lines)
        self._shown += [line for line in lines if self._wanted(line)]
        surplus = len(self._shown) - RING_LINES
        if surplus > 0:
            del self._shown[:surplus]
            self._top = max(0, self._top - surplus)
        self._settle()

    def move_cursor(self, steps: int) -> None:
        """Scroll by lines; at the end it follows again."""
        self._top = min(max(0, self._top + steps), self._last_top)
        self.following = self._top >= self._last_top
        self.refresh()

    def move_half(self, direction: int) -> None:
        """Scroll by half of what is in sight."""
        self.move_cursor(direction * max(1, self.size.height // 2))

    def move_first(self) -> None:
        """Scroll to the oldest line."""
        self.move_cursor(-len(self._shown))

    def move_last(self) -> None:
        """Scroll to the newest line and follow."""
        self.move_cursor(len(self._shown))

    def move_columns(self, steps: int) -> None:
        """Show what is cut at the right of long lines, or go back."""
        self._shift = max(0, self._shift + steps * _SHIFT_CELLS)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        row = y + self._top
        if not self._shown:
            text = self.empty[y] if y < len(self.empty) else ""
            return strip_of(((f" {text}", "soft"),), width, base, inks_of(self))
        if row >= len(self._shown):
            return Strip.blank(width, base)
        return strip_of(self._line(self._shown[row], width), width, base, inks_of(self))

    def on_resize(self, event: Resize) -> None:
        self._settle()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        self.move_cursor(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self.move_cursor(-_WHEEL_LINES)

    @property
    def _last_top(self) -> int:
        """The place from which the end is in sight."""
        return max(0, len(self._shown) - self.size.height)

    def _settle(self) -> None:
        self._top = self._last_top if self.following else min(self._top, self._last_top)
        self.refresh()

    def _wanted(self, line: LogLine) -> bool:
        known = line.level if line.level in LEVELS else "ERROR"
        return LEVELS.index(known) >= LEVELS.index(self._level)

    def _line(self, line: LogLine, width: int) -> Line:
        ink = _LEVEL_INKS.get(line.level, "breach")
        message = line.message[self._shift :]
        if width < _NARROW:
            return ((f" {clock(line.ts_ms)} ", "soft"), (f"{line.level:<5} ", ink), (message, "plain"))
        return (
            (f" {log_time(line.ts_ms)} ", "soft"),
            (f"{line.level:<5} ", ink),
            (f"{line.source:<16.16} ", "soft"),
            (message, "plain"),
        )
