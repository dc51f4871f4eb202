"""Which contracts a venue need not know any more, so that its books do not grow with all that was ever listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from engine.venues.rows import from_text
from store.records import Instrument, Order, Position


def forgettable(
    connection: sqlite3.Connection, known: Mapping[str, Instrument], listed: Collection[str], clock_ms: int
) -> list[str]:
    """The symbols of what is known to have expired, at `clock_ms` or the clock on file, and is neither listed nor held
    nor ordered."""
    open_ms, bar_ms = connection.execute("SELECT open_ms, bar_ms FROM account").fetchone()
    now_ms = max(open_ms + bar_ms, clock_ms)
    gone = [s for s, each in known.items() if 0 < each.expiry_ms <= now_ms and s not in listed]
    if not gone:
        return []
    positions = (from_text(Position, row[0]) for row in connection.execute("SELECT payload FROM positions"))
    working = connection.execute("SELECT payload FROM orders WHERE working = 1")
    needed = {position.symbol for position in positions if position.quantity}
    needed |= {from_text(Order, row[0]).symbol for row in working}
    return [symbol for symbol in gone if symbol not in needed]
