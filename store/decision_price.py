"""The price an order was decided at, worked back from what the books keep of its decision.

A decision records what fraction of equity a symbol is left with after rounding: quantity x price / equity. Equity and
the quantity it leaves are in the books to the last digit, so the price follows, and a price is only given when it
lies on the instrument's tick: one that does not has been worked out from something that is no longer there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from store.query import read_only

_ON_TICK = 1e-5
_TOWARDS_TARGET = ("open", "close")


def decision_price(path: Path, order: dict[str, Any], stages: Sequence[dict[str, Any]]) -> str | None:
    """The price in quote currency of `order` at its decision, as decimal text; None where it cannot be worked out:
    no decision made the order, or it left nothing of the position. Raises StoreError."""
    left = next((stage["value"] for stage in stages if stage["stage"] == "round"), None)
    if not left or order["purpose"] not in _TOWARDS_TARGET:
        return None
    symbol, ts_ms = order["symbol"], order["decision_ts_ms"]
    with read_only(path) as connection:
        equity = connection.execute("SELECT equity FROM equity WHERE ts_ms = ?", (ts_ms,)).fetchone()
        tick = connection.execute("SELECT tick FROM instruments WHERE symbol = ?", (symbol,)).fetchone()
        quantity = _held_before(connection, symbol, ts_ms) + _ordered(connection, symbol, ts_ms)
    if equity is None or tick is None or not quantity:
        return None
    step = Decimal(tick[0])
    ticks = left * float(equity[0]) / float(quantity) / float(step)
    if ticks <= 0 or abs(ticks - round(ticks)) > _ON_TICK:
        return None
    return f"{round(ticks) * step:f}"


def _held_before(connection: sqlite3.Connection, symbol: str, ts_ms: int) -> Decimal:
    """The signed quantity held when the decision was made: what it orders fills from its own time on."""
    rows = connection.execute(
        "SELECT side, quantity FROM fills WHERE symbol = ? AND ts_ms < ?",
        (symbol, ts_ms),
    )
    return _signed(rows.fetchall())


def _ordered(connection: sqlite3.Connection, symbol: str, ts_ms: int) -> Decimal:
    """The signed quantity the decision ordered: a close and an opening where it changes the side."""
    rows = connection.execute(
        "SELECT side, quantity FROM orders WHERE symbol = ? AND decision_ts_ms = ? AND purpose IN (?, ?)",
        (symbol, ts_ms, *_TOWARDS_TARGET),
    )
    return _signed(rows.fetchall())


def _signed(rows: Sequence[tuple[str, str]]) -> Decimal:
    return sum((Decimal(quantity) * (1 if side == "buy" else -1) for side, quantity in rows), Decimal(0))
