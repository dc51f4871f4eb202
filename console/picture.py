"""The screen as an SVG picture: what the palette exports, what the tour shows, and what tests compare.

A picture depends on nothing but what stands on the screen: no date, no version, no name of its own. It brings no font
and loads nothing; every run of text is told how wide it has to be, so that columns stay columns in any font.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual._context import visible_screen_stack
from textual.app import App

_CELL_WIDTH, _CELL_HEIGHT, _BASELINE, _FONT_SIZE = 12, 23, 18, 20
_FONTS = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"

# The colours of xterm as it is shipped; `default` is a light grey on black there too.
XTERM = TerminalTheme(
    (0, 0, 0),
    (229, 229, 229),
    [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
    ],
    [
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ],
)


class _Run(NamedTuple):
    """Cells of one row that look the same."""

    x: int
    width: int
    text: str
    ink: str
    ground: str


def picture_of(app: App[Any], title: str, terminal: TerminalTheme = XTERM) -> str:
    """What `app` shows now as SVG. `terminal` says what its own sixteen colours and its default look like."""
    return svg(rows_of(app), app.size.width, title, terminal)


def rows_of(app: App[Any]) -> list[list[Segment]]:
    """What `app` shows now, row by row."""
    visible_screen_stack.set(app._background_screens)
    return [list(strip) for strip in app.screen._compositor.render_strips()]


def svg(rows: Sequence[Iterable[Segment]], columns: int, title: str, terminal: TerminalTheme) -> str:
    """Rows of segments as SVG, `columns` cells wide."""
    width, height = columns * _CELL_WIDTH, len(rows) * _CELL_HEIGHT
    drawn = [list(_runs(row, terminal)) for row in rows]
    cells = Counter[str]()
    for run in chain.from_iterable(drawn):
        cells[run.ground] += run.width
    paper = cells.most_common(1)[0][0] if cells else _hex(terminal.background_color)
    inks: dict[str, str] = {}
    grounds = [line for y, runs in enumerate(drawn) for line in _grounds(runs, y, paper)]
    texts = [line for y, runs in enumerate(drawn) for line in _texts(runs, y, inks)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" xml:space="preserve">',
            f"<title>{escape(title)}</title>",
            f"<style>text{{font:{_FONT_SIZE}px {_FONTS};white-space:pre}}",
            *(f".{name}{{{ink}}}" for ink, name in inks.items()),
            "</style>",
            f'<rect width="{width}" height="{height}" fill="{paper}"/>',
            *grounds,
            *texts,
            "</svg>\n",
        )
    )


def _grounds(runs: Iterable[_Run], row: int, paper: str) -> Iterator[str]:
    """Rectangles behind a row, where its ground is not the paper."""
    y = row * _CELL_HEIGHT
    for ground, together in groupby(runs, attrgetter("ground")):
        if ground != paper:
            first, *others = together
            width = first.width + sum(run.width for run in others)
            yield (
                f'<rect x="{first.x * _CELL_WIDTH}" y="{y}" width="{width * _CELL_WIDTH}" '
                f'height="{_CELL_HEIGHT}" fill="{ground}"/>'
            )


def _texts(runs: Iterable[_Run], row: int, inks: dict[str, str]) -> Iterator[str]:
    """The letters of a row; `inks` gives each look a name, in the order in which they are met."""
    y = row * _CELL_HEIGHT + _BASELINE
    for run in runs:
        text = run.text if "underline" in run.ink else run.text.strip()
        if text:
            x = run.x + (0 if text == run.text else len(run.text) - len(run.text.lstrip()))
            name = inks.setdefault(run.ink, f"i{len(inks)}")
            yield (
                f'<text class="{name}" x="{x * _CELL_WIDTH}" y="{y}" textLength="{cell_len(text) * _CELL_WIDTH}">'
                f"{escape(text, quote=False)}</text>"
            )


def _runs(row: Iterable[Segment], terminal: TerminalTheme) -> Iterator[_Run]:
    """The runs of one row, neighbours that look the same joined."""
    waiting: _Run | None = None
    x = 0
    for text, style, control in row:
        if control or not text:
            continue
        width = cell_len(text)
        run = _Run(x, width, text, *_look(style or Style(), terminal))
        x += width
        if waiting is None:
            waiting = run
        elif (waiting.ink, waiting.ground) == (run.ink, run.ground):
            waiting = waiting._replace(width=waiting.width + width, text=waiting.text + text)
        else:
            yield waiting
            waiting = run
    if waiting is not None:
        yield waiting


def _look(style: Style, terminal: TerminalTheme) -> tuple[str, str]:
    """The ink as CSS, and the colour of the ground."""
    ink = terminal.foreground_color if style.color is None else style.color.get_truecolor(terminal)
    ground = (
        terminal.background_color
        if style.bgcolor is None
        else style.bgcolor.get_truecolor(terminal, foreground=False)
    )
    if style.reverse:
        ink, ground = ground, ink
    css = [f"fill:{_hex(ink)}"]
    css += ["font-weight:bold"] if style.bold else []
    css += ["font-style:italic"] if style.italic else []
    css += ["text-decoration:underline"] if style.underline else []
    return ";".join(css), _hex(ground)


def _hex(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
