"""The colours of the screen, and the inks the panes write with.

A pane names what it means ("loss", "stale", "halted"), never a colour. Each ink is legible on its ground at a contrast
of at least 4.5:1, also when NO_COLOR turns it grey: light inks on dark ground, no pure red or blue for text, and what
must not be missed is reversed as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

PROFIT_PAIRS = {"blue-orange": ("#4EA1FF", "#FF9E3D"), "green-red": ("#5FD38D", "#FF8A80")}

_GROUND = "#12151A"
_PANEL = "#1A1F27"
_TEXT = "#D7DCE3"
_SOFT = "#9AA5B4"
_OLD = "#98A2B1"
_FRAME = "#6B7788"
_AMBER = "#FFC857"
_RED_GROUND = "#B3261E"
_CURSOR_GROUND = "#2C3644"
_WHITE = "#FFFFFF"
_BLACK = "#0B0D10"
_CYAN = "#7FDBDA"

Inks = Mapping[str, Style]


def themes(profit_colours: str) -> tuple[Theme, ...]:
    """Every theme the console knows, with the chosen pair for gain and loss."""
    gain, loss = PROFIT_PAIRS[profit_colours]
    return (
        Theme(
            name="dark",
            primary=gain,
            secondary=loss,
            accent=_CYAN,
            warning=_AMBER,
            error=_RED_GROUND,
            success=_CYAN,
            foreground=_TEXT,
            background=_GROUND,
            surface=_GROUND,
            panel=_PANEL,
            dark=True,
            variables={"frame": _FRAME, "frame-focus": _CYAN, "soft": _SOFT},
        ),
    )


@lru_cache(maxsize=8)
def inks(theme: str, profit_colours: str) -> Inks:
    """The style of every ink of `theme`, to be laid over the widget's own ground."""
    gain, loss = PROFIT_PAIRS[profit_colours]
    return {
        "plain": Style(color=_TEXT),
        "strong": Style(color=_WHITE, bold=True),
        "soft": Style(color=_SOFT),
        "header": Style(color=_SOFT),
        "frame": Style(color=_FRAME),
        "frame-focus": Style(color=_CYAN),
        "title": Style(color=_TEXT, bold=True),
        "title-focus": Style(color=_CYAN, bold=True),
        "profit": Style(color=gain),
        "loss": Style(color=loss),
        "ok": Style(color=_SOFT),
        "warn": Style(color=_AMBER, bold=True),
        "breach": Style(color=_WHITE, bgcolor=_RED_GROUND, bold=True),
        "stale": Style(color=_OLD),
        "key": Style(color=_CYAN, bold=True),
        "mode": Style(color=_BLACK, bgcolor=_CYAN, bold=True),
        "active": Style(color=_WHITE, bold=True),
        "reducing": Style(color=_BLACK, bgcolor=_AMBER, bold=True),
        "halted": Style(color=_WHITE, bgcolor=_RED_GROUND, bold=True),
        "armed": Style(color=_WHITE, bgcolor=_RED_GROUND, bold=True),
        "cursor": Style(bgcolor=_CURSOR_GROUND),
        "cursor-away": Style(),
        "flash": Style(reverse=True),
        "tab": Style(color=_BLACK, bgcolor=_CYAN, bold=True),
    }
