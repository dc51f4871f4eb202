"""Drawn lines that are gone when nothing shows them any more.

Textual keeps what it drew in two ways that nobody asked for: a line that the compositor divides into one part is kept
by itself as that part, so only the collector finds it; and the lines of a widget are kept after its end, by a cache of
colours whose key is the widget's. With screens opened and closed all day a full collection then took more than 100 ms
of the event loop, which the engine shares.

This leans on one Textual release (see pyproject.toml); tests say when it no longer fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual._styles_cache import StylesCache
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

_divided, _colours = Strip.divide, StylesCache.get_inner_outer


def keep_no_lines() -> None:
    """From here on, for every line drawn in this process."""
    Strip.divide = divide  # type: ignore[assignment, method-assign]
    StylesCache.get_inner_outer = classmethod(_colours)  # type: ignore[arg-type, assignment]


def forget(screen: Screen[object]) -> None:
    """What the widgets of a screen drew, when the screen has been left."""
    for widget in screen.walk_children(Widget, with_self=True):
        widget._styles_cache.clear()


def divide(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    """What `Strip.divide` returns; a line in one part is not kept by itself."""
    within = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if within == [strip.cell_length] else _divided(strip, within)
