"""The order blotter: working orders first, then the last ones, each with what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from console.bindings import bindings
from console.details import Want
from console.format import counted
from console.read_answers import read_orders
from console.screens.drill import Rows
from console.screens.order_cells import ORDER_COLUMNS, is_working, order_cells, working_first
from console.screens.order_keys import OrderKeys
from console.widgets.ink import Line
from engine.commands import DetailKind, Question
from engine.snapshot import OrderRow

SHOWN = 500


class OrdersScreen(OrderKeys):
    """`key` is put into the filter: a symbol, or "" for all."""

    SCOPES = ("orders", "order")
    BINDINGS = bindings("screen", "orders", "order")
    ORDER = "working, newest"
    _QUESTION = Question(DetailKind.ORDERS, {"limit": str(SHOWN)})

    @property
    def heading(self) -> str:
        return "ORDERS"

    def on_mount(self) -> None:
        if self.key:
            self.rows.set_filter(self.key)

    def state(self) -> Line:
        orders = self._orders()
        working = sum(is_working(row.status) for row in orders.values())
        return ((f"{working} working, {counted(len(orders), 'order', 'orders')}", "soft"),)

    def wants(self) -> Sequence[Want]:
        snapshot = self.snapshot
        if snapshot is None:
            return []
        newest = snapshot.orders[0] if snapshot.orders else None
        mark = (snapshot.fills, snapshot.working_orders, snapshot.decision_ts_ms, newest)
        return [Want(self._QUESTION, mark, read_orders)]

    def head(self, width: int) -> Sequence[Line]:
        return []

    def table(self, tab: int) -> Rows:
        orders, market_ms = self._orders(), self.market_ms
        return Rows(
            ORDER_COLUMNS,
            list(orders),
            lambda key: order_cells(orders[key], market_ms),
            self.waiting_words(self._QUESTION, self._nothing()),
        )

    def order_here(self) -> tuple[str, bool]:
        key = self.rows.cursor_key
        row = self._orders().get(key or "")
        return ("", False) if row is None else (row.client_order_id, is_working(row.status))

    def _orders(self) -> dict[str, OrderRow]:
        """Everything that is known: what was read, and over it what the picture says now."""
        read: Sequence[OrderRow] = self.known(self._QUESTION) or ()
        seen = () if self.snapshot is None else self.snapshot.orders
        newest = {row.client_order_id: row for row in read}
        for row in seen:
            known = newest.get(row.client_order_id)
            if known is None or known.ts_ms <= row.ts_ms:
                newest[row.client_order_id] = row
        return {row.client_order_id: row for row in working_first(newest.values())}

    def _nothing(self) -> str:
        if self.snapshot is not None and self.snapshot.state == "HALTED":
            return "No orders. HALTED: nothing is sent until you resume."
        return "No orders yet: they are sent when a decision wants another position."
