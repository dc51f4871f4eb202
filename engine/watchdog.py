"""A thread beside the event loop that notices when the loop stands still: it writes down where, and at last halts.

An engine that stands still watches nothing it has sent. After ten seconds this thread does what a kill that keeps
positions does past a wedged engine: HALTED in the database, and every order but the stops cancelled at the venue. The
engine that comes to itself again, or is started anew, finds the halt and goes through it with its own books.
"""

from __future__ import annotations

import faulthandler
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.venues.choose import venue_path
from store import latch
from store.errors import StoreError

LOOK_EVERY_S = 0.5
STALLED_AFTER = 4
"""Looks in a row without a new beat after which the stacks are written down."""
DEAD_AFTER = 20
"""The same, after which the loop is taken for dead."""
ACTOR = "watchdog"


class LoopWatchdog:
    """Writes all stacks to stderr once per stall of the loop (`stalls` counts them), and acts where it lasts."""

    def __init__(self, last_beat_s: Callable[[], float], when_dead: Callable[[], tuple[bool, str]]) -> None:
        """`last_beat_s`: the `time.monotonic()` of the loop's newest sign of life. `when_dead` acts: whether that is
        done, else it is asked again, and what to say of it."""
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
        beat_s, looked_s, missed, done = self._last_beat_s(), time.monotonic(), 0, False
        while not self._ended.wait(LOOK_EVERY_S):
            last_s, last_look_s = beat_s, looked_s
            beat_s, looked_s = self._last_beat_s(), time.monotonic()
            if beat_s != last_s:
                missed, done = 0, False
                continue
            # A process that was stopped as a whole (SIGSTOP, a sleeping laptop) is no stall of the loop.
            if looked_s - last_look_s > 4 * LOOK_EVERY_S:
                continue
            missed += 1
            if missed == STALLED_AFTER:
                self.stalls += 1
                _say(f"event loop stands still for {missed * LOOK_EVERY_S:g} s; all stacks:\n{_stacks()}")
            if missed % DEAD_AFTER == 0 and not done:
                done, said = self._when_dead()
                if said:
                    _say(f"event loop stands still for {missed * LOOK_EVERY_S:g} s: {said}\n")


def halt_beside(database: Path) -> tuple[bool, str]:
    """Halt the engine on `database` by connections of one's own; whether that is done, and what came of it."""
    from engine.venues.simulated import flatten_offline

    try:
        halt = latch.latch_halt(database, "the event loop stands still", ACTOR, keep_positions=True)
    except StoreError as failure:
        return False, f"not halted: {failure}; run `quarterdeck kill`"
    if halt.progress in latch.DONE:
        return True, "HALTED already"
    try:
        done = flatten_offline(venue_path(database), halt.keep_positions)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is said and tried again
        return False, f"HALTED, but nothing was cancelled: {failure}; run `quarterdeck kill`"
    closed = (
        "positions and their stops kept" if halt.keep_positions else f"{len(done.fills)} positions closed"
    )
    return True, f"HALTED, {done.cancelled} orders cancelled at the venue, {closed}"


def _stacks() -> str:
    try:
        with tempfile.TemporaryFile("w+") as file:
            faulthandler.dump_traceback(file=file, all_threads=True)
            file.seek(0)
            return file.read()
    except OSError as failure:
        return f"cannot be written down: {failure}\n"


def _say(words: str) -> None:
    """By a thread of its own: a stderr that nobody reads holds up whoever writes to it."""
    with suppress(RuntimeError):
        threading.Thread(
            target=lambda: print(words, end="", file=sys.stderr, flush=True), daemon=True
        ).start()
