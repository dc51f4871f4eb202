"""What all drill-downs share: status bar on top, a frame with facts over a table, keys below, Esc back.

A drill-down paints at once what the picture holds and says "reading..." for the rest; what it asked for is filled in
when it comes, and kept current. Nothing an engine answers, or fails to answer, can end the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget

from console.action import Scope
from console.actions import BY_ID, Action
from console.arrangement import Size, size_of
from console.bindings import bindings
from console.details import RETRY_S, Answer, Details, Inquiry, Want
from console.format import age
from console.keymap import key_label
from console.publisher import View
from console.screens.rowkeys import RowKeys
from console.widgets.columns import Cell, Column, fit
from console.widgets.edge import edge_line
from console.widgets.facts import wrapped
from console.widgets.faded import faded_cells, faded_line
from console.widgets.fields import Field
from console.widgets.ink import Line, Span
from console.widgets.keyfooter import KeyFooter
from console.widgets.lines import Lines
from console.widgets.livetable import LiveTable
from console.widgets.status import StatusBar
from engine.commands import Question
from engine.snapshot import Snapshot

if TYPE_CHECKING:
    from console.interventions import Interventions

OLD_MS = 10_000
READING = "reading..."


class DrillApp(Protocol):
    """The app, as far as drill-downs need it."""

    def monotonic_s(self) -> float: ...

    def open_drill(self, kind: str, key: str) -> None: ...

    @property
    def interventions(self) -> Interventions: ...

    def say(self, words: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """What stands in a table; without keys it says `empty`."""

    columns: Sequence[Column]
    keys: Sequence[str]
    cells_of: Callable[[str], Sequence[Cell]]
    empty: Sequence[str] = ()


class Drill(RowKeys, Screen[None], inherit_bindings=False):
    """One drill-down. Subclasses say what they want to know and what stands where.

    `key` names what it is about. `show` is called at each turn of the publisher. `ALSO`: actions of the desk that it
    has too. `TABS`: a table for each. `ORDER`: the order its rows come in. `TELLS_ROW`: below the table stands what is
    cut off in the row under the cursor.
    """

    SCOPES: ClassVar[tuple[Scope, ...]] = ()
    ALSO: ClassVar[tuple[Action, ...]] = ()
    TABS: ClassVar[tuple[str, ...]] = ("",)
    ORDER: ClassVar[str] = ""
    TELLS_ROW: ClassVar[bool] = True
    BINDINGS = bindings("screen")
    AUTO_FOCUS = "#rows-0"
    DEFAULT_CSS = """
    Drill .drill-frame {
        border: heavy $frame-focus; border-top: none; background: $background; height: 1fr; width: 1fr;
    }
    Drill .drill-head { height: 0; }
    Drill .drill-foot { height: 1; }
    """

    def __init__(self, keymap: Mapping[str, str], view: View, details: Details, key: str) -> None:
        super().__init__()
        self._keymap = keymap
        self._view = view
        self.key = key
        self._tab = 0
        self._shown = Rows((), (), lambda key: ())
        self._status = StatusBar()
        self._edge = Lines()
        self._head = Lines(classes="drill-head")
        self._tab_line = Lines()
        self._tables = [LiveTable(id=f"rows-{place}", order=self.ORDER) for place in range(len(self.TABS))]
        self._foot = Lines(classes="drill-foot")
        self._footer = KeyFooter(keymap, scopes=("app", "screen", *self.SCOPES), also=self.ALSO)
        self._inquiry = Inquiry(
            details,
            begin=partial(self.run_worker, exit_on_error=False),
            answered=self._heard,
            wall_ms=lambda: self._view.wall_ms,
            now_s=lambda: self.owner.monotonic_s(),
        )

    def compose(self) -> ComposeResult:
        yield self._status
        yield self._edge
        with Vertical(classes="drill-frame"):
            yield self._head
            yield from self.middle()
            if len(self.TABS) > 1:
                yield self._tab_line
            yield from self._tables
            if self.TELLS_ROW:
                yield self._foot
        yield self._footer

    # What a drill-down says of itself.

    @property
    def heading(self) -> str:
        """What stands at the left of the frame."""
        raise NotImplementedError

    def wants(self) -> Sequence[Want]:
        """What it wants to know beyond the picture, now."""
        raise NotImplementedError

    def head(self, width: int) -> Sequence[Line]:
        """The facts above the table, in lines of `width` cells."""
        raise NotImplementedError

    def table(self, tab: int) -> Rows:
        """What stands in the table of a tab."""
        raise NotImplementedError

    def middle(self) -> Iterable[Widget]:
        """What stands between facts and table."""
        return ()

    def state(self) -> Line:
        """What stands at the right of the frame."""
        return ()

    def tab_title(self, tab: int) -> str:
        """A tab as it is read."""
        return self.TABS[tab]

    def row_words(self, key: str) -> str:
        """What stands below the table of the row under the cursor: its widest column, where that is cut off."""
        columns = self._shown.columns
        at = next((place for place, column in enumerate(columns) if column.grow), None)
        if at is None:
            return ""
        text = self._shown.cells_of(key)[at].text
        room = next((place.width for place in fit(columns, self.rows.size.width) if place.index == at), 0)
        return text if len(text) > room else ""

    def drawn(self) -> None:
        """Called when facts and table were brought up to date."""

    def moved(self) -> None:
        """Called when the operator has moved the cursor."""
        self._draw_foot()

    # What they are given.

    @property
    def owner(self) -> DrillApp:
        """The app."""
        return cast(DrillApp, self.app)

    @property
    def market_ms(self) -> int:
        """The market's time; 0 before the first picture."""
        return 0 if self._view.snapshot is None else self._view.snapshot.market_ts_ms

    @property
    def view(self) -> View:
        """The newest view."""
        return self._view

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest picture."""
        return self._view.snapshot

    @property
    def rows(self) -> LiveTable:
        """The table in sight."""
        return self._tables[self._tab]

    @property
    def size_class(self) -> Size:
        """How much room there is."""
        return size_of(self.app.size.width, self.app.size.height)

    def known(self, question: Question) -> Any:
        """What was read for this question; None while nothing was."""
        answer = self._inquiry.answer(question)
        return None if answer is None else answer.data

    def fault(self, question: Question) -> str:
        """Why this question was not answered; "" where it was, or still may be."""
        answer = self._inquiry.answer(question)
        return "" if answer is None else answer.fault

    def age_of(self, question: Question) -> str:
        """How long ago this question was answered; "" while it was not."""
        answer = self._inquiry.answer(question)
        return "" if answer is None else age(max(0, self._view.wall_ms - answer.wall_ms))

    def waiting_words(self, question: Question, otherwise: str) -> list[str]:
        """What an empty table says: that it is being read, that it cannot be, or that there is nothing."""
        answer = self._inquiry.answer(question)
        if answer is None:
            return [READING]
        return [f"Not known: {answer.fault}."] if answer.data is None else [otherwise]

    def key_of(self, action: str) -> str:
        """The key of an action as the operator reads it."""
        return key_label(BY_ID[action], self._keymap)

    def go_to(self, key: str) -> None:
        """Put the cursor on this row, where it is shown."""
        keys = list(self.rows.keys)
        if key in keys and self.rows.cursor_key in keys:
            self.rows.move_cursor(keys.index(key) - keys.index(self.rows.cursor_key))

    def show(self, view: View) -> None:
        """Bring everything up to date, and ask for what is missing or old."""
        self._view = view.panes
        self._status.show_view(view, self.size_class)
        self._footer.show_view(view)
        for want in self.wants():
            self._inquiry.want(want)
        self._draw()

    def keep(self, view: View) -> None:
        """Take note of what is new without drawing."""
        self._view = view.panes

    def on_mount(self) -> None:
        self._show_tab(0)
        self.show(self._view)

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show(self._view)

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def on_live_table_rearranged(self) -> None:
        self._draw_edge()

    def on_live_table_moved(self) -> None:
        self.moved()

    def action_back(self) -> None:
        self.dismiss()

    def action_next_tab(self, steps: int) -> None:
        self._show_tab((self._tab + steps) % len(self.TABS))
        self._draw()

    def _show_tab(self, tab: int) -> None:
        self._tab = tab
        for place, table in enumerate(self._tables):
            table.display = place == tab
        self.set_focus(self.rows)

    def _heard(self) -> None:
        if self.is_mounted and self.is_current:
            self.show(self._view)

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        width = self._head.size.width or self.app.size.width - 2
        lines = [*self.head(width), *self._trouble(width)]
        if self._view.silent:
            lines = [faded_line(line) for line in lines]
        if len(lines) != len(self._head.lines):
            self._head.styles.height = len(lines)
        self._head.show(lines)
        if len(self.TABS) > 1:
            self._tab_line.show([self._tabs()])
        rows = self._shown = self.table(self._tab)
        cells_of = faded_cells(rows.cells_of) if self._view.silent or self._is_old() else rows.cells_of
        self.rows.show(rows.columns, rows.keys, cells_of, rows.empty)
        self._draw_edge()
        self._draw_foot()
        self.drawn()

    def _draw_foot(self) -> None:
        if not self.TELLS_ROW:
            return
        height = 1 if self.size_class is Size.WIDE else 2
        if self._foot.styles.height is None or self._foot.styles.height.value != height:
            self._foot.styles.height = height
        key = self.rows.cursor_key
        words = self.row_words(key) if key is not None and key in self._shown.keys else ""
        lines = wrapped(words, self._foot.size.width - 2, "plain")[:height]
        self._foot.show([[(" ", "plain"), *line] for line in lines])

    def _draw_edge(self) -> None:
        fields = (Field(self.rows.title_words, 1), Field(self.state(), 3), Field(self._age_words(), 2))
        self._edge.show([edge_line(f" {self.heading} ", fields, self._edge.size.width, focused=True)])

    def _tabs(self) -> Line:
        spans: list[Span] = []
        for place in range(len(self.TABS)):
            words = self.tab_title(place)
            spans.append((f" [{words}]", "tab") if place == self._tab else (f"  {words} ", "plain"))
        return spans

    def _trouble(self, width: int) -> list[Line]:
        """What could not be read, and what is done about it; else what is still being read."""
        answers = [(want, self._inquiry.answer(want.question)) for want in self.wants()]
        faults = list(
            dict.fromkeys(answer.fault for _, answer in answers if answer is not None and answer.fault)
        )
        if faults:
            words = f"{'; '.join(faults)}. Asked again every {RETRY_S:.0f} s; Esc goes back."
            return wrapped(f" NOT READ {words}", width, "warn")[:2]
        return [((f" {READING}", "soft"),)] if any(answer is None for _, answer in answers) else []

    def _answers(self) -> list[tuple[Want, Answer]]:
        asked = ((want, self._inquiry.answer(want.question)) for want in self.wants())
        return [(want, answer) for want, answer in asked if answer is not None]

    def _is_old(self) -> bool:
        return any(
            self._view.wall_ms - answer.wall_ms > OLD_MS
            for want, answer in self._answers()
            if answer.mark != want.mark
        )

    def _age_words(self) -> Line:
        """How old what was read is, where the picture says that there is more to know."""
        behind = [
            self._view.wall_ms - answer.wall_ms
            for want, answer in self._answers()
            if answer.data is not None and (answer.mark != want.mark or answer.fault)
        ]
        if not behind or max(behind) < 1_000:
            return ()
        return ((f"read {age(max(behind))} ago", "warn" if max(behind) > OLD_MS else "soft"),)
