"""What a start reads back: recovery asks these before the first bar, and nothing else knows how to resume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from store import rows
from store.database import Database
from store.records import Event, Fill, FundingPayment, Instrument, Order, Override, Position
from store.rows import EquityRow, Row, readable
from store.statements import (
    EQUITY_COLUMNS,
    FILL_COLUMNS,
    FUNDING_COLUMNS,
    INSTRUMENT_COLUMNS,
    ORDER_COLUMNS,
    OVERRIDE_COLUMNS,
    POSITION_COLUMNS,
    select,
)

T = TypeVar("T")

_ALIVE = "WHERE status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'denied')"


async def instruments(database: Database) -> list[Instrument]:
    return await _load(database, "instruments", INSTRUMENT_COLUMNS, rows.instrument_from, "ORDER BY symbol")


async def orders(database: Database) -> dict[str, Order]:
    """Every order by its client order id, in decision order."""
    tail = "ORDER BY decision_ts_ms, client_order_id"
    found = await _load(database, "orders", ORDER_COLUMNS, rows.order_from, tail)
    return {order.client_order_id: order for order in found}


async def open_orders(database: Database) -> list[Order]:
    """Orders whose status is not terminal (intents, unresolved and working ones), in decision order."""
    tail = f"{_ALIVE} ORDER BY decision_ts_ms, client_order_id"
    return await _load(database, "orders", ORDER_COLUMNS, rows.order_from, tail)


async def positions(database: Database) -> list[Position]:
    """Every position ever held, closed ones with their realised profit."""
    return await _load(database, "positions", POSITION_COLUMNS, rows.position_from, "ORDER BY symbol")


async def overrides(database: Database) -> list[Override]:
    """The restrictions in force."""
    return await _load(database, "overrides", OVERRIDE_COLUMNS, rows.override_from, "ORDER BY name, scope")


async def session_state(database: Database) -> dict[str, Any]:
    """Named values as the journal was given them (str or bytes)."""
    return dict(await database.query("SELECT name, value FROM session_state"))


async def ui_state(database: Database) -> dict[str, str]:
    return dict(await database.query("SELECT name, value FROM ui_state"))


async def last_equity(database: Database) -> EquityRow | None:
    tail = "ORDER BY ts_ms DESC LIMIT 1"
    found = await _load(database, "equity", EQUITY_COLUMNS, rows.equity_from, tail)
    return found[0] if found else None


async def equity_since(database: Database, ts_ms: int) -> list[EquityRow]:
    """The account's rows from `ts_ms` on, oldest first."""
    tail = "WHERE ts_ms >= ? ORDER BY ts_ms"
    return await _load(database, "equity", EQUITY_COLUMNS, rows.equity_from, tail, (ts_ms,))


async def recent_fills(database: Database, limit: int) -> list[Fill]:
    """The newest `limit` fills in the order the ledger took them."""
    return await _newest(database, "fills", FILL_COLUMNS, rows.fill_from, limit)


async def fills_since(database: Database, ts_ms: int) -> list[Fill]:
    """Fills from market time `ts_ms` on, in the order the ledger took them."""
    tail = "WHERE ts_ms >= ? ORDER BY sequence"
    return await _load(database, "fills", FILL_COLUMNS, rows.fill_from, tail, (ts_ms,))


async def recent_funding(database: Database, limit: int) -> list[FundingPayment]:
    """The newest `limit` funding settlements in the order the ledger took them."""
    return await _newest(database, "funding", FUNDING_COLUMNS, rows.funding_from, limit)


async def applied_ids(database: Database) -> set[str]:
    """The venue's ids of every fill and funding settlement the ledger holds."""
    found = await database.query("SELECT fill_id FROM fills UNION ALL SELECT funding_id FROM funding")
    return {row[0] for row in found}


async def recent_events(database: Database, limit: int) -> list[Event]:
    """The newest `limit` events, oldest first."""
    return await _newest(
        database, "events", "ts_ms level source message data", lambda row: Event(*row), limit
    )


async def _newest(
    database: Database, table: str, columns: str, decode: Callable[[Row], T], limit: int
) -> list[T]:
    found = await _load(database, table, columns, decode, "ORDER BY sequence DESC LIMIT ?", (limit,))
    return found[::-1]


async def _load(
    database: Database,
    table: str,
    columns: str,
    decode: Callable[[Row], T],
    tail: str,
    parameters: Sequence[Any] = (),
) -> list[T]:
    return _decoded(table, decode, await database.query(select(table, columns, tail), parameters))


def _decoded(table: str, decode: Callable[[Row], T], found: Iterable[Row]) -> list[T]:
    with readable(table):
        return [decode(row) for row in found]
