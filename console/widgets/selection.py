"""Which rows of a table are shown, and in which order: the operator's filter and sort over the pane's own rows.

Matching and sorting are pure. `RowReader` keeps what the rows say while somebody filters or sorts by it, and reads
only a few rows anew each time, because reading all of them at every refresh would cost more than drawing them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from console.format import BY_HAND, GAIN, LOSS, MINUS, NONE_SHOWN, UNKNOWN_CELL
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, Span, join

DOWN, UP = "▾", "▴"
_STRAIGHT, _TURNED = "straight", "reverse"
SortValue = float | str | None
_READ_EACH_TIME = 32
_SCALES = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_AMOUNT = re.compile(r"([+-]?[\d,]*\.?\d+)(ms|[smhdx%]|bp)?")
_NOTHING = frozenset({"", NONE_SHOWN, UNKNOWN_CELL})


@dataclass(frozen=True, slots=True)
class Selection:
    """`filter`: every word of it stands in a cell of the row. `sort`: title of a column, "" for the pane's own order.

    `reverse`: against the direction that comes first, which is the largest first for numbers and a to z for words.
    """

    filter: str = ""
    sort: str = ""
    reverse: bool = False


def sort_text(selection: Selection) -> str:
    """How rows are sorted as it is kept for the next start: reverse price."""
    return f"{_TURNED if selection.reverse else _STRAIGHT} {selection.sort}".strip()


def sorted_by(text: str) -> Selection | None:
    """What `sort_text` wrote, without a filter; None where the text is nothing it would write."""
    direction, _, title = text.partition(" ")
    return Selection("", title, direction == _TURNED) if direction in (_STRAIGHT, _TURNED) else None


def words_of(text: str) -> tuple[str, ...]:
    """The words of a filter, as they are looked for."""
    return tuple(_typed(text).split())


def matches(texts: Iterable[str], words: Sequence[str]) -> bool:
    """Whether each of `words` stands in one of `texts`, whatever the case."""
    folded = [_typed(text) for text in texts]
    return all(any(word in text for text in folded) for word in words)


def sort_value(text: str) -> SortValue:
    """What a cell is sorted by: its number, with ages and latencies in seconds; its words; None where it is empty."""
    bare = text.strip().removeprefix(BY_HAND)
    if bare in _NOTHING:
        return None
    amount = _AMOUNT.fullmatch(bare.lstrip(f"{GAIN}{LOSS} ").replace(MINUS, "-"))
    if amount is None:
        return bare.casefold()
    digits, unit = amount.groups()
    return float(digits.replace(",", "")) * _SCALES.get(unit or "", 1.0)


def ordered(keys: Sequence[str], value_of: Callable[[str], SortValue], *, descending: bool) -> list[str]:
    """`keys` by number, then by words, then those with nothing; equal ones stay in the order they came in."""
    values = {key: value_of(key) for key in keys}
    numbers = {
        key: value for key, value in values.items() if isinstance(value, int | float) and value == value
    }
    words = {key: value for key, value in values.items() if isinstance(value, str)}
    return [
        *sorted(numbers, key=lambda key: numbers[key], reverse=descending),
        *sorted(words, key=lambda key: words[key], reverse=descending),
        *(key for key in keys if key not in numbers and key not in words),
    ]


def column_of(columns: Sequence[Column], title: str) -> int | None:
    """The place of the column with this title; None where there is none just now."""
    return next((place for place, column in enumerate(columns) if title and column.title == title), None)


def following_sort(columns: Sequence[Column], shown: Sequence[int], title: str) -> str:
    """The title to sort by after `title`: the next of the columns in sight, and the pane's own order after the last."""
    titles = ["", *(columns[place].title for place in shown if columns[place].title)]
    return titles[(titles.index(title) + 1) % len(titles)] if title in titles else ""


def selection_words(
    selection: Selection, columns: Sequence[Column], counts: tuple[int, int], own_order: str
) -> Line:
    """Filter and sort for the title: /btc 3 of 12 · sort |blend| ▾."""
    parts: list[list[Span]] = []
    if selection.filter:
        shown, all_rows = counts
        parts.append([(f"/{selection.filter}", "strong"), (f" {shown} of {all_rows}", "soft")])
    place = column_of(columns, selection.sort)
    if place is not None:
        arrow = DOWN if columns[place].right != selection.reverse else UP
        parts.append([(f"sort {columns[place].title} {arrow}", "strong")])
    elif own_order or selection.reverse:
        words = f"sort {own_order} {UP if selection.reverse else DOWN}".replace("  ", " ")
        parts.append([(words, "strong" if selection.reverse else "soft")])
    return join(parts, (" · ", "frame"))


class RowReader:
    """Chooses and orders rows by what they say."""

    def __init__(self) -> None:
        self._columns: Sequence[Column] = ()
        self._texts: dict[str, Sequence[str]] = {}
        self._next = 0

    def chosen(
        self,
        selection: Selection,
        columns: Sequence[Column],
        keys: Sequence[str],
        cells_of: Callable[[str], Sequence[Cell]],
    ) -> Sequence[str]:
        """The keys that are shown, in their order; `keys` itself where nothing was chosen."""
        place = column_of(columns, selection.sort)
        by_key = columns[place].sort if place is not None else None
        read = bool(selection.filter) or (place is not None and by_key is None)
        if not read or columns != self._columns:
            self._texts.clear()
        self._columns = columns
        if read:
            self._read(keys, cells_of)
        rows = keys
        if words := words_of(selection.filter):
            rows = [key for key in rows if matches(self._texts[key], words)]
        if place is None:
            return rows[::-1] if selection.reverse else rows
        at = place
        value_of = by_key or (lambda key: sort_value(self._texts[key][at]))
        return ordered(rows, value_of, descending=columns[place].right != selection.reverse)

    def _read(self, keys: Sequence[str], cells_of: Callable[[str], Sequence[Cell]]) -> None:
        known = self._texts
        first = self._next if self._next < len(keys) else 0
        self._next = first + _READ_EACH_TIME
        again = set(keys[first : self._next])
        self._texts = {
            key: [cell.text for cell in cells_of(key)] if key in again or key not in known else known[key]
            for key in keys
        }


def _typed(text: str) -> str:
    """`text` as somebody would type it who looks for it."""
    return text.casefold().replace(MINUS, "-")
