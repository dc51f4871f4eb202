"""A table for rows that change several times a second, drawn line by line.

Only cells that differ are drawn again, and only rows in sight are ever turned into text, so a refresh costs what is
visible, not what exists. Rows have keys: the cursor stays on its key when rows move, never on a place. Which rows are
shown and in which order is the pane's say until the operator filters or sorts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.events import Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.format import MINUS
from console.widgets.columns import MARGIN, Cell, Column, Place, fit, most_shift
from console.widgets.ink import Line, Span, fitted, inks_of, strip_of
from console.widgets.selection import RowReader, Selection, following_sort, selection_words

CellsOf = Callable[[str], Sequence[Cell]]
_HEADER = 1
_POINTER = "▸"


class LiveTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows by key under fixed columns. `show` brings it up to date; without rows it says `empty`.

    `order` names the order the rows are given in, for the title.
    """

    DEFAULT_CSS = """
    LiveTable { width: 1fr; height: 1fr; overflow: auto; scrollbar-size: 0 0; background: $background; }
    """

    class Rearranged(Message):
        """The operator filtered or sorted: the title says something else."""

    class Moved(Message):
        """The operator moved the cursor to another row."""

    def __init__(self, *, id: str | None = None, flash: bool = False, order: str = "") -> None:
        super().__init__(id=id)
        self._order = order
        self._selection = Selection()
        self._reader = RowReader()
        self._given: Sequence[str] = ()
        self._columns: Sequence[Column] = ()
        self._places: list[Place] = []
        self._shift = 0
        self._keys: Sequence[str] = ()
        self._rows: dict[str, int] = {}
        self._cells_of: CellsOf = lambda key: ()
        self._drawn: dict[str, Sequence[Cell]] = {}
        self._empty: Sequence[str] = ()
        self._empty_given: Sequence[str] = ()
        self._cursor_key: str | None = None
        self._flash = flash
        self._flashing: set[tuple[str, int]] = set()

    @property
    def cursor_key(self) -> str | None:
        """The key the cursor is on; None while there are no rows."""
        return self._cursor_key

    @property
    def keys(self) -> Sequence[str]:
        """The keys of the rows that are shown, from top to bottom."""
        return self._keys

    @property
    def given(self) -> Sequence[str]:
        """The keys of all rows, in the pane's own order."""
        return self._given

    @property
    def selection(self) -> Selection:
        """The operator's filter and sort."""
        return self._selection

    @property
    def filter(self) -> str:
        """What rows must contain to be shown; "" for all."""
        return self._selection.filter

    @property
    def title_words(self) -> Line:
        """Filter and sort, for the title: /btc 3 of 12 · sort |blend| ▾."""
        counts = len(self._keys), len(self._given)
        return selection_words(self._selection, self._columns, counts, self._order)

    @property
    def window(self) -> tuple[int, int]:
        """First row in sight and the one after the last."""
        first = self.scroll_offset.y
        return first, min(len(self._keys), first + max(0, self.size.height - _HEADER))

    def show(
        self, columns: Sequence[Column], keys: Sequence[str], cells_of: CellsOf, empty: Sequence[str] = ()
    ) -> None:
        """Show these rows. `cells_of` gives the cells of a row, one for each column, and is asked for rows in sight."""
        self._given, self._empty_given = keys, empty
        keys = self._reader.chosen(self._selection, columns, keys, cells_of)
        if self._given and not keys:
            empty = _nothing_left(self._selection.filter, len(self._given))
        before, self._keys = self._keys, keys
        rearranged = (
            columns != self._columns or bool(before) != bool(keys) or (not keys and empty != self._empty)
        )
        self._columns, self._cells_of, self._empty = columns, cells_of, empty
        self._follow_cursor(before)
        if len(keys) != len(before):
            self.virtual_size = Size(self.size.width, len(keys) + _HEADER)
        if rearranged:
            self._arrange()
            return
        self._draw_differences(before)

    def select(self, selection: Selection) -> None:
        """Filter and sort like this; a column that is not there sorts as soon as it is."""
        if selection != self._selection:
            self._selection = selection
            self.show(self._columns, self._given, self._cells_of, self._empty_given)
            self.post_message(self.Rearranged())

    def set_filter(self, text: str) -> None:
        """Show only rows that contain every word of `text` in any cell, whatever the case; "" shows all."""
        self.select(replace(self._selection, filter=" ".join(text.split())))

    def find(self, direction: int) -> bool:
        """Put the cursor on the next row that contains the filter, or with -1 the one before, round and round.

        False where there is no filter to find.
        """
        if not self.filter or not self._keys:
            return False
        self._place_cursor((self._rows[self._cursor_key or ""] + direction) % len(self._keys))
        return True

    def next_sort(self) -> None:
        """Sort by the next column in sight; after the last one, the pane's own order again."""
        shown = [place.index for place in self._places]
        self.select(Selection(self.filter, following_sort(self._columns, shown, self._selection.sort)))

    def reverse_sort(self) -> None:
        """Turn the order round."""
        self.select(replace(self._selection, reverse=not self._selection.reverse))

    def row_text(self) -> str:
        """Every cell of the row under the cursor, columns out of sight too, with tabs between; "" without rows."""
        if self._cursor_key is None:
            return ""
        return "\t".join(cell.text.strip().replace(MINUS, "-") for cell in self._cells_of(self._cursor_key))

    def move_cursor(self, steps: int) -> None:
        """Move the cursor by rows."""
        self._place_cursor(self._rows.get(self._cursor_key or "", 0) + steps)

    def move_first(self) -> None:
        """Put the cursor on the first row."""
        self._place_cursor(0)

    def move_last(self) -> None:
        """Put the cursor on the last row."""
        self._place_cursor(len(self._keys) - 1)

    def move_half(self, direction: int) -> None:
        """Move the cursor by half of what is in sight."""
        self.move_cursor(direction * max(1, (self.size.height - _HEADER) // 2))

    def move_columns(self, steps: int) -> None:
        """Show columns there is no room for, or go back."""
        self._shift = min(max(0, self._shift + steps), most_shift(self._columns, self.size.width))
        self._arrange()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        if y == 0:
            return strip_of(self._header(), width, base, inks_of(self))
        row = y - _HEADER + self.scroll_offset.y
        if not self._keys:
            return strip_of(self._empty_line(y), width, base, inks_of(self))
        if row >= len(self._keys):
            return Strip.blank(width, base)
        key = self._keys[row]
        if key == self._cursor_key:
            base += inks_of(self)["cursor" if self.has_focus else "cursor-away"]
        return strip_of(self._line(key), width, base, inks_of(self))

    def on_resize(self, event: Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self._keys) + _HEADER)
        self._shift = min(self._shift, most_shift(self._columns, event.size.width))
        self._arrange()
        if self._cursor_key is not None:
            self._bring_into_sight(self._rows[self._cursor_key])

    def on_focus(self) -> None:
        self.move_cursor(0)

    def on_blur(self) -> None:
        self.move_cursor(0)

    def _place_cursor(self, row: int) -> None:
        if not self._keys:
            return
        row = min(max(0, row), len(self._keys) - 1)
        left, self._cursor_key = self._cursor_key, self._keys[row]
        for moved in (self._rows.get(left or ""), row):
            if moved is not None:
                self._refresh_row(moved)
        if left != self._cursor_key:
            self.post_message(self.Moved())
        self._bring_into_sight(row)

    def _arrange(self) -> None:
        self._places = fit(self._columns, self.size.width, self._shift)
        self._drawn.clear()
        self._flashing.clear()
        self.refresh()

    def _follow_cursor(self, before: Sequence[str]) -> None:
        """Keep the cursor on its key; when that is gone, on the row that took its place."""
        was_at = self._rows.get(self._cursor_key or "", 0)
        was_in_sight = self.window[0] <= was_at < self.window[1] if before else True
        if self._keys is not before and self._keys != before:
            self._rows = {key: row for row, key in enumerate(self._keys)}
        if self._cursor_key not in self._rows:
            self._cursor_key = self._keys[min(was_at, len(self._keys) - 1)] if self._keys else None
        is_at = self._rows.get(self._cursor_key or "", 0)
        if was_in_sight and is_at != was_at:
            self.call_after_refresh(self._bring_into_sight, is_at)

    def _draw_differences(self, before: Sequence[str]) -> None:
        first, last = self.window
        drawn: dict[str, Sequence[Cell]] = {}
        flashed, self._flashing = self._flashing, set()
        for row in range(first, last):
            key = self._keys[row]
            cells = drawn[key] = self._cells_of(key)
            known = self._drawn.get(key)
            if row >= len(before) or before[row] != key or known is None:
                self._refresh_row(row)
                continue
            for place in self._places:
                changed = cells[place.index] != known[place.index]
                if changed and self._flash:
                    self._flashing.add((key, place.index))
                if changed or (key, place.index) in flashed:
                    self._refresh_region(place.x, row, place.width)
        if len(before) > len(self._keys):
            self.refresh()
        self._drawn = drawn

    def _refresh_row(self, row: int) -> None:
        self._refresh_region(0, row, self.size.width)

    def _refresh_region(self, x: int, row: int, width: int) -> None:
        self.refresh(Region(x, row + _HEADER - self.scroll_offset.y, width, 1))

    def _bring_into_sight(self, row: int) -> None:
        rows_in_sight = max(1, self.size.height - _HEADER)
        top = self.scroll_offset.y
        wanted = row if row < top else row - rows_in_sight + 1 if row >= top + rows_in_sight else top
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def _empty_line(self, y: int) -> Line:
        text = self._empty[y - 2] if 0 <= y - 2 < len(self._empty) else ""
        return ((" " * MARGIN + fitted(text, max(0, self.size.width - MARGIN)), "soft"),)

    def _header(self) -> Line:
        line: list[Span] = [(" " * MARGIN, "header")]
        for place in self._places:
            column = self._columns[place.index]
            self._pad(line, place.x, "header")
            line.append((fitted(column.title, place.width, right=column.right), "header"))
        return line

    def _line(self, key: str) -> Line:
        cells = self._drawn.get(key)
        if cells is None:
            cells = self._drawn[key] = self._cells_of(key)
        line: list[Span] = [(_POINTER if key == self._cursor_key else " ", "strong")]
        for place in self._places:
            cell = cells[place.index]
            self._pad(line, place.x, "plain")
            ink = "flash" if (key, place.index) in self._flashing else cell.ink
            line.append((fitted(cell.text, place.width, right=self._columns[place.index].right), ink))
        return line

    @staticmethod
    def _pad(line: list[Span], x: int, ink: str) -> None:
        drawn = sum(len(text) for text, _ in line)
        if drawn < x:
            line.append((" " * (x - drawn), ink))


def _nothing_left(words: str, count: int) -> tuple[str, ...]:
    return f"No row contains {words!r}.", f"Clear the filter to see all {count:,}."
