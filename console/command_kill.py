"""`quarterdeck kill`: through the engine where it answers, past it where it is dead or wedged. It never gives up early.

Without an engine's answer the order is: latch HALTED in the database, let an engine that still holds the lock act on
the latch, then close out at the venue itself. A database that cannot be written does not stop the last step. What
cannot be asked of the venue is never called flat.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from console.command_faults import Code, complain
from console.command_output import print_json
from console.command_target import Target, find_target
from console.link.client import NoAnswer, NotRunning, ask_snapshot, give
from console.link.wire import WireFault
from engine.commands import Command, CommandKind
from engine.config_faults import ConfigFault
from engine.paths import APPLICATION
from engine.venues.choose import venue_path
from store import latch
from store.errors import NotFound, StoreError
from store.lock import holder
from store.records import TERMINAL_STATUSES, OrderStatus

ACTOR = "cli"
ANSWER_S = 2.0
ACTS_ON_LATCH_S = 2.0
POLL_S = 0.1
_UNHEARD = (NotRunning, NoAnswer, WireFault, OSError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the kill ended. `by` is engine or command line; `fault` one line where something of it failed; what is open
    is None where nobody can say."""

    progress: str
    by: str
    cancelled: int
    open_orders: int | None
    open_positions: int | None
    latched: bool
    message: str
    fault: str = ""

    @property
    def code(self) -> Code:
        if self.fault:
            return Code.ERROR
        return Code.OK if self.progress in latch.DONE else Code.TIMEOUT


def find(database: Path | None, config: Path | None) -> Target:
    """The engine that is meant. A broken configuration may name another one than its author thinks, so nothing is
    guessed from what is left of it. Raises ConfigFault, which then says how to kill without a configuration."""
    try:
        return find_target(database, config)
    except ConfigFault as fault:
        way_out = "nothing was killed: pass --db PATH, it needs no configuration"
        raise ConfigFault([*fault.faults, f"{way_out}{_usual_databases()}"]) from fault


def _usual_databases() -> str:
    """Databases where engines keep them unless told otherwise, as a reminder for who has to name one."""
    import platformdirs

    folder = Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))
    found = [
        f"{path}{' (running)' if holder(path) is not None else ''}" for path in sorted(folder.glob("*.db"))
    ]
    return f"; there is {', '.join(found)}" if found else ""


def kill(target: Target, keep_positions: bool, reason: str, timeout_s: float, as_json: bool) -> int:
    """Halt, cancel, flatten, and report only what the venue confirms."""
    outcome = _through_engine(target, keep_positions, reason, timeout_s)
    if outcome is None:
        outcome = _past_engine(target, keep_positions, reason)
    if as_json:
        print_json({**asdict(outcome), "state": "HALTED" if outcome.latched else "unknown"})
    if outcome.code is not Code.OK:
        return complain([outcome.fault or outcome.message], outcome.code)
    if not as_json:
        print(outcome.message)
    return Code.OK


def _through_engine(target: Target, keep_positions: bool, reason: str, timeout_s: float) -> Outcome | None:
    """None where the engine does not take it, or stops answering before it is done."""
    deadline_s = time.monotonic() + timeout_s
    arguments = {"keep_positions": "true" if keep_positions else "false"}
    try:
        while not give(target.socket, Command(CommandKind.KILL, ACTOR, reason, arguments), ANSWER_S).accepted:
            # An engine in its very first start has no database yet in which it could be told otherwise.
            if target.database.is_file() or time.monotonic() >= deadline_s:
                return None
            time.sleep(POLL_S)
        while True:
            row = _kill_row(target)
            if row["progress"] in latch.DONE or time.monotonic() >= deadline_s:
                return _reported(row, timeout_s)
            time.sleep(POLL_S)
    except _UNHEARD:
        return None


def _kill_row(target: Target) -> dict[str, Any]:
    row: dict[str, Any] | None = (ask_snapshot(target.socket, ANSWER_S) or {}).get("kill")
    return row or {"progress": "latched", "cancelled": 0, "open_orders": 0, "open_positions": 0, "error": ""}


