"""What each signal says of each symbol, what the blend makes of it, and what is done about it."""

from __future__ import annotations

from collections.abc import Sequence

from console.format import (
    UNKNOWN_CELL,
    age,
    counted,
    plain,
    price,
    signed,
    signed_percent,
    sparkline,
)
from console.panes.pane import Pane, aged
from console.publisher import View
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, join
from console.widgets.livetable import LiveTable
from engine.snapshot import SignalCell, SignalRow, Snapshot

_TRAIL = 8
_WARMUP, _BLOCKED = "WARMUP", "BLOCKED"


class SignalsPane(Pane):
    """One row for each symbol, the strongest opinion first."""

    NAME = "signals"
    HEADING = "SIGNALS"

    def __init__(self, *, flash: bool) -> None:
        self._table = LiveTable(flash=flash, order="|blend|")
        super().__init__(self._table)

    def show(self, view: View) -> None:
        snapshot = view.snapshot
        rows = () if snapshot is None else sorted(snapshot.signals, key=_strongest_first)
        by_symbol = {row.symbol: row for row in rows}
        names, followed = signal_names(rows), () if snapshot is None else followed_names(snapshot)
        with_why = any(row.why_blocked or row.caps for row in rows)
        self._table.show(
            signal_columns(names, followed, with_why=with_why),
            [row.symbol for row in rows],
            aged(
                view,
                lambda key: signal_cells(by_symbol[key], names, view.silent_ms, followed, with_why=with_why),
            ),
            empty_words(view),
        )
        self.set_status(_status(rows), _count(rows))
        self.set_foot(warming_lines(snapshot) if snapshot is not None else ())

    @property
    def opens(self) -> tuple[str, str] | None:
        return ("signal", self.symbol) if self.symbol else None

    @property
    def symbol(self) -> str:
        return self._table.cursor_key or ""


def signal_names(rows: Sequence[SignalRow]) -> tuple[str, ...]:
    """Every signal with a cell in any row, in the order they first appear."""
    return tuple(dict.fromkeys(cell.name for row in rows for cell in row.cells))


def followed_names(snapshot: Snapshot) -> tuple[str, ...]:
    """The signals that follow the decisions: their columns come last, where there is room or one moves there."""
    return tuple(row.name for row in snapshot.weights if row.followed)


def signal_columns(names: Sequence[str], followed: Sequence[str] = (), *, with_why: bool) -> list[Column]:
    """The columns for these signals; the one that says what stands in the way only where anything does."""
    return [
        Column("symbol", 10, right=False),
        Column("price", 11),
        Column("blend", 6),
        *(Column(name[:7], 7, rank=4) for name in names if name not in followed),
        Column("conf", 5, rank=2),
        Column("agree", 5, rank=5),
        Column("netted", 6, rank=8),
        Column("target", 7, rank=6),
        Column("held", 7, rank=9),
        Column("cost bp", 7, rank=10),
        Column("sprd bp", 7, rank=11),
        Column("age", 5, rank=1),
        Column("act", 8, right=False),
        *([Column("why", 12, right=False, rank=3, grow=True)] if with_why else []),
        Column("trail", _TRAIL, right=False, rank=7),
        *(Column(name[:7], 7, rank=12 + place) for place, name in enumerate(followed)),
    ]


def signal_cells(
    row: SignalRow,
    names: Sequence[str],
    silent_ms: int,
    followed: Sequence[str] = (),
    *,
    with_why: bool,
) -> list[Cell]:
    """The cells of one symbol; in a stale row every number is grey, and the blend says STALE instead of a number."""
    cells = {cell.name: cell for cell in row.cells}
    fresh = not row.stale
    ink = "plain" if fresh else "stale"
    return [
        Cell(row.symbol, "strong" if fresh else "stale"),
        Cell(price(row.price), ink),
        Cell(signed(row.forecast), "strong") if fresh else Cell("STALE", "warn"),
        *(_reading(cells.get(name), fresh=fresh) for name in names if name not in followed),
        Cell(plain(row.confidence), ink),
        Cell(plain(row.agreement), ink),
        Cell(plain(row.netted), ink),
        Cell(signed_percent(row.target_fraction, 1), ink),
        Cell(signed_percent(row.position_fraction, 1), ink),
        Cell(plain(row.expected_cost_bps, 1), ink),
        Cell(plain(row.spread_bps, 1), ink),
        Cell(age(row.age_ms + silent_ms), "soft" if fresh else "warn"),
        Cell(row.action, _action_ink(row.action)),
        *([_why(row)] if with_why else []),
        Cell(sparkline(row.trail, _TRAIL), "soft"),
        *(_reading(cells.get(name), fresh=fresh) for name in followed),
    ]


def warming_lines(snapshot: Snapshot) -> list[Line]:
    """Which signals have no opinion of any symbol, and what they wait for; one line for each thing waited for."""
    waiting: dict[str, list[str]] = {}
    for row in snapshot.weights:
        if row.enabled and row.symbols and not row.opinions:
            waiting.setdefault(row.note, []).append(row.name)
    reasons = {cell.name: cell.reason for row in snapshot.signals for cell in row.cells if cell.reason}
    lines: list[Line] = []
    for note, names in waiting.items():
        who = ", ".join(names)
        warming = all(reasons.get(name, _WARMUP) == _WARMUP for name in names)
        words = f"{who} warm up" if warming else f"{who} without an opinion"
        said = f"{who} {note}" if note.startswith("warm") else f"{words}: {note}" if note else words
        lines.append(((f" {said}", "warn"),))
    return lines[:3]


def empty_words(view: View) -> list[str]:
    """What is said instead of rows."""
    if view.snapshot is None:
        return ["Starting: the engine is loading.", "Rows appear with its first picture."]
    if view.snapshot.phase in ("starting", "recovering"):
        return [f"The engine is {view.snapshot.phase}.", view.snapshot.notice]
    return ["No symbols.", "Name some with --symbols, or leave it out for all the market has."]


def _reading(cell: SignalCell | None, *, fresh: bool) -> Cell:
    if cell is None:
        return Cell(UNKNOWN_CELL, "soft")
    if cell.value is None:
        return Cell(cell.reason or UNKNOWN_CELL, "soft")
    return Cell(signed(cell.value), "plain" if fresh else "stale")


def _why(row: SignalRow) -> Cell:
    """What stands between the forecast and what is held: guard or lock, else the caps that bound."""
    return Cell(row.why_blocked, "warn") if row.why_blocked else Cell(", ".join(row.caps), "soft")


def _action_ink(action: str) -> str:
    if action in (_BLOCKED, _WARMUP):
        return "warn"
    return "strong" if action in ("BUY", "SELL") else "plain"


def _strongest_first(row: SignalRow) -> tuple[bool, float, str]:
    return row.forecast is None, -abs(row.forecast or 0.0), row.symbol


def _status(rows: Sequence[SignalRow]) -> Line:
    stale = sum(row.stale for row in rows)
    blocked = sum(row.action == _BLOCKED for row in rows)
    parts: list[Line] = [
        [(f"{stale} STALE", "warn")] if stale else [],
        [(f"{blocked} BLOCKED", "warn")] if blocked else [],
    ]
    return tuple(join(parts, (" · ", "frame")))


def _count(rows: Sequence[SignalRow]) -> Line:
    return ((counted(len(rows), "symbol", "symbols"), "soft"),) if rows else ()
