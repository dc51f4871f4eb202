"""`quarterdeck orders`, `fills`, `equity`, `events`, `commands`: what the database holds, with an engine or without."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from console.command_faults import Code, Usage
from console.command_output import plain, print_json, print_table, when
from console.command_target import Target
from store import query
from store.records import OrderStatus

TEXT_ROWS = 50
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_MILLISECONDS = re.compile(r"[0-9]{1,18}")
_TIMES = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?Z?")


def orders(
    target: Target,
    symbol: str | None,
    statuses: Sequence[str],
    since: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """Print orders, oldest first. Raises StoreError, Usage."""
    wanted = _among([text.lower() for text in statuses], [status.value for status in OrderStatus], "status")
    rows = query.orders(
        target.database,
        symbol=symbol,
        statuses=wanted,
        since_ms=_since_ms(since),
        limit=_asked(limit, as_json),
    )
    columns = (
        "time",
        "order",
        "symbol",
        "side",
        "type",
        "purpose",
        "quantity",
        "filled",
        "price",
        "status",
        "reason",
    )
    return _print(rows, columns, _order_cells, limit, as_json)


def fills(target: Target, symbol: str | None, since: str | None, limit: int | None, as_json: bool) -> int:
    """Print executions, oldest first. Raises StoreError, Usage."""
    rows = query.fills(
        target.database, symbol=symbol, since_ms=_since_ms(since), limit=_asked(limit, as_json)
    )
    columns = ("time", "symbol", "side", "quantity", "price", "fee", "order")
    return _print(rows, columns, _fill_cells, limit, as_json)


def equity(target: Target, since: str | None, limit: int | None, as_json: bool) -> int:
    """Print the account over market time, oldest first. Raises StoreError, Usage."""
    rows = query.equity(target.database, since_ms=_since_ms(since), limit=_asked(limit, as_json))
    columns = ("time", "equity", "realised", "unrealised", "fees", "funding", "gross", "net")
    return _print(rows, columns, _equity_cells, limit, as_json)


def events(target: Target, levels: Sequence[str], since: str | None, limit: int | None, as_json: bool) -> int:
    """Print the log, oldest first. Raises StoreError, Usage."""
    wanted = _among([text.upper() for text in levels], LEVELS, "level")
    rows = query.events(
        target.database, levels=wanted, since_ms=_since_ms(since), limit=_asked(limit, as_json)
    )
    return _print(rows, ("time", "level", "source", "message"), _event_cells, limit, as_json)


def commands(target: Target, limit: int | None, as_json: bool) -> int:
    """Print what operators asked and what became of it, oldest first. Raises StoreError."""
    rows = query.commands(target.database, limit=_asked(limit, as_json))
    columns = ("given", "market time", "mode", "who", "command", "outcome", "state", "answer", "reason")
    return _print(rows, columns, _command_cells, limit, as_json)


def _print(
    rows: list[query.Record], columns: Sequence[str], cells: Any, limit: int | None, as_json: bool
) -> int:
    if as_json:
        print_json(rows)
        return Code.OK
    print_table(columns, [cells(row) for row in rows])
    if limit is None and len(rows) == TEXT_ROWS:
        print(f"(the newest {TEXT_ROWS}; --limit 0 shows all)", file=sys.stderr)
    return Code.OK


def _order_cells(row: query.Record) -> tuple[str, ...]:
    return (
        when(row["decision_ts_ms"]),
        row["client_order_id"],
        row["symbol"],
        row["side"],
        row["type"],
        row["purpose"],
        "position" if row["whole_position"] else row["quantity"],
        row["filled_quantity"],
        plain(row["price"]),
        row["status"],
        row["reason"],
    )


def _fill_cells(row: query.Record) -> tuple[str, ...]:
    return (
        when(row["ts"]),
        row["symbol"],
        row["side"],
        row["quantity"],
        row["price"],
        row["fee"],
        row["order_id"],
    )


def _equity_cells(row: query.Record) -> tuple[str, ...]:
    money = [str(row[name]) for name in ("equity", "realised", "unrealised", "fees", "funding")]
    return (when(row["ts_ms"]), *money, f"{row['gross']:.3f}", f"{row['net']:+.3f}")


def _event_cells(row: query.Record) -> tuple[str, ...]:
    return when(row["ts_ms"]), row["level"], row["source"], row["message"]


def _command_cells(row: query.Record) -> tuple[str, ...]:
    arguments = " ".join(f"{name}={value}" for name, value in row["arguments"].items())
    before, after = row["state_before"], row["state_after"]
    return (
        when(row["wall_ms"]),
        when(row["market_ts_ms"]),
        plain(row["mode"]),
        row["actor"],
        f"{row['kind']} {arguments}".strip(),
        "accepted" if row["accepted"] else "REFUSED",
        after if before == after else f"{before} to {after}",
        row["message"],
        plain(row["reason"]),
    )


def _asked(limit: int | None, as_json: bool) -> int | None:
    if limit is None:
        return None if as_json else TEXT_ROWS
    return limit or None


def _among(given: Sequence[str], known: Sequence[str], what: str) -> Sequence[str]:
    for text in given:
        if text not in known:
            raise Usage(f"unknown {what} {text}: one of {', '.join(known)}")
    return given


def _since_ms(text: str | None) -> int | None:
    if text is None:
        return None
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        if not _TIMES.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise Usage(f"--since {text}: write it as 2023-01-31, 2023-01-31T12:00 or milliseconds") from None
    return int(moment.replace(tzinfo=UTC).timestamp() * 1_000)