def _reported(row: dict[str, Any], timeout_s: float) -> Outcome:
    still = f"{row['open_positions']} positions and {row['open_orders']} orders"
    message = {
        "flat": f"HALTED and flat: {row['cancelled']} orders cancelled, the venue confirms it",
        "kept": f"HALTED: {row['cancelled']} orders cancelled, positions and their stops kept",
    }.get(
        row["progress"],
        f"HALTED, but not flat after {timeout_s:g} s ({row['progress']}): {still} open; the engine goes on"
        + (f"; {row['error']}" if row["error"] else ""),
    )
    return Outcome(
        row["progress"], "engine", row["cancelled"], row["open_orders"], row["open_positions"], True, message
    )


def _past_engine(target: Target, keep_positions: bool, reason: str) -> Outcome:
    try:
        halt = latch.latch_halt(target.database, reason, f"{ACTOR} {_who()}", keep_positions)
    except StoreError as error:
        if isinstance(error, NotFound) and not venue_path(target.database).is_file():
            raise
        outcome = _close_out(target, keep_positions)
        did = outcome.fault or outcome.message
        fault = f"NOT HALTED, the halt could not be written: {error}; {did}"
        return replace(outcome, latched=False, message="", fault=fault)
    if _engine_acts(target):
        return Outcome(
            "kept" if halt.keep_positions else "flat",
            "engine",
            0,
            0,
            0,
            True,
            "HALTED: the engine took the halt from its database and is done",
        )
    outcome = _close_out(target, halt.keep_positions)
    if outcome.fault:
        return replace(outcome, fault=f"HALTED, but {outcome.fault}")
    # Without this note a restart asks the venue itself, and finds it flat.
    with suppress(StoreError):
        latch.note_progress(target.database, f"{ACTOR} {_who()}", outcome.progress)
    return replace(outcome, message=f"HALTED, no engine answered; {outcome.message}")


def _engine_acts(target: Target) -> bool:
    """Whether an engine that holds the lock, but did not answer, carries out the halt it finds in its database."""
    deadline_s = time.monotonic() + ACTS_ON_LATCH_S
    while holder(target.database) is not None and time.monotonic() < deadline_s:
        with suppress(StoreError):
            if _progress(target) in latch.DONE:
                return True
        time.sleep(POLL_S)
    return False


def _progress(target: Target) -> str:
    from store.query import control

    found = control(target.database)
    return str(found["progress"]) if found else ""


def _close_out(target: Target, keep_positions: bool) -> Outcome:
    """Act on the venue's own books; they outlive the engine. Says nothing of the halt."""
    from engine.venues.simulated import flatten_offline
    from engine.venues.venue import VenueError

    progress = "kept" if keep_positions else "flat"
    books = venue_path(target.database)
    if not books.is_file():
        if _last_known_open(target) == (0, 0):
            words = "the venue holds no books, nothing is open"
            return Outcome(progress, "command line", 0, 0, 0, True, words)
        return _not_closed(target, f"{books}: the venue's books are missing; put them back and kill again")
    try:
        done = flatten_offline(books, keep_positions)
    except (VenueError, sqlite3.Error, OSError) as error:
        return _not_closed(target, str(error))
    positions = "positions and their stops kept" if keep_positions else f"{len(done.fills)} positions closed"
    words = f"at the venue: {done.cancelled} orders cancelled, {positions}"
    return Outcome(progress, "command line", done.cancelled, 0, 0, True, words)


def _not_closed(target: Target, why: str) -> Outcome:
    positions, orders = _last_known_open(target) or (None, None)
    still = f"{positions} positions and {orders} orders stay open, as the database last knew it"
    if positions is None:
        still = "what is open there is not known"
    fault = f"NOT CLOSED OUT: {why}; {still}"
    return Outcome("failed", "command line", 0, orders, positions, True, "", fault)


def _last_known_open(target: Target) -> tuple[int, int] | None:
    """Positions and orders that are open by the database; None where it cannot be read."""
    from store import query

    working = [status.value for status in OrderStatus if status not in TERMINAL_STATUSES]
    try:
        return len(query.positions(target.database)), len(query.orders(target.database, statuses=working))
    except StoreError:
        return None


def _who() -> str:
    return f"uid={os.getuid()}"
