"""A program on a real pseudo-terminal: read what it draws, strike keys, stop reading, hang up. Waits on select only."""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pyte

ROOT = Path(__file__).resolve().parents[2]
# Queries and modes this small emulator would print instead of obeying.
_UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*[u$][a-z]?|\x1b\[\?[0-9;]*\$p")


class TerminalSession:
    """A child whose standard streams are a terminal of this size. Use as a context manager."""

    def __init__(
        self,
        command: list[str],
        size: tuple[int, int] = (80, 24),
        *,
        controlling: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._master, slave = os.openpty()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        # Off: what comes is read and kept, and the processor left to the child.
        self.drawing = True
        self.raw = bytearray()
        self.resize(*size)
        self.started_s = time.perf_counter()

        def adopt() -> None:
            os.setsid()
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
            preexec_fn=adopt,
        )
        os.close(slave)

    def __enter__(self) -> TerminalSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def read(self, seconds: float) -> bool:
        """Read what comes within `seconds`, at most one portion; False when nothing came."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return False
        self.raw += data
        if self.drawing:
            self._stream.feed(_UNKNOWN.sub(b"", data))
        return bool(data)

    @property
    def bytes_read(self) -> int:
        """How much it has drawn so far."""
        return len(self.raw)

    def until(self, condition: Callable[[], bool], *, within_s: float = 20.0) -> float:
        """Read until something holds; returns seconds since the start. Fails with the screen when it never does."""
        deadline = time.perf_counter() + within_s
        while not condition():
            left = deadline - time.perf_counter()
            assert left > 0, f"it never came to hold:\n{self.text}"
            self.read(min(left, 0.1))
        return time.perf_counter() - self.started_s

    def until_shown(self, words: str, *, within_s: float = 20.0) -> float:
        return self.until(lambda: words in self.text, within_s=within_s)

    def read_for(self, seconds: float) -> None:
        """Read whatever comes for so long."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.read(left)

    def until_idle(self, *, within_s: float = 20.0) -> None:
        """Without reading, wait until the child has worked off what it was sent: its processor time stands still."""
        deadline = time.perf_counter() + within_s
        process = psutil.Process(self.process.pid)
        before, now = -1.0, sum(process.cpu_times()[:2])
        while now - before > 0.05:
            assert time.perf_counter() < deadline, "it never came to rest"
            select.select([], [], [], 0.5)
            before, now = now, sum(process.cpu_times()[:2])

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def hang_up(self) -> None:
        """Close our end, as a lost connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def wait(self, seconds: float) -> int:
        """Wait for the child without reading from its terminal."""
        return self.process.wait(timeout=seconds)

    def wait_reading(self, seconds: float) -> int:
        """Wait for the child, reading what it still has to say."""
        deadline = time.perf_counter() + seconds
        while self.process.poll() is None:
            assert time.perf_counter() < deadline, f"it did not end:\n{self.text}"
            self.read(0.05)
        while self.read(0.05):
            continue
        return self.process.returncode


def demo(*arguments: str) -> list[str]:
    """The command that runs the console on recorded pictures."""
    return [sys.executable, "-m", "tests.console.demo", *arguments]


def report(path: Path) -> dict[str, Any]:
    """What the demo wrote about its heartbeat and how its screen ended."""
    result: dict[str, Any] = json.loads(path.read_text())
    return result
