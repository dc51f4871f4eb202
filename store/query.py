"""What the command line asks of a database, engine running or not: plain dicts, read through a connection of
its own.

Decimals stay the strings they are stored as. Nothing here can write: the file is opened read-only.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from store import reading_rows
from store.codecs import CONTROL, OVERRIDE, readable
from store.compact import unpack_stages
from store.decided_with import decided_with
from store.errors import FAULTS, NotFound, translate
from store.records import DECISION_STAGES
from store.rows import printable, unpack_floats, unpack_scalars
from store.schema import check_version
from store.wide import is_wide

BUSY_TIMEOUT_S = 5.0
DAY_MS = 86_400_000

Record = dict[str, Any]

_FILLS = (
    "ts_ms AS ts, symbol, side, price, quantity, fee, client_order_id AS order_id, fill_id, maker, "
    "reduce_only, liquidation"
)
_FUNDING = "ts_ms AS ts, symbol, quantity, mark_price, rate, amount, funding_id"
_AUDIT = "sequence, wall_ms, market_ts_ms, actor, kind, payload, hash"
_LATEST_MS = 2**63 - 1


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write. Raises NotFound without a file, StoreError for whatever is wrong with
    it.
    """
    if not path.is_file():
        raise NotFound(f"{path}: there is no such database")
    try:
        with closing(_connect(path)) as connection:
            if check_version(connection, path) == 0:
                raise NotFound(f"{path}: nothing was ever written to this database")
            yield connection
    except FAULTS as error:
        raise translate(error, path) from error


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        connection.close()
        # Beside a database in WAL mode SQLite wants to make two files. Where it may not (a read-only disk),
        # the file is all there is, if no log lies beside it, and nobody can be writing to it.
        log = path.with_name(path.name + "-wal")
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or log.exists():
            raise
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    except BaseException:
        connection.close()
        raise
    return connection


def meta(path: Path) -> dict[str, str]:
    """Whose file this is: mode, account, identity, created_wall_ms."""
    with read_only(path) as connection:
        return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def fills(
    path: Path, *, symbol: str | None = None, since_ms: int | None = None, limit: int | None = None
) -> list[Record]:
    """Executions in the order the ledger took them; `limit` keeps the newest ones."""
    where, values = _where(("symbol = ?", symbol), ("ts_ms >= ?", since_ms))
    found = _newest(path, f"SELECT {_FILLS} FROM fills {where} ORDER BY sequence DESC", values, limit)
    for fill in found:
        _flags(fill, "maker", "reduce_only", "liquidation")
    return found


