"""One position: what it is worth and why, what protects it, what the venue says of it, and the fills that made it."""

from __future__ import annotations

from collections.abc import Sequence

from console.answers import PositionFacts
from console.bindings import bindings
from console.details import Want
from console.questions import flattened
from console.read_answers import read_position
from console.screens.drill import Rows
from console.screens.order_cells import ORDER_COLUMNS, order_cells, trigger_price
from console.screens.order_keys import OrderKeys
from console.screens.position_lines import (
    FILL_COLUMNS,
    FUNDING_COLUMNS,
    entry_of,
    fill_cells,
    funding_cells,
    parts_line,
    position_facts,
    proof_line,
    warning_lines,
)
from console.widgets.columns import Cell
from console.widgets.facts import fact_lines
from console.widgets.ink import Line, cut
from engine.commands import DetailKind, Question
from engine.snapshot import PositionRow

_FILLS, _FUNDING, _ORDERS = range(3)
_SHOWN = 500
_EMPTY = (
    "No fill of this symbol is in the books yet.",
    "No funding was paid or received on this symbol yet.",
    "No working order of this symbol.",
)


class PositionScreen(OrderKeys):
    """`key`: the symbol, alone or after its venue."""

    SCOPES = ("tabs", "orders", "order", "position")
    BINDINGS = bindings("screen", "tabs", "orders", "order", "position")
    TABS = ("Fills", "Funding", "Orders")
    ORDER = "newest"

    @property
    def symbol(self) -> str:
        """What it is about."""
        return (self.key.split() or [""])[-1]

    @property
    def heading(self) -> str:
        row = self._row
        return f"POSITION {self.symbol}" + (f" at {row.venue}" if row is not None else "")

    def state(self) -> Line:
        row = self._row
        return (("LOCKED", "warn"),) if row is not None and row.locked else ()

    def tab_title(self, tab: int) -> str:
        facts = self._facts
        counts = () if facts is None else (len(facts.fills), len(facts.funding), len(facts.orders))
        return f"{self.TABS[tab]} {counts[tab]}" if counts else self.TABS[tab]

    def wants(self) -> Sequence[Want]:
        row, snapshot = self._row, self.snapshot
        if snapshot is None:
            return []
        mark = (
            snapshot.fills,
            snapshot.working_orders,
            snapshot.funding,
            snapshot.reconciled_ts_ms,
            None if row is None else (row.quantity, row.working_orders, row.stop),
        )
        return [Want(self._question, mark, read_position)]

    def head(self, width: int) -> Sequence[Line]:
        row, facts, market_ms = self._row, self._facts, self.market_ms
        overrides = () if self.snapshot is None else self.snapshot.overrides
        lines = [
            *warning_lines(row, self.symbol, overrides),
            *fact_lines(position_facts(row, facts, market_ms), width),
            parts_line(facts),
            proof_line(row, facts, market_ms),
        ]
        return [cut(line, width) for line in lines if line]

    def table(self, tab: int) -> Rows:
        facts = self._facts
        empty = self.waiting_words(self._question, _EMPTY[tab])
        if tab == _FILLS:
            fills = {fill.fill_id: fill for fill in (() if facts is None else facts.fills)}
            return Rows(FILL_COLUMNS, list(fills), lambda key: fill_cells(fills[key]), empty)
        if tab == _FUNDING:
            paid = {each.funding_id: each for each in (() if facts is None else facts.funding)}
            return Rows(FUNDING_COLUMNS, list(paid), lambda key: funding_cells(paid[key]), empty)
        orders = {order.row.client_order_id: order for order in (() if facts is None else facts.orders)}
        entry, market_ms = entry_of(self._row, facts), self.market_ms

        def cells_of(key: str) -> Sequence[Cell]:
            trigger = trigger_price(orders[key], entry)
            return order_cells(orders[key].row, market_ms, trigger)

        return Rows(ORDER_COLUMNS, list(orders), cells_of, empty)

    def order_here(self) -> tuple[str, bool]:
        facts, key = self._facts, self.rows.cursor_key
        if facts is None or key is None:
            return "", False
        working = {order.row.client_order_id for order in facts.orders}
        if self._tab == _FILLS:
            order = next((fill.order for fill in facts.fills if fill.fill_id == key), "")
            return order, order in working
        return (key, True) if key in working else ("", False)

    def action_flatten_position(self) -> None:
        if self._row is None and flattened(self.snapshot, self.symbol) is None:
            self.owner.say(f"Nothing to flatten: no position in {self.symbol}.")
        else:
            self.owner.interventions.flatten(self.symbol)

    @property
    def _question(self) -> Question:
        return Question(DetailKind.POSITION, {"symbol": self.symbol, "limit": str(_SHOWN)})

    @property
    def _row(self) -> PositionRow | None:
        rows = () if self.snapshot is None else self.snapshot.positions
        return next((row for row in rows if row.symbol == self.symbol), None)

    @property
    def _facts(self) -> PositionFacts | None:
        known: PositionFacts | None = self.known(self._question)
        return known
