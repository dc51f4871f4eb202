"""The desk: status bar, panes and keys, arranged for the size of the screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from console.actions import PANES
from console.arrangement import KEYS, STATUS, TABS, Box, arrange, size_of
from console.bindings import bindings
from console.config import ConsoleConfig
from console.panes.limits import LimitsPane
from console.panes.log import LogPane
from console.panes.pane import Pane
from console.panes.positions import PositionsPane
from console.panes.signals import SignalsPane
from console.panes.weights import WeightsPane
from console.publisher import View
from console.screens.rowkeys import RowKeys
from console.widgets.keyfooter import KeyFooter
from console.widgets.livetable import LiveTable
from console.widgets.logview import LogView
from console.widgets.status import StatusBar
from console.widgets.tabs import Tabs


class _Boxes(Layout):
    """Places the children of the desk in the boxes it planned; a child without one is not shown."""

    name = "boxes"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        boxes = parent.boxes() if isinstance(parent, Desk) else {}
        return [
            WidgetPlacement(Region(*boxes[child.id]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in boxes
        ]


class Desk(RowKeys, Screen[None], inherit_bindings=False):
    """The main screen."""

    BINDINGS = bindings("desk")
    AUTO_FOCUS = None

    def __init__(self, config: ConsoleConfig, view: View) -> None:
        super().__init__()
        self._view = view
        self._status = StatusBar(id=STATUS)
        self._tabs = Tabs(id=TABS)
        self._keys = KeyFooter(config.keymap, id=KEYS)
        self._log = LogPane(config.log_level)
        self._panes: dict[str, Pane] = {
            pane.NAME: pane
            for pane in (
                SignalsPane(flash=config.flash),
                WeightsPane(flash=config.flash),
                PositionsPane(flash=config.flash),
                LimitsPane(flash=config.flash),
                self._log,
            )
        }
        self._status_lines = 2
        self._zoomed = False
        self._layout = _Boxes()

    def compose(self) -> ComposeResult:
        yield self._status
        yield self._tabs
        yield from self._panes.values()
        yield self._keys

    def on_mount(self) -> None:
        self.set_focus(self._panes[PANES[0]].body)
        self.show(self._view)

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show(self._view)

    def on_resize(self, event: Resize) -> None:
        self._rearrange()

    @property
    def layout(self) -> Layout:
        """The arrangement of the desk, whatever a style sheet says."""
        return self._layout

    def boxes(self) -> dict[str, Box]:
        """Where everything stands now."""
        return arrange(
            self.app.size.width,
            self.app.size.height,
            status_lines=self._status_lines,
            focused=self.focused_pane,
            zoomed=self._zoomed,
            frame=self.gutter.left,
        )

    @property
    def focused_pane(self) -> str:
        """The name of the pane with the focus."""
        return next((name for name, pane in self._panes.items() if pane.focused), PANES[0])

    def show(self, view: View) -> None:
        """Bring everything in sight up to date."""
        self._view = view
        needed = self._status.show_view(view, size_of(self.app.size.width, self.app.size.height))
        if needed != self._status_lines:
            self._status_lines = needed
            self._arrange_anew()
        self._tabs.show_view(view, self.focused_pane)
        boxes = self.boxes()
        for name, pane in self._panes.items():
            if name in boxes or pane is self._log:
                pane.show(view)

    def keep(self, view: View) -> None:
        """Take note of what is new without drawing: a dialog lies over the desk, and would be drawn anew with it."""
        self._view = view
        self._log.gather(view)

    def set_log_level(self, level: str) -> None:
        """Show log lines at or above `level`."""
        self._log.set_level(level)

    def action_focus_pane(self, name: str) -> None:
        before = self.boxes()
        self.set_focus(self._panes[name].body)
        if self.boxes() != before:
            self._rearrange()

    def action_cycle_pane(self, steps: int) -> None:
        place = (PANES.index(self.focused_pane) + steps) % len(PANES)
        self.action_focus_pane(PANES[place])

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self._rearrange()

    @property
    def rows(self) -> LiveTable | LogView:
        """What the focused pane shows."""
        return self._panes[self.focused_pane].body

    def _rearrange(self) -> None:
        self._arrange_anew()
        self.show(self._view)

    def _arrange_anew(self) -> None:
        # The arrangement depends on more than the size, which is all that Textual remembers it by. Laid out at once:
        # whoever asked for a region before the next layout would have taken the news of the new sizes from it.
        self._clear_arrangement_cache()
        self._refresh_layout()
