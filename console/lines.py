"""Events as lines on a descriptor, written by a thread of its own: a reader that is slow or gone never delays the
engine. What a slow reader cannot take in time is left out and counted.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime

from store.records import Event

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
MOST_WAITING = 50_000
WRITE_BYTES = 65_536


class Lines:
    """A listener for events; `close` waits for the reader as long as it is told to, and no longer."""

    def __init__(self, descriptor: int, level: str, as_json: bool) -> None:
        self._descriptor = descriptor
        self._as_json = as_json
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._news = threading.Event()
        self._ending = False
        self._gone = False
        self.set_level(level)
        self._thread = threading.Thread(target=self._write_all, name="lines", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        if self._gone or LEVELS.index(event.level) < self._least:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(line_of(event, self._as_json))
        self._news.set()

    def set_level(self, level: str) -> None:
        """Leave out what is below `level` from now on."""
        self._least = LEVELS.index(level)

    def close(self, patience_s: float = 2.0) -> None:
        """Write what waits, unless the reader takes longer than `patience_s`."""
        self._ending = True
        self._news.set()
        self._thread.join(patience_s)

    def _write_all(self) -> None:
        try:
            while True:
                self._news.wait()
                self._news.clear()
                ending = self._ending
                while self._waiting:
                    self._write(self._chunk())
                if self._left_out:
                    left_out, self._left_out = self._left_out, 0
                    event = Event(
                        time.time_ns() // 1_000_000,
                        "WARN",
                        "console.lines",
                        f"the reader is too slow: {left_out} lines left out",
                    )
                    self._write(line_of(event, self._as_json).encode("utf-8", "backslashreplace"))
                if ending:
                    return
        except OSError:
            self._gone = True
            self._waiting.clear()

    def _chunk(self) -> bytes:
        chunk = bytearray()
        while self._waiting and len(chunk) < WRITE_BYTES:
            chunk += self._waiting.popleft().encode("utf-8", "backslashreplace")
        return bytes(chunk)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


def line_of(event: Event, as_json: bool) -> str:
    """One event as a line with its end, in market time (UTC)."""
    if as_json:
        return json.dumps(asdict(event), separators=(",", ":")) + "\n"
    when = datetime.fromtimestamp(event.ts_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = "".join(letter if letter.isprintable() else "?" for letter in event.message)
    return f"{when} {event.level:<5} {event.source:<18} {text}\n"
