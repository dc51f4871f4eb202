"""A thread beside the event loop that notices when the loop stands still, and writes down where."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from collections.abc import Callable

STALL_S = 2.0
LOOK_EVERY_S = 0.5


class LoopWatchdog:
    """Dumps all stacks to stderr once per stall of the loop; `stalls` counts them."""

    def __init__(self, last_beat_s: Callable[[], float]) -> None:
        """`last_beat_s` gives the `time.monotonic()` of the loop's newest sign of life."""
        self._last_beat_s = last_beat_s
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
        stalled = False
        looked_s = time.monotonic()
        while not self._ended.wait(LOOK_EVERY_S):
            now_s = time.monotonic()
            # A process that was stopped as a whole (SIGSTOP, a sleeping laptop) is no stall of the loop.
            paused = now_s - looked_s > 4 * LOOK_EVERY_S
            looked_s = now_s
            late = now_s - self._last_beat_s() > STALL_S
            if late and not stalled and not paused:
                self.stalls += 1
                print(f"event loop stands still for more than {STALL_S:g} s; all stacks:", file=sys.stderr)
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
            stalled = late
