"""Readings as of a time, put together again from rows that hold only what changed.

A signal's reading of a symbol stands until a later row holds that symbol, or until a row that holds none, which says
that the signal is heard no more. Rows that hold every symbol come at least once a week of market time, so that no
search goes further back than that.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from store.compact import Cell, unpack_cells
from store.wide import is_wide

_COMPACT = (
    "SELECT ts_ms, whole, cells, symbols, names FROM readings JOIN universes ON universes.id = universe_id "
    "JOIN statistic_names ON statistic_names.id = names_id"
)
_WIDE = (
    "SELECT ts_ms, 1, cells_of(symbols, reading_values, confidences, reasons, statistics), symbols, "
    "names_of(statistics) FROM readings JOIN universes ON universes.id = universe_id"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a signal said of one symbol, since the bar that closed at `since_ms`; `names` are the statistics'."""

    since_ms: int
    cell: Cell
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal's reading of every symbol as of a time; `ts_ms` is when the newest of it was written."""

    signal: str
    ts_ms: int
    symbols: tuple[str, ...]
    standing: dict[str, Standing]


def in_force(connection: sqlite3.Connection, at_ms: int) -> list[Reading]:
    """Each signal's reading as of `at_ms`, by name; signals that had said nothing by then, or were heard no more, are
    left out."""
    select = _select(connection)
    found = (_as_of(connection, select, signal, at_ms) for signal in signal_names(connection))
    return [reading for reading in found if reading is not None]


def history(
    connection: sqlite3.Connection, signal: str, symbol: str, *, limit: int, step_ms: int, until_ms: int
) -> list[tuple[int, Standing]]:
    """The newest `limit` readings of one symbol with their times, oldest first: one for each bar of `step_ms` up to
    `until_ms`, those told again that were not written because they repeat, and none while the signal was not heard.
    `step_ms` 0: only those that changed.
    """
    oldest_ms = until_ms - (limit - 1) * step_ms if step_ms else 0
    changes, heard = list[tuple[int, Standing | None]](), 0
    for since_ms, standing in _of_symbol(connection, signal, symbol):
        if changes and _says_the_same(standing, changes[-1][1]):
            changes[-1] = since_ms, standing
        elif heard == limit or (changes and changes[-1][0] <= oldest_ms):
            break
        else:
            changes.append((since_ms, standing))
            heard += standing is not None
    changes.reverse()
    told = list[tuple[int, Standing]]()
    ends_ms = [*(since_ms for since_ms, _ in changes[1:]), until_ms + 1]
    for (since_ms, change), end_ms in zip(changes, ends_ms, strict=False):
        if change is None:
            continue
        told.append((since_ms, change))
        if step_ms:
            repeats = range((since_ms // step_ms + 1) * step_ms, end_ms, step_ms)
            told += ((ts_ms, change) for ts_ms in repeats[-limit:])
    return told[-limit:]


def signal_names(connection: sqlite3.Connection) -> Iterator[str]:
    """Every signal that has readings, by name."""
    # Name by name along the key: a list of distinct names would read every row there is.
    name = ""
    while row := connection.execute(
        "SELECT signal FROM readings WHERE signal > ? ORDER BY signal LIMIT 1", (name,)
    ).fetchone():
        name = row[0]
        yield name


def _as_of(connection: sqlite3.Connection, select: str, signal: str, at_ms: int) -> Reading | None:
    rows = connection.execute(
        f"{select} WHERE signal = ? AND ts_ms <= ? ORDER BY ts_ms DESC", (signal, at_ms)
    )
    symbols, newest_ms = tuple[str, ...](), 0
    standing: dict[str, Standing] = {}
    for ts_ms, whole, cells, universe, names in rows:
        known = tuple(json.loads(universe))
        if not standing:
            symbols, newest_ms = known, ts_ms
        for symbol, found in _cells(ts_ms, cells, known, names):
            standing.setdefault(symbol, found)
        if whole or len(standing) == len(symbols):
            break
    return Reading(signal, newest_ms, symbols, standing) if standing else None


def _of_symbol(
    connection: sqlite3.Connection, signal: str, symbol: str
) -> Iterator[tuple[int, Standing | None]]:
    """Every row that says something of the symbol, newest first, with its time; None: the signal is heard no more."""
    rows = connection.execute(f"{_select(connection)} WHERE signal = ? ORDER BY ts_ms DESC", (signal,))
    for ts_ms, _, cells, universe, names in rows:
        held = dict(_cells(ts_ms, cells, tuple(json.loads(universe)), names))
        if symbol in held or not held:
            yield ts_ms, held.get(symbol)


def _cells(ts_ms: int, cells: bytes, symbols: tuple[str, ...], names: str) -> Iterator[tuple[str, Standing]]:
    statistics = tuple(json.loads(names))
    for place, cell in unpack_cells(cells, len(symbols), len(statistics)).items():
        yield symbols[place], Standing(ts_ms, cell, statistics)


def _says_the_same(one: Standing | None, other: Standing | None) -> bool:
    if one is None or other is None:
        return one is other
    pairs = ((one.cell.value, other.cell.value), (one.cell.confidence, other.cell.confidence))
    return one.cell.reason == other.cell.reason and all(a == b or (a != a and b != b) for a, b in pairs)


def _select(connection: sqlite3.Connection) -> str:
    return _WIDE if is_wide(connection) else _COMPACT
