"""What is held, at what price, what it is worth, and what protects it."""

from __future__ import annotations

from collections.abc import Sequence

from console.format import (
    age,
    counted,
    decimals_of,
    duration,
    money,
    number,
    price,
    profit,
    profit_ink,
    signed,
    signed_percent,
    signed_times,
    times,
)
from console.panes.pane import Pane, aged
from console.publisher import View
from console.widgets.columns import Cell, Column
from console.widgets.fields import Field, fields_line
from console.widgets.ink import Line, join
from console.widgets.livetable import LiveTable
from engine.snapshot import PositionRow, Snapshot

_AGO = len("4.0s ago")
_SYMBOL, _LONG_SYMBOL = 10, 16
_SHORT_SIDES = {"long": "L", "short": "S", "buy": "L", "sell": "S"}


class PositionsPane(Pane):
    """One row for each open position."""

    NAME = "positions"
    HEADING = "POSITIONS"

    def __init__(self, *, flash: bool) -> None:
        self._table = LiveTable(flash=flash)
        super().__init__(self._table)

    def show(self, view: View) -> None:
        snapshot = view.snapshot
        rows = {} if snapshot is None else {f"{row.venue} {row.symbol}": row for row in snapshot.positions}
        market_ts_ms = 0 if snapshot is None else snapshot.market_ts_ms
        held_back = any(row.locked or row.flattening for row in rows.values())
        venues = len({row.venue for row in rows.values()})
        self._table.show(
            position_columns(
                held_back=held_back,
                several_venues=venues > 1,
                longest=max((len(row.symbol) for row in rows.values()), default=0),
            ),
            list(rows),
            aged(view, lambda key: position_cells(rows[key], market_ts_ms, held_back=held_back)),
            _empty_words(view),
        )
        self.set_status(_status(list(rows.values())), _count(len(rows)))
        total = [total_line(snapshot, self.size.width - 3)] if snapshot is not None and rows else ()
        self.set_foot(total, old=view.silent)

    @property
    def opens(self) -> tuple[str, str] | None:
        return ("position", self.symbol) if self.symbol else None

    @property
    def symbol(self) -> str:
        return (self._table.cursor_key or "").rpartition(" ")[2]


def position_columns(*, held_back: bool, several_venues: bool, longest: int = 0) -> list[Column]:
    """The columns; the lock only where a symbol is locked or flattened, the venue early where there are several, and
    the symbol as wide as the `longest` needs, for an option's says all it is."""
    return [
        Column("symbol", max(_SYMBOL, min(longest, _LONG_SYMBOL)), right=False),
        Column("venue", 9, right=False, rank=1 if several_venues else 8),
        Column("side", 4, right=False),
        Column("quantity", 11),
        Column("entry", 10, rank=3),
        Column("mark", 10, rank=4),
        Column("uPnL", 12),
        Column("uPnL%", 7, rank=2),
        Column("R", 5, rank=5),
        Column("stop", 10, rank=4),
        Column("liq", 10, rank=7),
        Column("ord", 3, rank=6),
        Column("held", 5, rank=9),
        *([Column("lock", 7, right=False, rank=1)] if held_back else []),
    ]


def position_cells(row: PositionRow, market_ts_ms: int, *, held_back: bool) -> list[Cell]:
    """The cells of one position; the average entry is shown at the instrument's own decimals."""
    decimals = decimals_of(row.mark)
    gain = number(row.unrealised)
    ink = profit_ink(gain)
    return [
        Cell(row.symbol, "strong"),
        Cell(row.venue, "soft"),
        Cell(_SHORT_SIDES.get(row.side.lower(), row.side), "strong"),
        Cell(price(row.quantity)),
        Cell(price(row.entry, decimals)),
        Cell(price(row.mark)),
        Cell(profit(row.unrealised), ink),
        Cell(signed_percent(row.unrealised_fraction, 1), ink),
        Cell(signed(row.r_multiple, 1)),
        guard_cell(row, decimals),
        Cell(price(row.liquidation, decimals) if row.liquidation else "none", "soft"),
        Cell(str(row.working_orders)),
        Cell(age(market_ts_ms - row.opened_ts_ms), "soft"),
        *(
            [Cell("CLOSING" if row.flattening else "LOCKED" if row.locked else "", "warn")]
            if held_back
            else []
        ),
    ]


def guard_cell(row: PositionRow, decimals: int) -> Cell:
    """The stop; of an option, which has none, its delta."""
    if row.right:
        return Cell("option" if row.delta is None else f"Δ {signed(row.delta, 2)}", "soft")
    return Cell(price(row.stop, decimals) if row.stop else "none", "plain" if row.stop else "warn")


def total_line(snapshot: Snapshot, width: int) -> Line:
    """The book as a whole, and when it last agreed with the venue, in at most `width` cells.

    Net is never wider than gross, so gross cannot come and go in its place.
    """
    gain = number(snapshot.unrealised)
    proof: Line = (
        (("never compared with the venue", "warn"),)
        if snapshot.reconciled_ts_ms is None
        else (
            ("books agree, ", "soft"),
            # As wide as any age: what else there is room for must not change with every digit.
            (f"{age(snapshot.market_ts_ms - snapshot.reconciled_ts_ms)} ago".ljust(_AGO), "plain"),
        )
    )
    fields = (
        Field((("net ", "soft"), (signed_times(snapshot.net), "plain")), 2),
        Field((("gross ", "soft"), (times(snapshot.gross), "plain")), 3),
        Field((("uPnL ", "soft"), (profit(snapshot.unrealised), profit_ink(gain)))),
        Field(proof, 1),
    )
    return [(" Σ ", "soft"), *fields_line(fields, ("  ", "plain"), width - 3)]


def _status(rows: Sequence[PositionRow]) -> Line:
    locked, closing = sum(row.locked for row in rows), sum(row.flattening for row in rows)
    parts: list[Line] = [
        [(f"{locked} LOCKED", "warn")] if locked else [],
        [(f"{closing} CLOSING", "warn")] if closing else [],
    ]
    return tuple(join(parts, (" · ", "frame")))


def _count(rows: int) -> Line:
    return ((counted(rows, "position", "positions") if rows else "none open", "soft"),)


def _empty_words(view: View) -> list[str]:
    snapshot = view.snapshot
    if snapshot is None or snapshot.phase in ("starting", "recovering"):
        return ["Positions appear when the books have been compared with the venue."]
    if snapshot.state == "HALTED":
        return ["No open positions. HALTED: nothing is opened until you resume."]
    if snapshot.next_decision_in_ms is None:
        return [f"No open positions. Equity {money(snapshot.equity)}."]
    return [f"No open positions. The next decision is in {duration(snapshot.next_decision_in_ms)}."]
