"""Where everything stands on a screen of any size. Pure: cells in, rectangles out.

Wide shows all five panes, mid shows four (the weights become a line of the status bar, and take the place of the
limits while they have the focus), narrow shows one behind tabs with two log lines below. The status bar is always at
the top and is never covered; the keys are always at the bottom. A terminal below the least size has the status bar
alone, which then says so.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from console.actions import PANES


class Size(StrEnum):
    """How much fits."""

    NARROW = "narrow"
    MID = "mid"
    WIDE = "wide"


class Box(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


STATUS, TABS, KEYS = "status", "tabs", "keys"
_WIDE, _MID = (140, 36), (100, 28)
LEAST_WIDTH, LEAST_HEIGHT = 60, 15
_LOG_STRIP = 4
_LEAST_WITH_STRIP = 14


def size_of(width: int, height: int) -> Size:
    """Which arrangement a screen gets."""
    if width >= _WIDE[0] and height >= _WIDE[1]:
        return Size.WIDE
    return Size.MID if width >= _MID[0] and height >= _MID[1] else Size.NARROW


def is_cramped(width: int, height: int) -> bool:
    """Whether a terminal is too small for anything but what must be read, and the keys of an armed kill switch."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def arrange(
    width: int, height: int, *, status_lines: int, focused: str, zoomed: bool, frame: int = 0
) -> dict[str, Box]:
    """The box of everything that is shown; what is not in it is not shown.

    `frame`: cells at each edge of the screen that are not to be used; boxes count from within it. The arrangement is
    that of the whole screen, so that a frame does not make a wide screen a narrow one.
    """
    size, cramped = size_of(width, height), is_cramped(width, height)
    width, height = width - 2 * frame, height - 2 * frame
    if cramped:
        return {STATUS: Box(0, 0, width, height)}
    status = min(status_lines, max(1, height - 2))
    boxes = {STATUS: Box(0, 0, width, status), KEYS: Box(0, max(status, height - 1), width, 1)}
    top, room = status, max(0, height - status - 1)
    if zoomed:
        return boxes | {focused: Box(0, top, width, room)}
    if size is Size.WIDE:
        return boxes | _wide(width, top, room)
    if size is Size.MID:
        return boxes | _mid(width, top, room, focused)
    return boxes | _narrow(width, top, room, focused)


def _wide(width: int, top: int, room: int) -> dict[str, Box]:
    log = max(8, round(0.31 * room))
    body = room - log
    left = round(0.615 * width)
    signals, weights = round(0.58 * body), round(0.42 * body)
    return {
        "signals": Box(0, top, left, signals),
        "positions": Box(0, top + signals, left, body - signals),
        "weights": Box(left, top, width - left, weights),
        "limits": Box(left, top + weights, width - left, body - weights),
        "log": Box(0, top + body, width, log),
    }


def _mid(width: int, top: int, room: int, focused: str) -> dict[str, Box]:
    log = max(5, round(0.2 * room))
    body = room - log
    signals = round(0.5 * body)
    left = round(0.54 * width)
    corner = "weights" if focused == "weights" else "limits"
    return {
        "signals": Box(0, top, width, signals),
        "positions": Box(0, top + signals, left, body - signals),
        corner: Box(left, top + signals, width - left, body - signals),
        "log": Box(0, top + body, width, log),
    }


def _narrow(width: int, top: int, room: int, focused: str) -> dict[str, Box]:
    boxes = {TABS: Box(0, top, width, 1)}
    top, room = top + 1, max(0, room - 1)
    strip = _LOG_STRIP if focused != "log" and room >= _LEAST_WITH_STRIP else 0
    boxes[focused if focused in PANES else PANES[0]] = Box(0, top, width, room - strip)
    if strip:
        boxes["log"] = Box(0, top + room - strip, width, strip)
    return boxes
