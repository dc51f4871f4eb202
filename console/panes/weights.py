"""How the signals are weighed in the blend, and how much of the market each has an opinion on."""

from __future__ import annotations

from console.format import NONE_SHOWN, age, bar, duration, plain, signed, signed_percent
from console.panes.pane import Pane, aged
from console.publisher import View
from console.signal_state import OFF, ON, shown_state
from console.widgets.columns import Cell, Column
from console.widgets.ink import Line, Span, join
from console.widgets.livetable import LiveTable
from engine.snapshot import Snapshot, WeightRow

_BAR = 10
_COLUMNS = [
    Column("signal", 6, right=False),
    Column("", 25, right=False, rank=1),
    Column("weight", 6),
    Column("", _BAR, right=False, rank=2),
    Column("opinions", 8),
    Column("mean", 7, rank=3),
    Column("type", 10, right=False, rank=4),
    Column("P&L 30d", 8, rank=5),
    Column("P&L", 8, rank=6),
    Column("hits", 5, rank=7),
    Column("IC", 6, rank=8),
    Column("age", 5, rank=9),
]
_CHANGED = Column("changed", 20, right=False, rank=2, grow=True)


class WeightsPane(Pane):
    """One row for each signal of the blend."""

    NAME = "weights"
    HEADING = "BLENDER WEIGHTS"

    def __init__(self, *, flash: bool) -> None:
        self._table = LiveTable(flash=flash)
        super().__init__(self._table)

    def show(self, view: View) -> None:
        rows = {} if view.snapshot is None else {row.name: row for row in view.snapshot.weights}
        changed = any(row.change for row in rows.values())
        cells_of = aged(view, lambda name: weight_cells(rows[name], changed=changed))
        self._table.show(weight_columns(changed=changed), list(rows), cells_of, _empty_words(view))
        states = [shown_state(row) for row in rows.values()]
        computed = len(states) - states.count(OFF)
        self.set_status(((f"{states.count(ON)} of {computed} on", "soft"),) if rows else ())
        self.set_foot([_total(view.snapshot)] if view.snapshot is not None and rows else (), old=view.silent)

    @property
    def opens(self) -> tuple[str, str] | None:
        return ("signal", self.signal) if self.signal else None

    @property
    def signal(self) -> str:
        return self._table.cursor_key or ""


def weight_columns(*, changed: bool) -> list[Column]:
    """The columns; what an operator changed only where there is something of the kind."""
    return [*_COLUMNS, _CHANGED] if changed else _COLUMNS


def weight_cells(row: WeightRow, *, changed: bool = False) -> list[Cell]:
    """The cells of one signal; one that nobody trades on says shadow or off instead of its weight."""
    state = shown_state(row)
    on, computed = state == ON, state != OFF
    ink = "plain" if on else "stale"
    silent = "warn" if computed else ink
    return [
        Cell(row.name, "strong" if on else "stale"),
        Cell(row.title, ink),
        Cell(plain(row.weight) if on else state, ink),
        Cell(bar(row.weight if on else 0.0, _BAR, " "), "gauge" if on else "stale"),
        Cell(f"{row.opinions}/{row.symbols}" if computed else NONE_SHOWN, ink if row.opinions else silent),
        Cell(plain(row.mean_abs) if row.opinions else NONE_SHOWN, ink),
        Cell(row.type, "soft"),
        *(Cell(text, ink) for text in _record(row)),
        *([Cell(row.change, "warn")] if changed else []),
    ]


def _record(row: WeightRow) -> tuple[str, ...]:
    """What the signal earned by itself, how often it was right, and how old its newest bar is."""
    if shown_state(row) == OFF:
        return (NONE_SHOWN,) * 5
    return (
        signed_percent(row.recent_pnl, 2),
        signed_percent(row.pnl, 2),
        NONE_SHOWN if row.hit_rate is None else f"{row.hit_rate:.0%}",
        signed(row.information_coefficient) if row.information_coefficient is not None else NONE_SHOWN,
        NONE_SHOWN if row.age_ms is None else age(row.age_ms),
    )


def weights_line(snapshot: Snapshot | None) -> list[Span]:
    """All weights on one line, for screens without room for the pane."""
    if snapshot is None or not snapshot.weights:
        return []
    parts: list[Line] = [
        ((f"{row.name} ", "soft"), (plain(row.weight) if state == ON else state, "plain"))
        for row in snapshot.weights
        if (state := shown_state(row)) != OFF
    ]
    return [("weights ", "soft"), *join(parts, (" · ", "frame"))]


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
