"""Orders as rows of a table. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from console.answers import WHOLE_POSITION, OrderFacts
from console.format import age, decimals_of, log_time, number, price
from console.widgets.columns import Cell, Column
from engine.snapshot import OrderRow

WORKING = frozenset({"intent", "submitted", "unresolved", "accepted", "partially_filled", "open"})
_STATUS_INKS = {
    "unresolved": "warn",
    "rejected": "warn",
    "denied": "warn",
    "expired": "soft",
    "canceled": "soft",
    "filled": "plain",
}

ORDER_COLUMNS = (
    Column("age", 5),
    Column("symbol", 10, right=False),
    Column("side", 4, right=False),
    Column("purpose", 7, right=False),
    Column("quantity", 11),
    Column("filled", 11),
    Column("price", 11, rank=1),
    Column("status", 11, right=False),
    Column("type", 11, right=False, rank=3),
    Column("reason", 10, right=False, rank=2, grow=True),
    Column("order", 25, right=False, rank=4),
    Column("time", 14, right=False, rank=5),
)


def is_working(status: str) -> bool:
    """Whether an order may still be filled."""
    return status in WORKING


def order_cells(row: OrderRow, market_ts_ms: int, trigger: str | None = None) -> list[Cell]:
    """One order; `trigger` stands for the price of an order that has none of its own."""
    working = is_working(row.status)
    whole = row.quantity == WHOLE_POSITION
    return [
        Cell(age(max(0, market_ts_ms - row.ts_ms)), "soft"),
        Cell(row.symbol, "strong" if working else "plain"),
        Cell(row.side, "strong" if working else "plain"),
        Cell(row.purpose),
        Cell("position" if whole else price(row.quantity)),
        Cell(filled_text(row)),
        Cell(price(row.price or row.trigger or trigger)),
        Cell(row.status.replace("_", " "), "strong" if working else _STATUS_INKS.get(row.status, "plain")),
        Cell(row.type.replace("_", " "), "soft"),
        Cell(row.reason, "warn" if row.status in ("rejected", "denied") else "soft"),
        Cell(row.client_order_id, "soft"),
        Cell(log_time(row.ts_ms), "soft"),
    ]


def filled_text(row: OrderRow) -> str:
    """The filled quantity at the decimals of the ordered one."""
    if row.quantity == WHOLE_POSITION:
        return price(row.filled)
    return price(row.filled, max(decimals_of(row.quantity), decimals_of(row.filled)))


def working_first(rows: Iterable[OrderRow]) -> list[OrderRow]:
    """Orders that may still be filled before the others, the newest first in both."""
    return sorted(rows, key=lambda row: (not is_working(row.status), -row.ts_ms, row.client_order_id))


def trigger_price(order: OrderFacts, entry: str | None) -> str | None:
    """Where a protective order triggers: its offset from the average entry, on the side it protects. None of one that
    trails: its distance is from a close that the venue remembers."""
    offset, base = number(order.trigger_offset or ""), number(entry or "")
    if offset is None or base is None or order.row.purpose == "trail":
        return None
    closes_long = order.row.side == "sell"
    below = closes_long == (order.row.purpose == "stop")
    exact = base - offset if below else base + offset
    return f"{exact:.{decimals_of(order.trigger_offset or '')}f}"
