"""`quarterdeck kill`: through the engine where it answers, past it where it is dead or wedged. It never gives up early.

Without an engine's answer the order is: latch HALTED in the database, let an engine that still holds the lock act on
the latch, then close out at the venue itself. A database that cannot be written does not stop the last step.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from console.command_faults import Code, complain
from console.command_output import print_json
from console.command_target import Target
from console.link.client import NoAnswer, NotRunning, ask_snapshot, give
from console.link.wire import WireFault
from engine.commands import Command, CommandKind
from engine.venues.choose import venue_path
from store import latch
from store.errors import NotFound, StoreError
from store.lock import holder

ACTOR = "cli"
ANSWER_S = 2.0
ACTS_ON_LATCH_S = 2.0
POLL_S = 0.1
_UNHEARD = (NotRunning, NoAnswer, WireFault, OSError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the kill ended. `by` is engine or command line; `fault` one line where something of it failed."""

    progress: str
    by: str
    cancelled: int
    open_orders: int
    open_positions: int
    latched: bool
    message: str
    fault: str = ""

    @property
    def code(self) -> Code:
        if self.fault:
            return Code.ERROR
        return Code.OK if self.progress in latch.DONE else Code.TIMEOUT


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
        fault = f"{outcome.message}; the halt could not be written: {error}"
        return replace(outcome, latched=False, fault=fault)
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
    if not outcome.fault:
        # Without this note a restart asks the venue itself, and finds it flat.
        with suppress(StoreError):
            latch.note_progress(target.database, f"{ACTOR} {_who()}", outcome.progress)
    return outcome


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
    """Act on the venue's own books; they outlive the engine."""
    from engine.venues.simulated import flatten_offline
    from engine.venues.venue import VenueError

    progress = "kept" if keep_positions else "flat"
    books = venue_path(target.database)
    if not books.is_file():
        return Outcome(
            progress, "command line", 0, 0, 0, True, "HALTED: the venue holds no books, nothing is open"
        )
    try:
        done = flatten_offline(books, keep_positions)
    except (VenueError, sqlite3.Error, OSError) as error:
        return Outcome(
            "failed",
            "command line",
            0,
            0,
            0,
            True,
            "",
            f"HALTED, but the venue could not be closed out: {error}",
        )
    positions = "positions and their stops kept" if keep_positions else f"{len(done.fills)} positions closed"
    return Outcome(
        progress,
        "command line",
        done.cancelled,
        0,
        0,
        True,
        f"HALTED, no engine answered; at the venue: {done.cancelled} orders cancelled, {positions}",
    )


def _who() -> str:
    return f"uid={os.getuid()}"
