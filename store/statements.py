"""The SQL the journal writes with: one statement per kind of row, in the order a transaction runs them.

Rows that stand for a current value (an order, a position, a session's state) replace the row before them;
facts that a venue may tell twice (fills, funding) are taken once; all else is appended and must be new.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from store.codecs import CONTROL, FILL, FUNDING, INSTRUMENT, ORDER, OVERRIDE, POSITION, TOTALS, Codec
from store.compact import pack_cells, pack_stages
from store.records import DECISION_STAGES


def _insert(table: str, columns: str, tail: str = "") -> str:
    marks = ", ".join("?" for _ in columns.split(", "))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}){tail}"


def _once(codec: Codec[Any], key: str) -> str:
    return _insert(codec.table, codec.columns, f" ON CONFLICT ({key}) DO NOTHING")


def _newest(table: str, columns: str, keys: str) -> str:
    replaced = [name for name in columns.split(", ") if name not in keys.split(", ")]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in replaced)
    return _insert(table, columns, f" ON CONFLICT ({keys}) DO UPDATE SET {assignments}")


EQUITY_COLUMNS: Final = f"ts_ms, gross, net, {TOTALS.columns}"
_READING_COLUMNS: Final = "signal, ts_ms, universe_id, names_id, whole, cells"
SIGNAL_DAY_COLUMNS: Final = (
    "day_ms, signal, bars, pnl, gross_pnl, cost, turnover, attribution, weight, hits, misses, readings, opinions, "
    "information_coefficient, reasons"
)
WEIGHT_COLUMNS: Final = "kind, estimated_ms, effective_ms, method, settings, inputs, inputs_hash, result"
_COMMAND_COLUMNS: Final = (
    "wall_ms, market_ts_ms, actor, kind, arguments, reason, accepted, message, state_before, state_after"
)
_ORDER_EVENT_COLUMNS: Final = "client_order_id, ts_ms, from_status, to_status, reason, attempt, wall_ms"
_HISTORY_COLUMNS: Final = "ts_ms, wall_ms, action, name, scope, state, actor, reason"

# The fill is one gathered with it, or the newest that the file held before: hence this runs before fills are written.
_ADOPT_COST: Final = (
    "INSERT INTO cost_adoptions (fill_id, symbol, cost, ts_ms) VALUES (coalesce(?1, "
    "(SELECT fill_id FROM fills WHERE symbol = ?2 ORDER BY sequence DESC LIMIT 1)), ?2, ?3, ?4) "
    "ON CONFLICT (fill_id) DO UPDATE SET cost = excluded.cost, ts_ms = excluded.ts_ms"
)

INSERT_COMMAND: Final = _insert("commands", _COMMAND_COLUMNS)
REPLACE_CONTROL: Final = _newest("control", f"id, {CONTROL.columns}", "id")

# Written in the order they were gathered.
APPENDED: Final = {
    "universes": _insert("universes", "id, symbols", " ON CONFLICT (id) DO NOTHING"),
    "statistic_names": _insert("statistic_names", "id, names", " ON CONFLICT (id) DO NOTHING"),
    "decisions": _insert("decisions", "ts_ms, universe_id, state, halted, scalars, stages"),
    "readings": _newest("readings", _READING_COLUMNS, "signal, ts_ms"),
    "signal_days": _insert("signal_days", SIGNAL_DAY_COLUMNS),
    "followed_days": _insert("followed_days", SIGNAL_DAY_COLUMNS),
    "order_events": _insert("order_events", _ORDER_EVENT_COLUMNS),
    "cost_adoptions": _ADOPT_COST,
    "fills": _once(FILL, "fill_id"),
    "funding": _once(FUNDING, "funding_id"),
    "risk_states": _insert("risk_states", "ts_ms, scope, state, causes"),
    "override_history": _insert("override_history", _HISTORY_COLUMNS),
    "commands": INSERT_COMMAND,
    "events": _insert("events", "wall_ms, ts_ms, level, source, message, data"),
}

# Only the newest value of each key in a transaction is written; records among them become rows only then.
REPLACED: Final = {
    "instruments": _newest("instruments", INSTRUMENT.columns, "symbol"),
    "orders": _newest("orders", ORDER.columns, "client_order_id"),
    "positions": _newest("positions", POSITION.columns, "symbol"),
    "equity": _newest("equity", EQUITY_COLUMNS, "ts_ms"),
    "overrides": _newest("overrides", OVERRIDE.columns, "name, scope"),
    "overrides_cleared": "DELETE FROM overrides WHERE name = ? AND scope = ?",
    "weights": _newest("weights", WEIGHT_COLUMNS, "estimated_ms, kind"),
    "session_state": _newest("session_state", "name, value", "name"),
    "ui_state": _newest("ui_state", "name, value", "name"),
}
# Turned into rows only as they are written, on the database's thread: packing takes longer than gathering.
PACKED: Final[dict[str, Callable[[Any], tuple[Any, ...]]]] = {
    "decisions": lambda row: (*row[:-1], pack_stages(row[-1], len(DECISION_STAGES))),
    "readings": lambda row: (*row[:-1], pack_cells(row[-1])),
}
CODECS: Final[dict[str, Codec[Any]]] = {"orders": ORDER, "positions": POSITION}
