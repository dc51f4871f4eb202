"""What a start reads back: recovery asks these before the first bar, and nothing else knows how to resume."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

from store.codecs import EVENT, FILL, FUNDING, INSTRUMENT, ORDER, OVERRIDE, POSITION, TOTALS, Codec, readable
from store.database import Database
from store.reading_rows import Reading, in_force
from store.records import Event, Fill, FundingPayment, Instrument, Order, Override, Position
from store.rows import EquityRow, SignalDay
from store.statements import EQUITY_COLUMNS, SIGNAL_DAY_COLUMNS

T = TypeVar("T")

# In the words of the partial index, or SQLite would not use it.
_ALIVE = "WHERE status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'denied')"
_BY_DECISION = "ORDER BY decision_ts_ms, client_order_id"


async def instruments(database: Database) -> list[Instrument]:
    return await _load(database, INSTRUMENT, "ORDER BY symbol")


async def orders(database: Database) -> dict[str, Order]:
    """Every order by its client order id, in decision order."""
    return {order.client_order_id: order for order in await _load(database, ORDER, _BY_DECISION)}


async def open_orders(database: Database) -> list[Order]:
    """Orders whose status is not terminal (intents, unresolved and working ones), in decision order."""
    return await _load(database, ORDER, f"{_ALIVE} {_BY_DECISION}")


async def orders_since(database: Database, ts_ms: int) -> list[Order]:
    """Every order that is not terminal, and the terminal ones that anything was heard of at or after `ts_ms`, in
    decision order: a stop that was placed long ago may have ended a moment ago, and its fill be still on its way."""
    tail = f"{_ALIVE} OR decision_ts_ms >= ? OR updated_ts_ms >= ? {_BY_DECISION}"
    return await _load(database, ORDER, tail, (ts_ms, ts_ms))


async def positions(database: Database) -> list[Position]:
    """Every position ever held, closed ones with their realised profit."""
    return await _load(database, POSITION, "ORDER BY symbol")


async def overrides(database: Database) -> list[Override]:
    """The restrictions in force."""
    return await _load(database, OVERRIDE, "ORDER BY name, scope")


async def signal_days(database: Database, newest: int) -> list[SignalDay]:
    """What is known of the newest so many days on which any signal has a row, oldest first."""
    sql = (
        f"SELECT {SIGNAL_DAY_COLUMNS} FROM signal_days WHERE day_ms IN "
        "(SELECT DISTINCT day_ms FROM signal_days ORDER BY day_ms DESC LIMIT ?) ORDER BY day_ms, signal"
    )
    found = await database.query(sql, (newest,))
    with readable("signal_days"):
        return [SignalDay(*(*numbers, json.loads(reasons))) for *numbers, reasons in found]


async def readings(database: Database, ts_ms: int) -> list[Reading]:
    """Each signal's reading as of `ts_ms`."""
    with readable("readings"):
        return await database.run(partial(in_force, at_ms=ts_ms))


async def session_state(database: Database) -> dict[str, Any]:
    """Named values as the journal was given them (str or bytes)."""
    return dict(await database.query("SELECT name, value FROM session_state"))


async def ui_state(database: Database) -> dict[str, str]:
    return dict(await database.query("SELECT name, value FROM ui_state"))


async def last_equity(database: Database) -> EquityRow | None:
    found = await _equity(database, "ORDER BY ts_ms DESC LIMIT 1")
    return found[0] if found else None


async def equity_since(database: Database, ts_ms: int) -> list[EquityRow]:
    """The account's rows from `ts_ms` on, oldest first."""
    return await _equity(database, "WHERE ts_ms >= ? ORDER BY ts_ms", (ts_ms,))


async def recent_fills(database: Database, limit: int) -> list[Fill]:
    """The newest `limit` fills in the order the ledger took them."""
    return await _newest(database, FILL, limit)


async def fills_since(database: Database, ts_ms: int) -> list[Fill]:
    """Fills from market time `ts_ms` on, in the order the ledger took them."""
    return await _load(database, FILL, "WHERE ts_ms >= ? ORDER BY sequence", (ts_ms,))


async def recent_funding(database: Database, limit: int) -> list[FundingPayment]:
    """The newest `limit` funding settlements in the order the ledger took them."""
    return await _newest(database, FUNDING, limit)


async def applied_ids(database: Database, since_ms: int, least: int) -> list[tuple[str, int]]:
    """The venue's ids of fills and funding settlements in the ledger, with their market times, oldest first: all from
    `since_ms` on, and at least the newest `least` of both together."""
    times = "SELECT ts_ms FROM fills UNION ALL SELECT ts_ms FROM funding ORDER BY ts_ms DESC LIMIT 1 OFFSET ?"
    oldest = await database.query(times, (least - 1,))
    from_ms = min(since_ms, oldest[0][0]) if oldest else 0
    sql = (
        "SELECT fill_id, ts_ms, 0 AS kind, sequence FROM fills WHERE ts_ms >= ? UNION ALL "
        "SELECT funding_id, ts_ms, 1, sequence FROM funding WHERE ts_ms >= ? ORDER BY ts_ms, kind, sequence"
    )
    return [(name, ts_ms) for name, ts_ms, _, _ in await database.query(sql, (from_ms, from_ms))]


async def recent_events(database: Database, limit: int) -> list[Event]:
    """The newest `limit` events, oldest first."""
    return await _newest(database, EVENT, limit)


async def _newest(database: Database, codec: Codec[T], limit: int) -> list[T]:
    return (await _load(database, codec, "ORDER BY sequence DESC LIMIT ?", (limit,)))[::-1]


async def _equity(database: Database, tail: str, parameters: Sequence[Any] = ()) -> list[EquityRow]:
    found = await database.query(f"SELECT {EQUITY_COLUMNS} FROM equity {tail}", parameters)
    with readable("equity"):
        return [EquityRow(ts_ms, TOTALS.record(rest), gross, net) for ts_ms, gross, net, *rest in found]


async def _load(database: Database, codec: Codec[T], tail: str, parameters: Sequence[Any] = ()) -> list[T]:
    sql = f"SELECT {codec.columns} FROM {codec.table} {tail}"
    return codec.records(await database.query(sql, parameters))
