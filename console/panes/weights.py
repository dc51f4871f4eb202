"""How the signals are weighed in the blend, and how much of the market each has an opinion on."""

from __future__ import annotations

from console.format import BY_HAND, NONE_SHOWN, age, bar, duration, plain, signed, signed_percent
from console.panes.pane import Pane, aged
from console.publisher import View
from console.signal_state import OFF, ON, shown_state
from console.weight_words import estimate_lines, held_words
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, Span, join
from console.widgets.livetable import LiveTable
from engine.snapshot import Snapshot, WeightRow

_BAR = 10
_CHANGED = Column("changed", 19, right=False, rank=4, grow=True)
_MOST_ESTIMATES = 4


class WeightsPane(Pane):
    """One row for each signal of the blend."""

    NAME = "weights"
    HEADING = "BLENDER WEIGHTS"

    def __init__(self, *, flash: bool) -> None:
        self._table = LiveTable(flash=flash)
        super().__init__(self._table)

    def show(self, view: View) -> None:
        rows = {} if view.snapshot is None else {row.name: row for row in view.snapshot.weights}
        by_hand = sum(bool(row.change) for row in rows.values())
        changed = by_hand > 0
        estimated = any(row.estimated_ms is not None or row.estimated_why for row in rows.values())
        cells_of = aged(view, lambda name: weight_cells(rows[name], changed=changed, estimated=estimated))
        columns = weight_columns(changed=changed, estimated=estimated)
        self._table.show(columns, list(rows), cells_of, _empty_words(view))
        states = [shown_state(row) for row in rows.values()]
        computed = len(states) - states.count(OFF)
        self.set_status(
            ((f"{states.count(ON)} of {computed} on", "soft"),) if rows else (),
            note=((f"{BY_HAND} {by_hand} changed", "warn"),) if changed else (),
        )
        foot = foot_lines(view.snapshot, self.size.width - 3) if view.snapshot is not None and rows else ()
        self.set_foot(foot, old=view.silent)

    @property
    def opens(self) -> tuple[str, str] | None:
        return ("signal", self.signal) if self.signal else None

    @property
    def signal(self) -> str:
        return self._table.cursor_key or ""


def weight_columns(*, changed: bool, estimated: bool = False) -> list[Column]:
    """The columns; what an operator changed, and what estimates did, only where there is something of the kind."""
    columns = [
        Column("signal", 6, right=False),
        Column("", 22 if estimated or changed else 25, right=False, rank=3 if estimated else 1),
        # The mark of what was changed takes its cell from the column that has one to spare.
        Column("weight", 6 + changed),
        Column("", _BAR, right=False, rank=2),
        *([Column("Δ est", 6, rank=1), Column("held by", 12, right=False, rank=1)] if estimated else []),
        Column("opinions", 8),
        Column("mean", 7 - changed, rank=5),
        Column("type", 10, right=False, rank=6),
        Column("P&L 30d", 8, rank=7),
        Column("P&L", 8, rank=8),
        Column("hits", 5, rank=9),
        Column("IC", 6, rank=10),
        Column("age", 5, rank=11),
        Column("class", 11, right=False, rank=12),
        Column("closest", 9, rank=13),
        Column("family", 11, right=False, rank=14),
    ]
    return [*columns, _CHANGED] if changed else columns


def weight_cells(row: WeightRow, *, changed: bool = False, estimated: bool = False) -> list[Cell]:
    """The cells of one signal; one that nobody trades on says shadow or off instead of its weight, and what an operator
    changed has a mark there."""
    state = shown_state(row)
    on, computed = state == ON, state != OFF
    ink = "plain" if on else "stale"
    silent = "warn" if computed else ink
    closest = f"{row.closest} {signed(row.correlation)}" if row.correlation is not None else NONE_SHOWN
    change = NONE_SHOWN if row.estimated_change is None else signed(row.estimated_change)
    return [
        Cell(row.name, "strong" if on else "stale"),
        Cell(row.title, ink),
        Cell(weight_text(row), "warn" if row.change else ink),
        Cell(bar(row.weight if on else 0.0, _BAR, " "), "gauge" if on else "stale"),
        *([Cell(change, ink), Cell(held_words(row), "soft")] if estimated else []),
        Cell(f"{row.opinions}/{row.symbols}" if computed else NONE_SHOWN, ink if row.opinions else silent),
        Cell(plain(row.mean_abs) if row.opinions else NONE_SHOWN, ink),
        Cell(row.type, "soft"),
        *(Cell(text, ink) for text in _record(row)),
        Cell(row.kind, "soft"),
        Cell(closest, ink),
        Cell(row.family, "soft"),
        *([Cell(row.change, "warn")] if changed else []),
    ]


def weight_text(row: WeightRow) -> str:
    """The share of a signal or the state it is in instead, marked where an operator changed it."""
    state = shown_state(row)
    return f"{BY_HAND if row.change else ''}{plain(row.weight) if state == ON else state}"


def _record(row: WeightRow) -> tuple[str, ...]:
    """What the signal earned by itself, how often it was right, and how old its newest bar is."""
    if shown_state(row) == OFF:
        return (NONE_SHOWN,) * 5
    return (
        signed_percent(None if row.no_book else row.recent_pnl, 2),
        signed_percent(None if row.no_book else row.pnl, 2),
        NONE_SHOWN if row.hit_rate is None else f"{row.hit_rate:.0%}",
        signed(row.information_coefficient) if row.information_coefficient is not None else NONE_SHOWN,
        NONE_SHOWN if row.age_ms is None else age(row.age_ms),
    )


def weights_line(snapshot: Snapshot | None) -> list[Span]:
    """All weights on one line, for screens without room for the pane; of those that follow the decisions how many."""
    if snapshot is None or not snapshot.weights:
        return []
    parts: list[Line] = [
        ((f"{row.name} ", "soft"), (weight_text(row), "warn" if row.change else "plain"))
        for row in snapshot.weights
        if shown_state(row) != OFF and not row.followed
    ]
    if followed := sum(row.followed for row in snapshot.weights):
        parts.append(((f"{followed} in shadow", "soft"),))
    return [("weights ", "soft"), *join(parts, (" · ", "frame"))]


def foot_lines(snapshot: Snapshot, width: int) -> list[Line]:
    """All weights together, then what the estimates of each class have come to."""
    told = [line for row in snapshot.estimates for line in estimate_lines(row, width)]
    return [_total(snapshot), *told[:_MOST_ESTIMATES]]


def _total(snapshot: Snapshot) -> Line:
    total = sum(row.weight for row in snapshot.weights if row.enabled)
    wait = duration(snapshot.next_decision_in_ms)
    return (
        (" Σ ", "soft"),
        (plain(total), "plain"),
        ("  profile ", "soft"),
        (snapshot.profile, "plain"),
        ("  next decision ", "soft"),
        (wait, "plain"),
    )


def _empty_words(view: View) -> list[str]:
    if view.snapshot is None or view.snapshot.phase in ("starting", "recovering"):
        return ["Weights appear when the engine has started."]
    return ["No signal is enabled: nothing will be traded.", "Enable one under [signals] in config.toml."]