def orders(
    path: Path,
    *,
    symbol: str | None = None,
    statuses: Sequence[str] = (),
    since_ms: int | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Orders by decision time; `statuses` keeps those in any of them, `limit` the newest ones."""
    where, values = _where(("symbol = ?", symbol), ("decision_ts_ms >= ?", since_ms))
    if statuses:
        marks = ", ".join("?" * len(statuses))
        where += f" {'AND' if where else 'WHERE'} status IN ({marks})"
        values.extend(statuses)
    order_by = "ORDER BY decision_ts_ms DESC, client_order_id DESC"
    found = _newest(path, f"SELECT * FROM orders {where} {order_by}", values, limit)
    for order in found:
        _flags(order, "whole_position", "reduce_only", "post_only")
    return found


def positions(path: Path, *, flat: bool = False) -> list[Record]:
    """Positions by symbol, the closed ones too where `flat`."""
    with read_only(path) as connection, readable("positions"):
        found = _records(connection, "SELECT * FROM positions ORDER BY symbol")
        return [position for position in found if flat or float(position["quantity"]) != 0.0]


def contracts(path: Path) -> dict[str, Record]:
    """Every listed instrument that ends, by symbol: `right` ("" of a future), `strike` and `expiry_ms`."""
    with read_only(path) as connection, readable("instruments"):
        found = _records(connection, "SELECT * FROM instruments")
    # A book that no engine of this version has opened has none of them.
    named = ("right", "strike", "expiry_ms")
    return {row["symbol"]: {name: row[name] for name in named} for row in found if row.get("expiry_ms")}


def equity(path: Path, *, since_ms: int | None = None, limit: int | None = None) -> list[Record]:
    """The account over market time; `limit` keeps the newest rows."""
    where, values = _where(("ts_ms >= ?", since_ms))
    return _newest(path, f"SELECT * FROM equity {where} ORDER BY ts_ms DESC", values, limit)


def events(
    path: Path, *, levels: Sequence[str] = (), since_ms: int | None = None, limit: int | None = None
) -> list[Record]:
    """The log, oldest first; `limit` keeps the newest rows."""
    where, values = _where(("ts_ms >= ?", since_ms))
    if levels:
        where += f" {'AND' if where else 'WHERE'} level IN ({', '.join('?' * len(levels))})"
        values.extend(levels)
    return _newest(path, f"SELECT * FROM events {where} ORDER BY sequence DESC", values, limit)


def commands(path: Path, *, limit: int | None = None) -> list[Record]:
    """What operators asked, oldest first; `limit` keeps the newest rows."""
    found = _newest(path, "SELECT * FROM commands ORDER BY sequence DESC", [], limit)
    # A file that was last written by an earlier version has no such column; its mode is the file's.
    mode = meta(path).get("mode", "")
    with readable("commands"):
        for command in found:
            command.setdefault("mode", mode)
            _flags(command, "accepted")
            command["arguments"] = json.loads(command["arguments"])
    return found


def audit(path: Path, *, text: str = "", limit: int | None = None) -> list[Record]:
    """The audit trail, oldest first, each payload as the value it was; `text` keeps rows in whose actor, kind or
    payload it occurs (upper and lower case alike), `limit` the newest of them.
    """
    where, values = "", list[Any]()
    if text:
        where = "WHERE instr(lower(actor || ' ' || kind || ' ' || payload), lower(?)) > 0"
        values.append(printable(text))
    found = _newest(path, f"SELECT {_AUDIT} FROM audit {where} ORDER BY sequence DESC", values, limit)
    with readable("audit"):
        for row in found:
            row["payload"] = json.loads(row["payload"])
    return found


def funding(path: Path, *, symbol: str | None = None, limit: int | None = None) -> list[Record]:
    """Funding settlements in the order the ledger took them; `limit` keeps the newest ones."""
    where, values = _where(("symbol = ?", symbol))
    return _newest(path, f"SELECT {_FUNDING} FROM funding {where} ORDER BY sequence DESC", values, limit)


def ui_state(path: Path) -> dict[str, str]:
    """What screens asked to have remembered."""
    with read_only(path) as connection:
        return dict(connection.execute("SELECT name, value FROM ui_state ORDER BY name").fetchall())


def control(path: Path) -> Record | None:
    """The latch, None where nothing was ever latched."""
    with read_only(path) as connection:
        found = _records(connection, f"SELECT {CONTROL.columns} FROM control")
    if not found:
        return None
    _flags(found[0], "keep_positions")
    return found[0]


def overrides(path: Path) -> list[Record]:
    """The restrictions in force."""
    with read_only(path) as connection:
        return _records(connection, f"SELECT {OVERRIDE.columns} FROM overrides ORDER BY name, scope")


def readings(path: Path, *, at_ms: int | None = None) -> list[Record]:
    """Each signal's newest reading (at `at_ms` where given): signal, ts, one cell per symbol, and whether it is
    `followed`: heard behind the decisions, which do not know of it."""
    as_of_ms = _LATEST_MS if at_ms is None else at_ms
    with read_only(path) as connection, readable("readings"):
        computed = decided_with(connection, as_of_ms)
        return [
            {
                "signal": reading.signal,
                "ts": reading.ts_ms,
                "cells": _cells(reading),
                "followed": _is_followed(reading, computed),
            }
            for reading in reading_rows.in_force(connection, as_of_ms)
        ]


def day_shares(path: Path, ts_ms: int) -> dict[str, float]:
    """The share of each signal in its class at the end of the UTC day that a decision at `ts_ms` belongs to; none where
    that day has not ended, or nothing was kept of it."""
    day_ms = (ts_ms - 1) // DAY_MS * DAY_MS
    with read_only(path) as connection, readable("signal days"):
        try:
            found = connection.execute("SELECT signal, weight FROM signal_days WHERE day_ms = ?", (day_ms,))
        except sqlite3.OperationalError as error:
            # A file of an earlier version.
            if "no such table" not in str(error):
                raise
            return {}
        return dict(found.fetchall())


def reading_history(path: Path, signal: str, symbol: str, *, limit: int, step_ms: int = 0) -> list[Record]:
    """One signal's newest readings of one symbol, oldest first: one for each of its bars of `step_ms` up to the newest
    decision, or without `step_ms` only those that differ from the one before them.
    """
    with read_only(path) as connection, readable("readings"):
        (decided_ms,) = connection.execute("SELECT coalesce(max(ts_ms), 0) FROM decisions").fetchone()
        until_ms = decided_ms // step_ms * step_ms if step_ms else decided_ms
        told = reading_rows.history(
            connection, signal, symbol, limit=limit, step_ms=step_ms, until_ms=until_ms
        )
        return [{"ts_ms": ts_ms, **_cell(standing)} for ts_ms, standing in told]


def decision(path: Path, *, at_ms: int | None = None) -> Record | None:
    """The newest decision (at or before `at_ms` where given) with every symbol's value after every stage."""
    with read_only(path) as connection, readable("decisions"):
        return _decision(connection, at_ms)


def explain(path: Path, client_order_id: str) -> Record:
    """Why an order is what it is: the order, its life, its fills, and its symbol's way through the decision.

    `stages` is a list of {stage, value}, `readings` one entry per signal in force that was decided with, `followed` the
    same of those heard behind the decisions; all are empty for an order that no decision made (the kill path, a stop).
    Of what is listed beside a perpetual on its coin they are that
    one's, which the decision names as `beside`. Raises NotFound where there is no such order.
    """
    with read_only(path) as connection, readable("orders and decisions"):
        mine = [client_order_id]
        found = _records(connection, "SELECT * FROM orders WHERE client_order_id = ?", mine)
        if not found:
            raise NotFound(f"{path}: there is no order {client_order_id}")
        order = found[0]
        _flags(order, "whole_position", "reduce_only", "post_only")
        executed = _records(
            connection, f"SELECT {_FILLS} FROM fills WHERE client_order_id = ? ORDER BY sequence", mine
        )
        for fill in executed:
            _flags(fill, "maker", "reduce_only", "liquidation")
        lived = "SELECT * FROM order_events WHERE client_order_id = ? ORDER BY sequence"
        return {
            "order": order,
            "events": _records(connection, lived, mine),
            "fills": executed,
            **_waterfall(connection, order["symbol"], order["decision_ts_ms"]),
        }


def _waterfall(connection: sqlite3.Connection, symbol: str, ts_ms: int) -> Record:
    """What the decision at exactly `ts_ms` made of one symbol, from its readings to the last stage."""
    made = _decision(connection, ts_ms)
    if made is None or made["ts"] != ts_ms or symbol not in made["stages"]:
        return {"decision": None, "stages": [], "readings": [], "followed": []}
    stages = made.pop("stages")
    values, made["beside"] = stages[symbol], _perpetual_beside(connection, symbol, stages)
    made["scalars"] = _of_symbol(made["scalars"], symbol)
    computed, of_symbol = decided_with(connection, ts_ms), made["beside"] or symbol
    heard = {
        reading.signal: (_is_followed(reading, computed), standing)
        for reading in reading_rows.in_force(connection, ts_ms)
        if (standing := reading.standing.get(of_symbol)) is not None
    }
    return {
        "decision": made,
        "stages": [
            {"stage": stage, "value": value} for stage, value in zip(DECISION_STAGES, values, strict=True)
        ],
        **{
            key: [
                {"signal": name, "ts": standing.since_ms, **_cell(standing)}
                for name, (is_followed, standing) in heard.items()
                if is_followed is (key == "followed")
            ]
            for key in ("readings", "followed")
        },
    }


def _is_followed(reading: reading_rows.Reading, computed: frozenset[str] | None) -> bool:
    return computed is not None and reading.signal not in computed


def _of_symbol(scalars: Mapping[str, float | None], symbol: str) -> dict[str, float | None]:
    """The numbers of a decision as a whole, and those of this one symbol without its name ("number:symbol")."""
    parted = ((*name.partition(":")[::2], value) for name, value in scalars.items())
    return {name: value for name, owner, value in parted if owner in ("", symbol)}


def _perpetual_beside(connection: sqlite3.Connection, symbol: str, decided: Iterable[str]) -> str:
    """The perpetual on the coin of a spot or a future, of those that were decided with it; "" for anything else."""
    sql = (
        "SELECT other.symbol FROM instruments AS own JOIN instruments AS other USING (base) "
        "WHERE own.symbol = ? AND own.kind != 'perpetual' AND other.kind = 'perpetual'"
    )
    found = {name for (name,) in connection.execute(sql, (symbol,))}
    return next((name for name in decided if name in found), "")


def _decision(connection: sqlite3.Connection, at_ms: int | None) -> Record | None:
    where, values = _where(("ts_ms <= ?", at_ms))
    row = connection.execute(
        f"SELECT ts_ms, state, halted, stages, scalars, symbols FROM decisions "
        f"JOIN universes ON universes.id = universe_id {where} ORDER BY ts_ms DESC LIMIT 1",
        values,
    ).fetchone()
    if row is None:
        return None
    ts_ms, state, halted, stages, scalars, symbols = row
    names = json.loads(symbols)
    numbers = _numbers(stages if is_wide(connection) else unpack_stages(stages))
    if len(numbers) != len(DECISION_STAGES) * len(names):
        raise ValueError(f"decision {ts_ms} has {len(numbers)} numbers for {len(names)} symbols")
    return {
        "ts": ts_ms,
        "state": state,
        "halted": bool(halted),
        "scalars": {name: finite(value) for name, value in unpack_scalars(scalars).items()},
        "stages": {name: list(numbers[index :: len(names)]) for index, name in enumerate(names)},
    }


def _cells(reading: reading_rows.Reading) -> Record:
    """What was said of each symbol, in the order of the universe."""
    known = (symbol for symbol in reading.symbols if symbol in reading.standing)
    return {symbol: _cell(reading.standing[symbol]) for symbol in known}


def _cell(standing: reading_rows.Standing) -> Record:
    cell = standing.cell
    return {
        "value": finite(cell.value),
        "confidence": finite(cell.confidence),
        "reason": cell.reason,
        "statistics": dict(zip(standing.names, map(finite, cell.statistics), strict=True)),
    }


def _numbers(blob: bytes) -> list[float | None]:
    return [finite(number) for number in unpack_floats(blob)]


def finite(number: float | None) -> float | None:
    """None for NaN and infinities, which JSON cannot say: no opinion."""
    return number if number is not None and math.isfinite(number) else None


def _newest(path: Path, sql: str, values: Sequence[Any], limit: int | None) -> list[Record]:
    """The first `limit` rows of a query that yields the newest first, turned oldest first."""
    with read_only(path) as connection:
        if limit is None:
            found = _records(connection, sql, values)
        else:
            found = _records(connection, f"{sql} LIMIT ?", [*values, limit])
    found.reverse()
    return found


def _where(*conditions: tuple[str, Any]) -> tuple[str, list[Any]]:
    """A WHERE clause of the conditions whose value is not None, and those values."""
    asked = [(sql, value) for sql, value in conditions if value is not None]
    if not asked:
        return "", []
    return "WHERE " + " AND ".join(sql for sql, _ in asked), [value for _, value in asked]


def _records(connection: sqlite3.Connection, sql: str, values: Sequence[Any] = ()) -> list[Record]:
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _flags(record: Record, *names: str) -> None:
    for name in names:
        record[name] = bool(record[name])
