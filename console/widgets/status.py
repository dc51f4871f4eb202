"""The status bar: what mode this is, whether it may trade, and whether what is shown is true.

The first words are never left out, however narrow the screen: mode, trading state, kill switch. A third line appears
when something must be read: a restriction, a kill under way, an engine that is silent or still starting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from console.actions import BY_ID
from console.arrangement import LEAST_HEIGHT, LEAST_WIDTH, Size, is_cramped
from console.format import (
    age,
    clock,
    counted,
    duration,
    market_time,
    milliseconds,
    money,
    number,
    percent,
    profit,
    profit_ink,
    signed_percent,
    signed_times,
    times,
)
from console.keymap import key_label
from console.panes.limits import alarm_words
from console.panes.weights import weights_line
from console.publisher import View
from console.widgets.faded import faded_line
from console.widgets.fields import Field, fields_line
from console.widgets.ink import Line, Span, broken, cut, join
from console.widgets.lines import Lines
from engine.snapshot import OverrideRow, Snapshot, VenueHealth

_MODE_INKS = {"live": "mode-live", "paper": "mode-paper"}
_STATE_INKS = {"ACTIVE": "active", "REDUCING": "reducing", "HALTED": "halted"}
_LIGHTS = {"up": "●", "ok": "●", "connected": "●", "down": "○", "closed": "○", "lost": "○"}
_ARMED_KEYS = {"kill.flatten": "flatten", "kill.halt": "halt", "kill.disarm": "disarm"}
_CRAMPED_KEYS = {"kill.arm": "KILL", "quit": "quit"}
_CLOCK = 11
_BAR: Span = (" │ ", "frame")
_GAP: Span = ("  ", "plain")


class KeymapOwner(Protocol):
    """The app, as far as the bar needs it."""

    @property
    def keymap(self) -> Mapping[str, str]: ...


class StatusBar(Vertical):
    """Shows a view in two lines, or as many as must be read. Each screen has one of its own, on top.

    The clock is a widget of its own, so that a second that passes draws nine cells again and not the whole line.
    """

    DEFAULT_CSS = """
    StatusBar { dock: top; height: 2; width: 1fr; background: $background; }
    StatusBar Horizontal { height: 1; width: 1fr; }
    StatusBar .status-rest { height: 1fr; }
    StatusBar .status-clock { width: 11; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._first = Lines()
        self._clock = Lines(classes="status-clock")
        self._rest = Lines(classes="status-rest")

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._first
            yield self._clock
        yield self._rest

    def show_view(self, view: View, size: Size) -> int:
        """Bring it up to date; returns how many lines it needs."""
        width = self.size.width or self.app.size.width
        cramped = is_cramped(self.app.size.width, self.app.size.height)
        self.app.set_class(cramped, "-cramped")
        lines = self._cramped_lines(view, width) if cramped else self._lines(view, size, width)
        first, *rest = lines
        if 1 + len(rest) != 1 + len(self._rest.lines):
            self.styles.height = 1 + len(rest)
        self._first.show([first])
        self._rest.show(rest)
        self._clock.display = size is not Size.NARROW and not cramped
        self._clock.show([[(f" {clock(view.wall_ms)}Z ", "soft")]])
        return 1 + len(rest)

    def grows(self, view: View, size: Size) -> bool:
        """Whether `view` needs more or fewer lines than are shown."""
        if is_cramped(self.app.size.width, self.app.size.height):
            return False
        return len(self._lines(view, size, self.size.width)) != 1 + len(self._rest.lines)

    def _lines(self, view: View, size: Size, width: int) -> list[Line]:
        return status_lines(view, self._keymap, size, width)

    def _cramped_lines(self, view: View, width: int) -> list[Line]:
        asking = self.app.screen.is_modal
        return cramped_lines(view, self._keymap, width, self.app.size.height, asking=asking)

    @property
    def _keymap(self) -> Mapping[str, str]:
        return cast(KeymapOwner, self.app).keymap


def status_lines(view: View, keymap: Mapping[str, str], size: Size, width: int) -> list[Line]:
    """Every line of the status bar at this width; the first leaves room for the clock where there is one."""
    narrow = size is Size.NARROW
    lines = [fields_line(_health(view, narrow=narrow), _BAR, width if narrow else width - _CLOCK)]
    if view.snapshot is None:
        lines.append(cut([(" the engine is loading", "soft")], width))
    else:
        book = fields_line(_book(view.snapshot, narrow=narrow), _GAP, width)
        lines.append(faded_line(book) if view.silent else book)
    if size is Size.MID and (weights := weights_line(view.snapshot)):
        lines.append(cut([(" ", "plain"), *weights], width))
    if banner := banner_line(view, keymap):
        lines.append(cut(banner, width))
    return lines


def cramped_lines(
    view: View, keymap: Mapping[str, str], width: int, height: int, *, asking: bool
) -> list[Line]:
    """What a terminal that is too small shows, and nothing else: `height` lines, those first that must be read.
    `asking`: a dialog waits for an answer, which nobody should give who cannot read it."""
    keys = _ARMED_KEYS if view.armed else _CRAMPED_KEYS
    words = " · ".join(f"{key_label(BY_ID[name], keymap)} {word}" for name, word in keys.items())
    if asking and not view.armed:
        words = f"Esc closes the dialog · {words}"
    told: list[Line] = [
        ((words, "danger" if view.armed else "strong"),),
        ((f"terminal too small: at least {LEAST_WIDTH}x{LEAST_HEIGHT}", "warn"),),
        banner_line(view, keymap),
    ]
    rows = [row for line in told if line for row in broken(line, width)]
    # The blank a row was broken at is no part of it, and must not be marked as cut.
    stripped = [(*row[:-1], (row[-1][0].rstrip(), row[-1][1])) for row in rows]
    lines = [fields_line(_health(view, narrow=True)[:1], _BAR, width), *(cut(row, width) for row in stripped)]
    return [*lines, *([()] * height)][:height]


def banner_line(view: View, keymap: Mapping[str, str]) -> Line:
    """What must be read now, the most urgent of all; empty where there is nothing."""
    snapshot, attachment = view.snapshot, view.attachment
    if attachment is not None and attachment.lost:
        shown = f"what is shown is {age(view.silent_ms)} old: " if snapshot is not None else ""
        return _banner("DISCONNECTED", "halted", f"{shown}{attachment.lost}")
    if snapshot is None:
        return _banner("STARTING", "reducing", view.starting) if view.starting else ()
    if view.silent:
        return _banner(
            "ENGINE SILENT", "halted", f"no picture for {age(view.silent_ms)}: what is shown is old"
        )
    kill = snapshot.kill
    if kill is not None and kill.progress not in ("flat", "kept"):
        words = (
            f"kill: {kill.progress} at {kill.venue}, {counted(kill.cancelled, 'order', 'orders')} cancelled"
        )
        return _banner("HALTED", "halted", f"{words}{', ' + kill.error if kill.error else ''}")
    if snapshot.state == "HALTED":
        resume = f"{key_label(BY_ID['palette'], keymap)}, {BY_ID['mode.resume'].title}"
        return _banner("HALTED", "halted", f"{resume}, leaves it. {_why(snapshot)}")
    if snapshot.state == "REDUCING":
        return _banner("REDUCING", "reducing", f"no new exposure. {_why(snapshot)}")
    if snapshot.phase != "running":
        return _banner(snapshot.phase.upper(), "reducing", snapshot.notice)
    note = (attachment.note if attachment is not None else "") or snapshot.notice
    return _banner("NOTE", "reducing", note) if note else ()


def kill_words(view: View) -> Span:
    """The state of the kill switch in two words."""
    if view.armed:
        return "kill: ARMED", "armed"
    kill = view.snapshot.kill if view.snapshot is not None else None
    if kill is None:
        if view.read_only:
            return "kill: read-only", "soft"
        lost = view.attachment is not None and view.attachment.lost
        return ("kill: no engine", "warn") if lost else ("kill: ready", "plain")
    return f"kill: {kill.progress}", "warn" if kill.progress in ("flat", "kept") else "halted"


def _read_only(view: View, gap: str) -> Line:
    """The word that a console which only watches carries everywhere."""
    return ((gap, "frame"), (" READ-ONLY ", "reducing")) if view.read_only else ()


def _health(view: View, *, narrow: bool) -> list[Field]:
    """The first line. While the engine is silent only what is known without it keeps a fresh ink: mode, how long the
    panes have stood still, and the age of the data, which grows."""
    mode: Span = (f" {(view.mode or 'starting').upper()} ", _MODE_INKS.get(view.mode, "mode"))
    snapshot = view.snapshot
    if snapshot is None:
        return [
            Field((mode, *_read_only(view, " "))),
            Field((("STARTING", "reducing"),)),
            Field((kill_words(view),)),
        ]
    told: Callable[[Line], Line] = faded_line if view.silent else tuple
    state: Span = (f" {snapshot.state} ", _STATE_INKS.get(snapshot.state, "halted"))
    gap = " " if narrow else " │ "
    head = [
        mode,
        *_read_only(view, gap),
        ("" if narrow else gap, "frame"),
        *told((state, (gap, "frame"), kill_words(view))),
        *_frozen(view, narrow=narrow),
    ]
    loop = max(snapshot.loop_lag_p99_ms, view.lag_p99_ms)
    slowed: Line = ((f"screen {view.hz:g}Hz", "warn"),) if view.lag_p99_ms > 20 else ()
    pace = snapshot.speed if snapshot.speed == "max" else f"{snapshot.speed.removesuffix('x')}x"
    market = market_time(snapshot.market_ts_ms)[5 if narrow else 0 :]
    return [
        Field(head),
        *(Field(told(_venue(venue, narrow=narrow)), 3) for venue in snapshot.venues),
        Field(_data(view, snapshot), 1),
        Field(told((("loop " if narrow else "loop p99 ", "soft"), (milliseconds(loop), _lag_ink(loop)))), 4),
        Field(told((("db ", "soft"), (milliseconds(snapshot.database_ms), "plain"))), 6),
        Field(slowed, 2),
        Field(told((("" if narrow else "market ", "soft"), (f"{market}Z {pace}", "plain"))), 2),
        Field(told(_next(snapshot)), 5),
    ]


def _frozen(view: View, *, narrow: bool) -> list[Span]:
    """How long the panes have stood still; nothing while they do not."""
    if view.frozen is None:
        return []
    words = f" FROZEN {age(view.wall_ms - view.frozen.wall_ms)} "
    return [(" " if narrow else " │ ", "frame"), (words, "reducing")]


def _book(snapshot: Snapshot, *, narrow: bool) -> list[Field]:
    day = number(snapshot.day_profit)
    day_share = signed_percent(snapshot.day_profit_fraction)
    glyph, amount = profit(snapshot.day_profit)[0], profit(snapshot.day_profit)
    fall: Span = (f"▼ {percent(-abs(snapshot.drawdown))}" if snapshot.drawdown else "0.00%", "plain")
    alarm = alarm_words(snapshot)
    return [
        Field(((" eq " if narrow else " equity ", "soft"), (money(snapshot.equity), "strong"))),
        Field(
            (
                ("day ", "soft"),
                (f"{glyph} {day_share}" if narrow else f"{amount} ({day_share})", profit_ink(day)),
            )
        ),
        Field((("dd ", "soft"), fall, (f" of {percent(snapshot.drawdown_limit)}", "soft"))),
        Field((("gross ", "soft"), (times(snapshot.gross), "plain")), 1),
        Field((("RISK ", "soft"), *alarm) if alarm and alarm[0][1] != "soft" else (), 1),
        Field((("net ", "soft"), (signed_times(snapshot.net), "plain")), 3),
        Field((("ord " if narrow else "orders ", "soft"), (f"{snapshot.working_orders:,}", "plain")), 2),
        Field((("fills ", "soft"), (f"{snapshot.fills:,}", "plain")), 4),
        Field((("fees ", "soft"), (money(snapshot.fees), "plain")), 5),
        Field((("funding ", "soft"), (money(snapshot.funding), "plain")), 7),
        Field(((snapshot.profile, "plain"),) if snapshot.profile else (), 8),
        Field((("cfg ", "soft"), (snapshot.config_hash[:4], "plain")), 6),
    ]


def _data(view: View, snapshot: Snapshot) -> Line:
    fresh = [row.age_ms for row in snapshot.signals if not row.stale]
    stale = len(snapshot.signals) - len(fresh)
    parts: list[Line] = [
        (("data ", "soft"), (age(max(fresh) + view.silent_ms), "plain")) if fresh else (),
        ((f"{stale} STALE", "warn"),) if stale else (),
    ]
    return join(parts, (" ", "plain"))


def _next(snapshot: Snapshot) -> Line:
    if snapshot.next_decision_in_ms is None:
        return ()
    return (("next ", "soft"), (duration(snapshot.next_decision_in_ms), "plain"))


def _venue(venue: VenueHealth, *, narrow: bool) -> Line:
    if narrow:
        worst = max((_light(word) for word in (venue.stream, venue.rest)), key="●◐○".index)
        return ((f"{venue.name[:3]}{worst}", "plain" if worst == "●" else "warn"),)
    spans: list[Span] = [(f"{venue.name} ", "plain")]
    for name, word in (("WS", venue.stream), ("REST", venue.rest)):
        light = _light(word)
        spans.append((f"{name}{light} ", "plain" if light == "●" else "warn"))
        if light == "◐":
            spans.append((f"{word} ", "warn"))
    return [
        *spans[:-1],
        (spans[-1][0].rstrip() if venue.latency_ms is None else spans[-1][0], spans[-1][1]),
    ] + ([] if venue.latency_ms is None else [(milliseconds(venue.latency_ms), "soft")])


def _light(word: str) -> str:
    """Full: up; empty: down; half: anything between, whose own word is shown too."""
    return _LIGHTS.get(word.lower(), "◐")


def _lag_ink(lag_ms: float) -> str:
    return "warn" if lag_ms > 50 else "plain"


def _why(snapshot: Snapshot) -> str:
    rows = [row for row in snapshot.overrides if row.state == snapshot.state]
    if not rows:
        return snapshot.notice
    newest: OverrideRow = max(rows, key=lambda row: row.since_ts_ms)
    where = f"{newest.scope} " if newest.scope else ""
    actor = newest.actor.removeprefix("operator ")
    return f"{where}{newest.name} by {actor}: {newest.reason}. Ends: {newest.ends}."


def _banner(word: str, ink: str, words: str) -> Line:
    return ((f" {word} ", ink), (f" {words}", "strong"))
