"""The SQL the journal writes with, one statement per kind of row, in the order in which a transaction runs
them.

Rows that stand for a current value (an order, a position, the state of a session) replace the row before
them; facts that a venue may tell twice (fills, funding) are taken once; everything else is appended and must
be new.
"""

from __future__ import annotations

from typing import Final


def _insert(table: str, columns: str, tail: str = "") -> str:
    names = columns.split()
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}){tail}"


def _upsert(table: str, columns: str, keys: str) -> str:
    replaced = [name for name in columns.split() if name not in keys.split()]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in replaced)
    return _insert(table, columns, f" ON CONFLICT ({', '.join(keys.split())}) DO UPDATE SET {assignments}")


INSTRUMENT_COLUMNS: Final = (
    "symbol kind base quote tick lot min_quantity min_notional contract_size maker_fee_rate taker_fee_rate "
    "maintenance_margin_rate leverage funding_interval_ms funding_cap_rate"
)
ORDER_COLUMNS: Final = (
    "client_order_id symbol side type purpose quantity decision_ts_ms price trigger_offset whole_position "
    "reduce_only post_only status filled_quantity filled_notional fee venue_order_id reason attempt "
    "updated_ts_ms"
)
FILL_COLUMNS: Final = (
    "fill_id client_order_id symbol side price quantity fee maker ts_ms reduce_only liquidation"
)
FUNDING_COLUMNS: Final = "funding_id symbol quantity mark_price rate amount ts_ms"
POSITION_COLUMNS: Final = "symbol quantity cost realised fees funding opened_ts_ms"
EQUITY_COLUMNS: Final = "ts_ms initial realised unrealised fees funding equity high_water_mark gross net"
OVERRIDE_COLUMNS: Final = "name scope state actor reason since_ts_ms ends until_ts_ms"
CONTROL_COLUMNS: Final = "sequence state progress reason actor wall_ms market_ts_ms keep_positions"
COMMAND_COLUMNS: Final = (
    "wall_ms market_ts_ms actor kind arguments reason accepted message state_before state_after"
)

COMMAND: Final = _insert("commands", COMMAND_COLUMNS)
CONTROL: Final = _upsert("control", f"id {CONTROL_COLUMNS}", "id")

# Appended in the order they were gathered.
APPENDED: Final = {
    "universes": _insert("universes", "id symbols", " ON CONFLICT (id) DO NOTHING"),
    "decisions": _insert("decisions", "ts_ms universe_id state halted stages scalars"),
    "readings": _upsert(
        "readings",
        "signal ts_ms universe_id reading_values confidences reasons statistics",
        "signal ts_ms",
    ),
    "order_events": _insert(
        "order_events", "client_order_id ts_ms from_status to_status reason attempt wall_ms"
    ),
    "fills": _insert("fills", FILL_COLUMNS, " ON CONFLICT (fill_id) DO NOTHING"),
    "funding": _insert("funding", FUNDING_COLUMNS, " ON CONFLICT (funding_id) DO NOTHING"),
    "risk_states": _insert("risk_states", "ts_ms scope state causes"),
    "override_history": _insert("override_history", "ts_ms wall_ms action name scope state actor reason"),
    "commands": COMMAND,
    "events": _insert("events", "ts_ms wall_ms level source message data"),
}

# Only the newest value of each key in a transaction is written.
REPLACED: Final = {
    "instruments": _upsert("instruments", INSTRUMENT_COLUMNS, "symbol"),
    "orders": _upsert("orders", ORDER_COLUMNS, "client_order_id"),
    "positions": _upsert("positions", POSITION_COLUMNS, "symbol"),
    "equity": _upsert("equity", EQUITY_COLUMNS, "ts_ms"),
    "overrides": _upsert("overrides", OVERRIDE_COLUMNS, "name scope"),
    "overrides_cleared": "DELETE FROM overrides WHERE name = ? AND scope = ?",
    "session_state": _upsert("session_state", "name value", "name"),
    "ui_state": _upsert("ui_state", "name value", "name"),
}


def select(table: str, columns: str, tail: str = "") -> str:
    """SELECT of the named columns in their order, followed by `tail`."""
    return f"SELECT {', '.join(columns.split())} FROM {table} {tail}"
