"""A thread beside the event loop that notices when the loop stands still: it writes down where, and at last halts.

An engine that stands still watches nothing it has sent. After ten seconds this thread does what a kill that keeps
positions does past a wedged engine: HALTED in the database, and every order but the stops cancelled at the venue. The
engine that comes to itself again, or is started anew, finds the halt and goes through it with its own books.
"""

from __future__ import annotations

import faulthandler
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.venues.choose import venue_path
from engine.venues.venue import VenueError
from store import latch
from store.errors import StoreError

LOOK_EVERY_S = 0.5
STALLED_AFTER = 4
"""Looks in a row without a new beat after which the stacks are written down."""
DEAD_AFTER = 20
"""The same, after which the loop is taken for dead."""
ACTOR = "watchdog"


class LoopWatchdog:
    """Dumps all stacks to stderr once per stall of the loop (`stalls` counts them), and acts once where it lasts."""

    def __init__(self, last_beat_s: Callable[[], float], when_dead: Callable[[], str]) -> None:
        """`last_beat_s`: the `time.monotonic()` of the loop's newest sign of life; `when_dead` acts, and says how."""
        self._last_beat_s = last_beat_s
        self._when_dead = when_dead
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="loop-watchdog", daemon=True)
        self.stalls = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(LOOK_EVERY_S * 2)

    def _look(self) -> None:
        beat_s, looked_s, missed = self._last_beat_s(), time.monotonic(), 0
        while not self._ended.wait(LOOK_EVERY_S):
            last_s, last_look_s = beat_s, looked_s
            beat_s, looked_s = self._last_beat_s(), time.monotonic()
            # A process that was stopped as a whole (SIGSTOP, a sleeping laptop) is no stall of the loop.
            paused = looked_s - last_look_s > 4 * LOOK_EVERY_S
            missed = 0 if paused or beat_s != last_s else missed + 1
            if missed == STALLED_AFTER:
                self.stalls += 1
                stalled_s = missed * LOOK_EVERY_S
                print(f"event loop stands still for {stalled_s:g} s; all stacks:", file=sys.stderr)
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
            if missed == DEAD_AFTER and (done := self._when_dead()):
                print(f"event loop stands still for {missed * LOOK_EVERY_S:g} s: {done}", file=sys.stderr)


def halt_beside(database: Path) -> str:
    """Halt the engine on `database` by connections of one's own, as its thread or another process; what came of it."""
    from engine.venues.simulated import flatten_offline

    try:
        halt = latch.latch_halt(database, "the event loop stands still", ACTOR, keep_positions=True)
        if halt.progress in latch.DONE:
            return "HALTED already"
        done = flatten_offline(venue_path(database), halt.keep_positions)
    except (StoreError, VenueError, sqlite3.Error, OSError) as failure:
        return f"not halted: {failure}; run `quarterdeck kill`"
    closed = (
        "positions and their stops kept" if halt.keep_positions else f"{len(done.fills)} positions closed"
    )
    return f"HALTED, {done.cancelled} orders cancelled at the venue, {closed}"
