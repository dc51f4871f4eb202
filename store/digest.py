"""One hash for what a run did: equal for every run that decided, ordered, filled and booked the same.

It covers every decision with all its stages to the last bit, orders, fills, funding and the final ledger,
in market time. It leaves out whatever may differ between equal runs: wall time, row numbers, retries, the
venue's own identifiers, trailing zeros.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from store.codecs import POSITION, TOTALS, readable
from store.compact import unpack_stages
from store.errors import StoreError
from store.query import read_only
from store.retention import thinned_until
from store.rows import to_json, unpack_scalars
from store.wide import is_wide

# Wider than any amount, so that normalising never rounds.
_WIDE = Context(prec=120)

_ORDERS = (
    "SELECT decision_ts_ms, client_order_id, symbol, side, type, purpose, quantity, price, trigger_offset, "
    "whole_position, reduce_only, post_only, status, filled_quantity, filled_notional, fee "
    "FROM orders ORDER BY decision_ts_ms, client_order_id"
)
_ORDER_AMOUNTS = (6, 7, 8, 13, 14, 15)

_FILLS = (
    "SELECT ts_ms, symbol, client_order_id, side, price, quantity, fee, maker, reduce_only, liquidation "
    "FROM fills ORDER BY ts_ms, symbol"
)
_FILL_AMOUNTS = (4, 5, 6)

_FUNDING = "SELECT ts_ms, symbol, quantity, mark_price, rate, amount FROM funding ORDER BY ts_ms, symbol"
_FUNDING_AMOUNTS = (2, 3, 4, 5)

_LAST_EQUITY = f"SELECT ts_ms, {TOTALS.columns} FROM equity ORDER BY ts_ms DESC LIMIT 1"
_LAST_EQUITY_AMOUNTS = tuple(range(1, 8))

_POSITIONS = f"SELECT {POSITION.columns} FROM positions ORDER BY symbol"
_POSITION_AMOUNTS = (1, 2, 3, 4, 5)


def digest(path: Path) -> str:
    """The hash as 64 hexadecimal digits. Raises StoreError where the database cannot be read."""
    total = hashlib.sha256()
    with read_only(path) as connection:
        # One moment of the database, even while an engine writes to it.
        connection.execute("BEGIN")
        if "decisions" in thinned_until(connection):
            raise StoreError(
                f"{path}: decisions that a digest covers were thinned; set store.retention.decision_days to 0 in a "
                "run that is to have one"
            )
        for name, rows in _PARTS.items():
            total.update(f"{name}\n".encode())
            with readable(name):
                for row in rows(connection):
                    total.update(row)
    return total.hexdigest()


def _decisions(connection: sqlite3.Connection) -> Iterator[bytes]:
    found = connection.execute(
        "SELECT ts_ms, state, halted, symbols, stages, scalars FROM decisions "
        "JOIN universes ON universes.id = universe_id ORDER BY ts_ms"
    )
    wide = is_wide(connection)
    for ts_ms, state, halted, symbols, kept, scalars in found:
        stages = kept if wide else unpack_stages(kept)
        numbers = {name: value.hex() for name, value in sorted(unpack_scalars(scalars).items())}
        yield _line([ts_ms, state, halted, symbols, len(stages), numbers])
        yield stages


def _plainly(sql: str, amounts: tuple[int, ...]) -> Callable[[sqlite3.Connection], Iterator[bytes]]:
    """Rows of a query whose order is complete."""

    def rows(connection: sqlite3.Connection) -> Iterator[bytes]:
        for row in connection.execute(sql):
            yield _line(_canonical(row, amounts))

    return rows


def _sorted_within(sql: str, amounts: tuple[int, ...]) -> Callable[[sqlite3.Connection], Iterator[bytes]]:
    """Rows of a query ordered by time and symbol; those of equal time and symbol sorted by content."""

    def rows(connection: sqlite3.Connection) -> Iterator[bytes]:
        for _, together in groupby(connection.execute(sql), key=lambda row: row[:2]):
            yield from sorted(_line(_canonical(row, amounts)) for row in together)

    return rows


def _canonical(row: tuple[Any, ...], amounts: tuple[int, ...]) -> list[Any]:
    values = list(row)
    for column in amounts:
        if values[column] is not None:
            values[column] = canonical_amount(values[column])
    return values


def canonical_amount(text: str) -> str:
    """One spelling per value: no exponent, no trailing zeros, no negative zero."""
    amount = Decimal(text)
    return format(_WIDE.normalize(amount), "f") if amount else "0"


def _line(values: list[Any]) -> bytes:
    return to_json(values).encode() + b"\n"


_PARTS: dict[str, Callable[[sqlite3.Connection], Iterator[bytes]]] = {
    "decisions": _decisions,
    "orders": _plainly(_ORDERS, _ORDER_AMOUNTS),
    "fills": _sorted_within(_FILLS, _FILL_AMOUNTS),
    "funding": _sorted_within(_FUNDING, _FUNDING_AMOUNTS),
    "equity": _plainly(_LAST_EQUITY, _LAST_EQUITY_AMOUNTS),
    "positions": _plainly(_POSITIONS, _POSITION_AMOUNTS),
}
