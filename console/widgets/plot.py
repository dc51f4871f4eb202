"""A line over time: one point a column, drawn with braille dots on the line API.

Pure but for the widget at the end. 500 points in 150 columns take a millisecond, so the loop may do it; the data they
come from is read elsewhere, and at most every other second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Resize

from console.format import MINUS, market_time, signed
from console.widgets.ink import Line, Span, spread
from console.widgets.lines import Lines

Value = float | None
_DOTS = 4
_BLANK = 0x2800
_LEFT = (0x01, 0x02, 0x04, 0x40)
_RIGHT = (0x08, 0x10, 0x20, 0x80)
_GUTTER = 7
_STEPS = (1.0, 2.0, 5.0, 10.0)
ZERO_RULE = "┄"


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn: values at even distances in time, None where there is none, from `first_ms` to `last_ms`."""

    values: Sequence[Value]
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Point:
    """One column: the last value of its span, and the least and greatest in it."""

    last: float
    low: float
    high: float


def columns_of(values: Sequence[Value], width: int) -> list[Point | None]:
    """One point for each of `width` columns: as many values share a column, or columns a value, as it takes."""
    if not values:
        return [None] * width
    points: list[Point | None] = []
    for column in range(width):
        first = column * len(values) // width
        span = values[first : max(first + 1, (column + 1) * len(values) // width)]
        known = [value for value in span if value is not None and math.isfinite(value)]
        points.append(Point(known[-1], min(known), max(known)) if known else None)
    return points


def bound_of(values: Sequence[Value]) -> float:
    """A round number that no value exceeds in size: 1, 2 or 5 times a power of ten; 1 where there is nothing."""
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    if largest == 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in _STEPS if step * power >= largest * (1 - 1e-9))


def plot_lines(series: Series, width: int, height: int) -> list[Line]:
    """The plot in `height` lines of `width` cells: labels at the left, zero line, and the time below."""
    rows, columns = height - 1, width - _GUTTER - 1
    if rows < 1 or columns < 2:
        return []
    bound = bound_of(series.values)
    cells = _drawn(columns_of(series.values, columns), rows, bound)
    zero = _row_of(0.0, rows, bound) // _DOTS
    labels = _labels(bound, rows, zero)
    lines: list[Line] = []
    for row in range(rows):
        label: Span = (f"{labels.get(row, ''):>{_GUTTER}}", "soft")
        axis: Span = ("┼" if row == zero else "┤" if row in labels else "│", "frame")
        lines.append((label, axis, *_spans(cells[row], zero=row == zero)))
    lines.append(_time_line(series, columns))
    return lines


def _labels(bound: float, rows: int, zero: int) -> dict[int, str]:
    decimals = max(0, 2 - max(0, math.floor(math.log10(bound) - 1)))
    decimals = max(decimals, -math.floor(math.log10(bound)))
    edges = {0: _label(bound, decimals)}
    return (
        edges
        if rows < 3
        else edges | {zero: signed(0.0, min(decimals, 3)), rows - 1: _label(-bound, decimals)}
    )


def _label(value: float, decimals: int) -> str:
    text = signed(value, decimals)
    return text if len(text) <= _GUTTER else f"{value:+.0e}".replace("-", MINUS)


def _drawn(points: Sequence[Point | None], rows: int, bound: float) -> list[list[int]]:
    """The dots of every cell: the path to a column's value at its left, the value itself at its right."""
    cells = [[0] * len(points) for _ in range(rows)]
    before: int | None = None
    for column, point in enumerate(points):
        if point is None:
            before = None
            continue
        last = _row_of(point.last, rows, bound)
        reach = [_row_of(point.high, rows, bound), _row_of(point.low, rows, bound), last]
        reach += [] if before is None else [before]
        for row in range(min(reach), max(reach) + 1):
            cells[row // _DOTS][column] |= _LEFT[row % _DOTS]
        cells[last // _DOTS][column] |= _RIGHT[last % _DOTS]
        before = last
    return cells


def _row_of(value: float, rows: int, bound: float) -> int:
    """The row of dots a value stands in, 0 at the top."""
    dots = rows * _DOTS - 1
    return min(dots, max(0, round((bound - value) / (2 * bound) * dots)))


def _spans(cells: Sequence[int], *, zero: bool) -> list[Span]:
    spans: list[Span] = []
    empty = ZERO_RULE if zero else " "
    for dots in cells:
        text, ink = (chr(_BLANK + dots), "strong") if dots else (empty, "frame")
        if spans and spans[-1][1] == ink:
            spans[-1] = (spans[-1][0] + text, ink)
        else:
            spans.append((text, ink))
    return spans


def _time_line(series: Series, columns: int) -> Line:
    first, last = market_time(series.first_ms), market_time(series.last_ms)
    if columns < len(first) + len(last) + 2:
        short = last if columns >= len(last) else last[5:10] if columns >= 5 else ""
        return [(" " * (_GUTTER + 1), "soft"), (f"{short:>{columns}}", "soft")]
    return [(" " * (_GUTTER + 1), "soft"), *spread([(first, "soft")], [(last, "soft")], columns)]


class Plot(Lines):
    """Draws a series in whatever room there is; without one it says `words`."""

    DEFAULT_CSS = "Plot { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._series: Series | None = None
        self._words = ""

    def draw(self, series: Series | None, words: str = "") -> None:
        """Show this from now on."""
        if (series, words) != (self._series, self._words):
            self._series, self._words = series, words
            self._redraw()

    def on_resize(self, event: Resize) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if self._series is None:
            self.show([((f" {self._words}", "soft"),)] if self._words else [])
        elif width and height:
            self.show(plot_lines(self._series, width, height))
