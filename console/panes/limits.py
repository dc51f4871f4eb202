"""How much of each risk limit is used, and which restrictions are in force and how they end."""

from __future__ import annotations

from collections.abc import Sequence

from console.format import NONE_SHOWN, age, bar, counted, milliseconds, percent, plain, times
from console.panes.pane import Pane, aged
from console.publisher import View
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, join
from console.widgets.livetable import LiveTable
from engine.snapshot import LimitRow, OverrideRow, Snapshot

_BAR = 12
_OVERRIDES_SHOWN = 3
# The upper edge, the row of titles, and the lower frame.
_AROUND = 3
_COLUMNS = (
    Column("limit", 15, right=False),
    Column("used", 8),
    Column("max", 8),
    Column("used/max", _BAR, right=False, rank=1),
    Column("", 9, right=False, grow=True),
)
_INKS = {"ok": "ok", "WARN": "warn", "BREACH": "breach", "not armed": "stale"}


class LimitsPane(Pane):
    """One row for each limit; below, the restrictions in force."""

    NAME = "limits"
    HEADING = "RISK LIMITS"

    def __init__(self, *, flash: bool) -> None:
        self._table = LiveTable(flash=flash)
        super().__init__(self._table)

    def show(self, view: View) -> None:
        snapshot = view.snapshot
        rows = {} if snapshot is None else {row.name: row for row in snapshot.limits}
        cells_of = aged(view, lambda name: limit_cells(rows[name]))
        self._table.show(_COLUMNS, list(rows), cells_of, _EMPTY)
        self.set_status(alarm_words(snapshot))
        self.set_foot(() if snapshot is None else [*self._unseen(snapshot), *override_lines(snapshot)])

    def _unseen(self, snapshot: Snapshot) -> list[Line]:
        """Which limits that warn or are breached have no row in sight, if any."""
        first, _ = self._table.window
        room = self.size.height - _AROUND - len(override_lines(snapshot))
        keys = self._table.keys
        # The line itself takes a row, but must not be the only reason for itself.
        if room <= 0 or not unseen_alarms(snapshot.limits, keys, first, first + room):
            return []
        return [unseen_alarms(snapshot.limits, keys, first, first + room - 1)]

    @property
    def opens(self) -> tuple[str, str] | None:
        name = self._table.cursor_key
        return ("limit", name) if name is not None else None


def limit_cells(row: LimitRow) -> list[Cell]:
    """The cells of one limit."""
    ink = _INKS.get(row.status, "warn")
    share = row.used / row.maximum if row.used is not None and row.maximum else None
    return [
        Cell(row.name, "stale" if row.status == "not armed" else "plain"),
        Cell(amount(row.used, row.unit), "plain" if ink in ("ok", "stale") else ink),
        Cell(amount(row.maximum or None, row.unit), "soft"),
        Cell(bar(share, _BAR), "plain" if ink == "ok" else ink),
        Cell(row.status, ink),
    ]


def amount(value: float | None, unit: str) -> str:
    """A value of a limit in its unit: fraction, x, count or ms."""
    if value is None:
        return NONE_SHOWN
    if unit == "fraction":
        return percent(value)
    if unit == "x":
        return times(value)
    if unit == "ms":
        return milliseconds(value)
    return plain(value, 0 if float(value).is_integer() else 1)


def alarms(snapshot: Snapshot | None) -> tuple[int, int]:
    """How many limits are breached, and how many warn."""
    rows: Sequence[LimitRow] = () if snapshot is None else snapshot.limits
    return sum(row.status == "BREACH" for row in rows), sum(row.status == "WARN" for row in rows)


def alarm_words(snapshot: Snapshot | None) -> Line:
    """The count of limits that warn or are breached; that all is well where none does."""
    breached, warned = alarms(snapshot)
    parts: list[Line] = [
        [(f"{breached} BREACH", "breach")] if breached else [],
        [(f"{warned} WARN", "warn")] if warned else [],
    ]
    if breached or warned:
        return tuple(join(parts, (" · ", "frame")))
    return (("all ok", "soft"),) if snapshot is not None and snapshot.limits else ()


def unseen_alarms(rows: Sequence[LimitRow], keys: Sequence[str], first: int, last: int) -> Line:
    """The limits that warn or are breached and are not among `keys[first:last]`, and where they are; else empty."""
    places = {key: row for row, key in enumerate(keys)}
    where: dict[str, list[Line]] = {}
    for row in sorted(rows, key=lambda row: row.status != "BREACH"):
        at = places.get(row.name)
        if row.status not in ("WARN", "BREACH") or (at is not None and first <= at < last):
            continue
        place = "filtered out" if at is None else "above" if at < first else "below"
        words: Line = ((f"{row.name} ", "plain"), (row.status, _INKS[row.status]))
        where.setdefault(place, []).append(words)
    told: list[Line] = [
        ((f"{place}: ", "soft"), *join(names, (", ", "soft"))) for place, names in where.items()
    ]
    return ((" ", "plain"), *join(told, (" · ", "frame"))) if told else ()


def override_lines(snapshot: Snapshot) -> list[Line]:
    """The restrictions in force, the most severe first, each with what ends it."""
    severity = {"HALTED": 0, "REDUCING": 1}
    rows = sorted(snapshot.overrides, key=lambda row: (severity.get(row.state, 2), -row.since_ts_ms))
    lines = [override_line(row, snapshot.market_ts_ms) for row in rows[:_OVERRIDES_SHOWN]]
    if len(rows) > _OVERRIDES_SHOWN:
        lines.append(((f" and {counted(len(rows) - _OVERRIDES_SHOWN, 'more', 'more')}", "soft"),))
    return lines


def override_line(row: OverrideRow, market_ts_ms: int) -> Line:
    """One restriction: what it does to what, who set it, why, since when, and what ends it."""
    ink = {"HALTED": "breach", "REDUCING": "warn"}.get(row.state, "plain")
    where = f" {row.scope}" if row.scope else ""
    return (
        (" ", "plain"),
        (row.state, ink),
        (f"{where} {row.name}: {row.reason or row.actor}", "plain"),
        (f" · {age(market_ts_ms - row.since_ts_ms)} · ends: {row.ends}", "soft"),
    )


_EMPTY = ["Limits appear when the engine has started."]
