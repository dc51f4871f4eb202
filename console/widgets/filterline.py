"""One line to type a filter into, below what it filters: each letter is obeyed at once.

`open_filter` puts it there and gives it the focus. Leaving it keeps the filter, giving it up shows every row again;
either way the focus goes back to the rows.
"""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Input

from console.bindings import bindings
from console.widgets.livetable import LiveTable
from console.widgets.logview import LogView

_LONGEST = 60


class FilterLine(Input):
    """Filters `target` by what is typed."""

    BINDINGS = bindings("filter")

    def __init__(self, target: LiveTable | LogView) -> None:
        super().__init__(
            value=target.filter,
            placeholder="filter: every word, in any column",
            max_length=_LONGEST,
            select_on_focus=False,
        )
        self.target = target

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.target.set_filter(self.value)

    def on_blur(self) -> None:
        # A dialog above, or a terminal that is looked away from, takes the focus from nobody.
        if self.screen.focused not in (None, self):
            self.remove()

    def action_keep(self) -> None:
        self._close()

    def action_clear(self) -> None:
        self.target.set_filter("")
        self._close()

    def _close(self) -> None:
        # At once, not when its turn comes: the next key may have been struck already.
        self.screen.set_focus(self.target)
        self.remove()


def open_filter(target: LiveTable | LogView) -> None:
    """Open the line below `target`, or go back to the one that is open."""
    parent = target.parent
    if not isinstance(parent, Widget):
        return
    open_lines = [child for child in parent.children if isinstance(child, FilterLine)]
    if open_lines:
        open_lines[0].focus()
        return
    line = FilterLine(target)
    parent.mount(line, after=target)
    target.screen.set_focus(line)
