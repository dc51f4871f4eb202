"""The last log lines, drawn line by line: a ring that follows its end until the reader moves away from it.

A filter leaves only the lines that contain it; finding shows every line again and goes from one of them to the next,
so that what stood around it can be read. The view keeps its own place instead of a scrollable size, because a size that
grows with every line would lay out the whole screen anew twice a second.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence

from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from console.format import MINUS, clock, counted, log_time
from console.widgets.ink import Line, Span, inks_of, strip_of
from console.widgets.selection import matches, words_of
from engine.snapshot import LogLine

RING_LINES = 2_000
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_LEVEL_INKS = {"DEBUG": "soft", "INFO": "plain", "WARN": "warn", "ERROR": "danger"}
_SHIFT_CELLS = 20
_WHEEL_LINES = 3
_NARROW = 100
_POINTER = "▸"


class LogView(Widget, can_focus=True):
    """Log lines at or above a level. Moving to the last line follows again."""

    DEFAULT_CSS = """
    LogView { width: 1fr; height: 1fr; background: $background; }
    """

    class Rearranged(Message):
        """The operator filtered or looked for something: the title says something else."""

    def __init__(self, level: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._level = level
        self._ring: deque[LogLine] = deque(maxlen=RING_LINES)
        self._shown: list[LogLine] = []
        self._filter = ""
        self._words: tuple[str, ...] = ()
        self._in_context = False
        self._found: list[int] | None = None
        self._shift = 0
        self._top = 0
        self._cursor = 0
        self.following = True
        self.empty: Sequence[str] = ()

    @property
    def level(self) -> str:
        """The least level shown."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        self._choose_anew()

    @property
    def filter(self) -> str:
        """What is looked for; "" for nothing."""
        return self._filter

    def set_filter(self, text: str) -> None:
        """Show only lines that contain every word of `text`, whatever the case; "" shows all."""
        text = " ".join(text.split())
        if text != self._filter or self._in_context:
            self._filter, self._words, self._in_context = text, words_of(text), False
            self._choose_anew()
            self.post_message(self.Rearranged())

    def find(self, direction: int) -> bool:
        """Go to the next line that contains the filter, or with -1 to the one before, among all the others.

        False where nothing contains it.
        """
        if not self._words:
            return False
        if not self._in_context:
            # The line that was found last is where the reader is, also when it is the newest.
            self._in_context, self.following = True, False
            self._choose_anew()
        found = self._found_rows()
        self.post_message(self.Rearranged())
        if not found:
            return False
        beyond = [row for row in found if (row - self._cursor) * direction > 0]
        wanted = (beyond or found)[0 if direction > 0 else -1]
        self._place_cursor(wanted, middle=True)
        return True

    @property
    def title_words(self) -> Line:
        """The filter and how many lines contain it; while finding, which of them the reader is on."""
        if not self._filter:
            return ()
        if not self._in_context:
            at_level = sum(map(self._at_level, self._ring))
            return [(f"/{self._filter}", "strong"), (f" {len(self._shown):,} of {at_level:,}", "soft")]
        found = self._found_rows()
        place = f"{found.index(self._cursor) + 1} of " if self._cursor in found else ""
        return [("find ", "soft"), (self._filter, "strong"), (f" {place}{len(found):,}", "soft")]

    @property
    def shown(self) -> Sequence[LogLine]:
        """The lines at or above the level that contain the filter, oldest first."""
        return self._shown

    @property
    def window(self) -> tuple[int, int]:
        """First line in sight and the one after the last, of those that are shown."""
        return self._top, min(len(self._shown), self._top + self.size.height)

    @property
    def held(self) -> Sequence[LogLine]:
        """Every line that is still there, oldest first."""
        return tuple(self._ring)

    @property
    def cursor_line(self) -> LogLine | None:
        """The line under the cursor; None while there is none."""
        return self._shown[self._cursor] if self._shown else None

    def row_text(self) -> str:
        """The line under the cursor, whole; "" where there is none."""
        line = self.cursor_line
        if line is None:
            return ""
        words = (log_time(line.ts_ms), line.level, line.source, line.message.replace(MINUS, "-"))
        return "\t".join(words)

    def add(self, lines: Sequence[LogLine]) -> None:
        """Append lines; the oldest fall out of the ring."""
        if not lines:
            return
        self._found = None
        self._ring.extend(lines)
        self._shown += self._wanted(lines)
        surplus = len(self._shown) - RING_LINES
        if surplus > 0:
            del self._shown[:surplus]
            self._top = max(0, self._top - surplus)
            self._cursor = max(0, self._cursor - surplus)
        self._settle()

    def move_cursor(self, steps: int) -> None:
        """Move the cursor by lines; on the last one it follows again."""
        self._place_cursor(self._cursor + steps)

    def move_half(self, direction: int) -> None:
        """Move the cursor by half of what is in sight."""
        self.move_cursor(direction * max(1, self.size.height // 2))

    def move_first(self) -> None:
        """Go to the oldest line."""
        self._place_cursor(0)

    def move_last(self) -> None:
        """Go to the newest line and follow."""
        self._place_cursor(len(self._shown) - 1)

    def move_columns(self, steps: int) -> None:
        """Show what is cut at the right of long lines, or go back."""
        self._shift = max(0, self._shift + steps * _SHIFT_CELLS)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        row = y + self._top
        if not self._shown:
            words = self.empty if not self._filter else self._nothing_left()
            return strip_of(((f" {words[y] if y < len(words) else ''}", "soft"),), width, base, inks_of(self))
        if row >= len(self._shown):
            return Strip.blank(width, base)
        under_cursor = row == self._cursor and self.has_focus
        if under_cursor:
            base += inks_of(self)["cursor"]
        pointer = _POINTER if under_cursor else " "
        return strip_of(self._line(self._shown[row], width, pointer), width, base, inks_of(self))

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

    def _place_cursor(self, row: int, *, middle: bool = False) -> None:
        self._cursor = min(max(0, row), max(0, len(self._shown) - 1))
        self.following = self._cursor >= len(self._shown) - 1
        in_sight = max(1, self.size.height)
        if middle:
            self._top = self._cursor - in_sight // 2
        else:
            self._top = min(max(self._top, self._cursor - in_sight + 1), self._cursor)
        self._settle()

    def _settle(self) -> None:
        if self.following:
            self._cursor = max(0, len(self._shown) - 1)
            self._top = self._last_top
        self._top = min(max(0, self._top), self._last_top)
        self.refresh()

    def _choose_anew(self) -> None:
        """Other lines are shown: the cursor stays on its line, or on the next one that is still there."""
        reader_on = self.cursor_line
        self._found = None
        self._shown = self._wanted(self._ring)
        if reader_on is not None and not self.following:
            later = (row for row, line in enumerate(self._shown) if line.sequence >= reader_on.sequence)
            self._place_cursor(next(later, len(self._shown) - 1))
        self._settle()

    def _found_rows(self) -> list[int]:
        """The rows that contain the filter; worked out once for the lines that are shown."""
        if self._found is None:
            self._found = [row for row, line in enumerate(self._shown) if self._contains(line)]
        return self._found

    def _wanted(self, lines: Iterable[LogLine]) -> list[LogLine]:
        there = [line for line in lines if self._at_level(line)]
        if not self._words or self._in_context:
            return there
        return [line for line in there if self._contains(line)]

    def _at_level(self, line: LogLine) -> bool:
        known = line.level if line.level in LEVELS else "ERROR"
        return LEVELS.index(known) >= LEVELS.index(self._level)

    def _contains(self, line: LogLine) -> bool:
        return matches((line.level, line.source, line.message), self._words)

    def _nothing_left(self) -> tuple[str, ...]:
        there = counted(sum(map(self._at_level, self._ring)), "line", "lines")
        return f"No line contains {self._filter!r}.", f"Clear the filter to see all {there}."

    def _line(self, line: LogLine, width: int, pointer: str) -> Line:
        ink = _LEVEL_INKS.get(line.level, "danger")
        message = self._marked(line.message[self._shift :])
        if width < _NARROW:
            return ((f"{pointer}{clock(line.ts_ms)} ", "soft"), (f"{line.level:<5} ", ink), *message)
        return (
            (f"{pointer}{log_time(line.ts_ms)} ", "soft"),
            (f"{line.level:<5} ", ink),
            (f"{line.source:<16.16} ", "soft"),
            *message,
        )

    def _marked(self, message: str) -> list[Span]:
        """The message with the words that were looked for standing out."""
        if not self._words:
            return [(message, "plain")]
        parts = re.split(f"({'|'.join(map(re.escape, self._words))})", message, flags=re.IGNORECASE)
        return [(part, "flash" if place % 2 else "plain") for place, part in enumerate(parts) if part]
