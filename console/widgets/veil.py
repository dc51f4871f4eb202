"""What lies below a dialog: still to be read, in one quiet ink, so that only the dialog speaks in colours.

Blending it towards the ground, as Textual does, would take contrast from exactly the inks that have little to spare.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen
from textual.widget import Widget

from console.widgets.ink import inks_of


def veiled(dialog: Widget, background: RenderableType) -> RenderableType:
    """The background of a dialog: where it is another screen, that screen in the ink `veil`."""
    if isinstance(background, BackgroundScreen):
        return _Veil(background.screen, inks_of(dialog)["veil"], dialog.gutter.left)
    return background


class _Veil:
    """The letters of another screen, from within `frame` cells of its edges, where the dialog has its own frame."""

    def __init__(self, below: Screen[object], ink: Style, frame: int) -> None:
        self._below = below
        self._ink = ink
        self._frame = frame

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        end = Segment.line()
        for strip in self._below._compositor.render_strips()[self._frame :]:
            for text, _, control in strip.crop(self._frame):
                yield Segment(text, self._ink, control)
            yield end
