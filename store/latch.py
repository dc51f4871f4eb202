"""The halt latched from outside: what `quarterdeck kill` writes when no engine answers, or none is running.

It needs no lock of the engine's: SQLite serialises the two writers, and the engine's journal sees the foreign
write in its next transaction and leaves it standing. Nothing here lifts a halt. Only an engine that may turn out to be
none of this database takes the lock first.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from store.audit import append
from store.codecs import CONTROL
from store.database import BUSY_TIMEOUT_MS, transaction
from store.errors import FAULTS, NotFound, StoreError, translate
from store.lock import owning
from store.records import TradingState
from store.rows import CommandRow, ControlRow, command_payload, command_values, control_payload, printable
from store.schema import check_version, require_same
from store.statements import INSERT_COMMAND, REPLACE_CONTROL

FIRST_PROGRESS = "cancelling"
DONE = ("flat", "kept")


def latch_halt(path: Path, reason: str, actor: str, keep_positions: bool) -> ControlRow:
    """Make HALTED durable in the database at `path`, with the command that asked for it; returns the latch.

    A halt that stands already keeps its first reason and actor, and goes further but never back: one that flattens
    goes on to flatten whatever `keep_positions` says, and one that is done begins anew only where positions it kept
    are to be closed now. Raises StoreError (NotFound without a database, Locked when another process keeps the file
    for itself).
    """
    try:
        with closing(_connect(path)) as connection, transaction(connection):
            before = _read(connection)
            latch = _halted(before, reason, actor, keep_positions, _market_ts_ms(connection))
            command = CommandRow(
                actor=actor,
                kind="kill",
                arguments={"keep_positions": "true" if keep_positions else "false"},
                reason=reason,
                accepted=True,
                message="latched HALTED in the database, the engine did not take part",
                state_before=TradingState.ACTIVE.name if before is None else before.state.name,
                state_after=TradingState.HALTED.name,
                market_ts_ms=latch.market_ts_ms,
            )
            connection.execute(INSERT_COMMAND, command_values(command, latch.wall_ms))
            _write(connection, latch, [("command", command_payload(command))], actor)
            return latch
    except FAULTS as error:
        raise translate(error, path) from error


def latch_own_halt(path: Path, reason: str, actor: str, *, mode: str, account: str) -> ControlRow:
    """As `latch_halt`, positions closed, but only where an engine of this process has, or could have, the database.

    Raises StoreError, with nothing written: Locked where another engine lives, WrongAccount where the file belongs to
    another mode or account, NotFound where it belongs to nobody yet.
    """
    # The lock is named after the file, whatever leads to it.
    path = Path(os.path.realpath(path))
    try:
        with closing(_connect(path)) as connection:
            stored = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    except FAULTS as error:
        raise translate(error, path) from error
    if not stored:
        raise NotFound(f"{path}: nothing was ever written to this database")
    require_same(stored, path, {"mode": mode, "account": account})
    with owning(path):
        return latch_halt(path, reason, actor, keep_positions=False)


def standing(path: Path) -> ControlRow | None:
    """The halt in force, read beside whoever writes; None where nothing is halted. Raises StoreError."""
    try:
        with closing(_connect(path)) as connection:
            found = _read(connection)
    except FAULTS as error:
        raise translate(error, path) from error
    return found if found is not None and found.state is TradingState.HALTED else None


def note_progress(path: Path, actor: str, progress: str) -> ControlRow:
    """How far closing down has come (cancelling, flattening, flat, kept), beside a standing halt."""
    try:
        with closing(_connect(path)) as connection, transaction(connection):
            before = _read(connection)
            if before is None or before.state is not TradingState.HALTED:
                raise StoreError(f"{path}: nothing is halted; latch a halt first")
            latch = ControlRow(
                state=before.state,
                progress=progress,
                reason=before.reason,
                actor=before.actor,
                market_ts_ms=before.market_ts_ms,
                keep_positions=before.keep_positions,
                wall_ms=time.time_ns() // 1_000_000,
                sequence=before.sequence + 1,
            )
            _write(connection, latch, [], actor)
            return latch
    except FAULTS as error:
        raise translate(error, path) from error


def _halted(
    before: ControlRow | None, reason: str, actor: str, keep_positions: bool, market_ts_ms: int
) -> ControlRow:
    """The latch after one more request to halt."""
    latch = ControlRow(
        state=TradingState.HALTED,
        progress=FIRST_PROGRESS,
        reason=reason,
        actor=actor,
        market_ts_ms=market_ts_ms,
        keep_positions=keep_positions,
        wall_ms=time.time_ns() // 1_000_000,
        sequence=1 if before is None else before.sequence + 1,
    )
    if before is None or before.state is not TradingState.HALTED:
        return latch
    keep = keep_positions and before.keep_positions
    done = before.progress in DONE and keep == before.keep_positions
    return replace(
        latch,
        progress=before.progress if done else FIRST_PROGRESS,
        reason=before.reason,
        actor=before.actor,
        keep_positions=keep,
    )


def _connect(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise NotFound(f"{path}: there is no such database")
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1e3, isolation_level=None)
    try:
        if check_version(connection, path) == 0:
            raise NotFound(f"{path}: nothing was ever written to this database")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection) -> ControlRow | None:
    found = CONTROL.records(connection.execute(f"SELECT {CONTROL.columns} FROM control").fetchall())
    return found[0] if found else None


def _market_ts_ms(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(ts_ms), 0) FROM equity").fetchone()[0])


def _write(
    connection: sqlite3.Connection, latch: ControlRow, audited: list[tuple[str, str]], actor: str
) -> None:
    connection.execute(REPLACE_CONTROL, (1, *CONTROL.row(latch)))
    facts = [*audited, ("control", control_payload(latch))]
    append(
        connection,
        [(latch.wall_ms, latch.market_ts_ms, printable(actor), kind, payload) for kind, payload in facts],
    )
