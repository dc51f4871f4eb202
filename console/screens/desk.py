"""The desk: status bar, panes and keys, arranged for the size of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from console.actions import BY_ID, PANES
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
from console.widgets.logview import LEVELS, LogView
from console.widgets.selection import sort_text
from console.widgets.status import StatusBar
from console.widgets.tabs import Tabs
from engine.snapshot import LogLine

if TYPE_CHECKING:
    from console.interventions import Interventions


class DeskApp(Protocol):
    """The app, as far as the desk needs it."""

    def open_drill(self, kind: str, key: str) -> None: ...

    @property
    def interventions(self) -> Interventions: ...

    def say(self, words: str) -> None: ...

    def thaw(self) -> bool: ...


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
        self._focused_pane = PANES[0]
        self._layout = _Boxes()

    def compose(self) -> ComposeResult:
        yield self._status
        yield self._tabs
        yield from self._panes.values()
        yield self._keys

    def on_mount(self) -> None:
        self.set_focus(self._panes[self._focused_pane].body)
        self.show(self._view)

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show(self._view)

    def on_descendant_focus(self) -> None:
        self._focused_pane = next(
            (name for name, pane in self._panes.items() if pane.focused), self._focused_pane
        )

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
        """The name of the pane with the focus, also while the terminal is looked away from and nothing has it."""
        return self._focused_pane

    def show(self, view: View) -> None:
        """Bring everything in sight up to date."""
        self._view = view
        needed = self._status.show_view(view, size_of(self.app.size.width, self.app.size.height))
        if needed != self._status_lines:
            self._status_lines = needed
            self._arrange_anew()
        self._keys.show_view(view)
        panes = view.panes
        self._tabs.show_view(panes, self.focused_pane)
        boxes = self.boxes()
        for name, pane in self._panes.items():
            if pane is self._log and view.frozen is not None:
                self._log.gather(view)
            elif name in boxes or pane is self._log:
                pane.show(panes)

    def keep(self, view: View) -> None:
        """Take note of what is new without drawing: a dialog lies over the desk, and would be drawn anew with it."""
        self._view = view
        if self._status.grows(view, size_of(self.app.size.width, self.app.size.height)):
            # The status bar of the dialog is as tall as this one, and must not cover the title of a pane.
            self.show(view)
        self._log.gather(view)

    def set_log_level(self, level: str) -> None:
        """Show log lines at or above `level`."""
        self._log.set_level(level)

    @property
    def about(self) -> tuple[str, str]:
        """The name of the focused pane and what it is for."""
        action = BY_ID[f"pane.{PANES.index(self.focused_pane) + 1}"]
        return action.title, action.description

    @property
    def log_lines(self) -> Sequence[LogLine]:
        """What the log pane holds."""
        return self._log.lines

    def kept(self) -> dict[str, str]:
        """How the operator has left the desk, by name, for the next start."""
        values = {
            "pane": self.focused_pane,
            "zoom": "on" if self._zoomed else "off",
            "log_level": self._log.level,
        }
        for name, pane in self._panes.items():
            values[f"filter.{name}"] = pane.body.filter
            if isinstance(pane.body, LiveTable):
                values[f"sort.{name}"] = sort_text(pane.body.selection)
        return values

    def take_over(self, name: str, value: str) -> bool:
        """Bring one part of that back; False where it cannot be used."""
        what, _, which = name.partition(".")
        pane = self._panes.get(which)
        if what in ("filter", "sort") and pane is not None:
            return pane.take_over(what, value)
        if name == "pane" and value in PANES:
            self.action_focus_pane(value)
        elif name == "log_level" and value in LEVELS:
            self.set_log_level(value)
        elif name == "zoom" and value in ("on", "off"):
            if self._zoomed != (value == "on"):
                self.action_zoom()
        else:
            return False
        return True

    def action_focus_pane(self, name: str) -> None:
        before = self.boxes()
        self._focused_pane = name
        self.set_focus(self._panes[name].body)
        if self.boxes() != before:
            self._rearrange()

    def action_cycle_pane(self, steps: int) -> None:
        place = (PANES.index(self.focused_pane) + steps) % len(PANES)
        self.action_focus_pane(PANES[place])

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self._rearrange()

    def action_open(self) -> None:
        opens = self._pane.opens
        if opens is None:
            self._desk_app.say("There is no row here to open.")
        else:
            self._desk_app.open_drill(*opens)

    def action_back(self) -> None:
        if self.rows.filter:
            self.rows.set_filter("")
        else:
            self._desk_app.thaw()

    def action_flatten_symbol(self) -> None:
        if symbol := self._pane.symbol:
            self._desk_app.interventions.flatten(symbol)
        else:
            self._desk_app.say("Go to the row of a symbol first, in Signals or Positions.")

    def action_switch_signal(self) -> None:
        if signal := self._pane.signal:
            self._desk_app.interventions.switch(signal)
        else:
            self._desk_app.say("Go to the row of a signal first, in Weights.")

    def action_change_weight(self) -> None:
        if signal := self._pane.signal:
            self._desk_app.interventions.weigh(signal)
        else:
            self._desk_app.say("Go to the row of a signal first, in Weights.")

    @property
    def rows(self) -> LiveTable | LogView:
        """What the focused pane shows."""
        return self._pane.body

    @property
    def _pane(self) -> Pane:
        return self._panes[self.focused_pane]

    @property
    def _desk_app(self) -> DeskApp:
        return cast(DeskApp, self.app)

    def _rearrange(self) -> None:
        self._arrange_anew()
        self.show(self._view)

    def _arrange_anew(self) -> None:
        # The arrangement depends on more than the size, which is all that Textual remembers it by. Laid out at once:
        # whoever asked for a region before the next layout would have taken the news of the new sizes from it.
        self._clear_arrangement_cache()
        self._refresh_layout()
