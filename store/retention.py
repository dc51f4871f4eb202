"""Telemetry that has grown old is thinned, a day of market time at a step: orders, fills, funding, commands and the
audit trail are never touched.

What goes, once it is as many days old as its kind may be:

- decisions: those that ordered nothing. Why an order was given can be told as long as the order is known.
- readings: all, but for the last whole one of each signal before, on which what is newer stands.
- equity: all of a day but its last mark, and the marks at which orders were decided.
- events: all.

Table `meta` notes how far each kind is thinned, in the transaction that thins it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from store.reading_rows import signal_names

if TYPE_CHECKING:
    from store.config import RetentionConfig

DAY_MS = 86_400_000

Span = tuple[int, int]
"""Market times (after, up to and including)."""
Thin = Callable[[sqlite3.Connection, Span], bool]
"""Thins a span; False where some of it is left for the next step."""

_OF_ORDERS = "SELECT decision_ts_ms FROM orders WHERE decision_ts_ms > :after AND decision_ts_ms <= :until"
_DECISIONS = f"""
    DELETE FROM decisions WHERE ts_ms > :after AND ts_ms <= :until AND ts_ms NOT IN ({_OF_ORDERS})"""
_EQUITY = f"""
    DELETE FROM equity WHERE ts_ms > :after AND ts_ms <= :until AND ts_ms NOT IN ({_OF_ORDERS})
    AND ts_ms <> (SELECT max(ts_ms) FROM equity WHERE ts_ms > :after AND ts_ms <= :until)"""
_READINGS = """
    DELETE FROM readings WHERE signal = :signal AND ts_ms <
    (SELECT max(ts_ms) FROM readings WHERE signal = :signal AND whole AND ts_ms <= :until)"""
# By the order they were written in, for there is no index of their times, and so many at a step that no commit waits.
_EVENTS_A_STEP = 5_000
_OLDEST_EVENTS = f"SELECT sequence, ts_ms FROM events ORDER BY sequence LIMIT {_EVENTS_A_STEP}"
_EVENTS = (
    f"DELETE FROM events WHERE sequence IN (SELECT sequence FROM ({_OLDEST_EVENTS}) WHERE ts_ms <= :until)"
)
_EVENTS_LEFT = f"SELECT 1 FROM ({_OLDEST_EVENTS}) WHERE ts_ms <= :until LIMIT 1"

_NOTE = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def step(connection: sqlite3.Connection, keep: RetentionConfig, now_ms: int) -> bool:
    """Thin one day of one kind as of market time `now_ms`, or as much of it as a step may; False where nothing is left
    to thin. A day is noted when all of it that goes is gone. Must run inside a write transaction."""
    done = thinned_until(connection)
    for kind, days in _days(keep).items():
        last_ms = (now_ms // DAY_MS - days) * DAY_MS
        after_ms = done.get(kind, -1)
        if not days or after_ms >= last_ms:
            continue
        if after_ms < 0:
            after_ms = _first_day_ms(connection, last_ms)
        until_ms = min(after_ms + DAY_MS, last_ms)
        if _THIN[kind](connection, (after_ms, until_ms)):
            connection.execute(_NOTE, (_noted(kind), str(until_ms)))
        return True
    return False


def thinned_until(connection: sqlite3.Connection) -> dict[str, int]:
    """Up to which market time each kind is thinned, in ms; kinds that never were are left out."""
    notes = dict(connection.execute("SELECT name, value FROM meta WHERE name LIKE 'thinned_%'").fetchall())
    return {kind: int(notes[_noted(kind)]) for kind in _THIN if _noted(kind) in notes}


def _days(keep: RetentionConfig) -> dict[str, int]:
    return {
        "decisions": keep.decision_days,
        "readings": keep.reading_days,
        "equity": keep.equity_days,
        "events": keep.event_days,
    }


def _noted(kind: str) -> str:
    return f"thinned_{kind}_until_ms"


def _first_day_ms(connection: sqlite3.Connection, last_ms: int) -> int:
    """Where the first day of the account begins, `last_ms` where it has none that is older."""
    (first_ms,) = connection.execute("SELECT min(ts_ms) FROM equity").fetchone()
    if first_ms is None:
        return last_ms
    return int(min((first_ms - 1) // DAY_MS * DAY_MS, last_ms))


def _simply(sql: str) -> Thin:
    def thin(connection: sqlite3.Connection, span: Span) -> bool:
        after_ms, until_ms = span
        connection.execute(sql, {"after": after_ms, "until": until_ms})
        return True

    return thin


def _thin_readings(connection: sqlite3.Connection, span: Span) -> bool:
    signals = list(signal_names(connection))
    connection.executemany(_READINGS, [{"signal": signal, "until": span[1]} for signal in signals])
    return True


def _thin_events(connection: sqlite3.Connection, span: Span) -> bool:
    until = {"until": span[1]}
    connection.execute(_EVENTS, until)
    return connection.execute(_EVENTS_LEFT, until).fetchone() is None


_THIN: Mapping[str, Thin] = {
    "decisions": _simply(_DECISIONS),
    "readings": _thin_readings,
    "equity": _simply(_EQUITY),
    "events": _thin_events,
}
