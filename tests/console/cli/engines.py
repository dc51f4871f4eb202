"""Engines as processes of their own, and the command line called in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.link.client import NoAnswer, NotRunning, ask_snapshot
from engine.paths import socket_path

PROGRAM = (sys.executable, "-c", "from console.cli import main; main()")
PATIENCE_S = 60.0
FOLLOWED = {"QUARTERDECK__SIGNALS__SHADOW": "auto"}
"""For tests about signals in shadow, which other tests leave out."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


def until(what: str, condition: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """The first true answer of `condition`; fails loudly when there is none in time."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while not (answer := condition()):
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s: {what}"
        pause.wait(0.02)
    return answer


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A process's environment with its files in `folder`, but the kernels compiled once for all tests.

    The first words of a new database are left out unless `more` wants them, and so are the signals that only
    follow the decisions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUARTERDECK")}
    folders = {"XDG_STATE_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    apart = {"QUARTERDECK__CONSOLE__WELCOME": "false", "QUARTERDECK__SIGNALS__SHADOW": "off"}
    return {**kept, **folders, **apart, **more}


def run(folder: Path, *arguments: str, **more: str) -> Ran:
    """One command as a process, to its end."""
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment(folder, **more),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


class Engine:
    """`quarterdeck run --no-ui` on a database; a context manager that leaves nothing running."""

    def __init__(self, database: Path, *arguments: str, **more: str) -> None:
        self.database = database
        self._output = (database.parent / "engine.out").open("wb")
        self.process = subprocess.Popen(
            [*PROGRAM, "run", "--no-ui", "--db", str(database), *arguments],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment(database.parent, **more),
            cwd=database.parent,
        )

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE_S)
        self._output.close()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return (self.database.parent / "engine.out").read_text("utf-8")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def picture(self) -> dict[str, Any]:
        """Its newest picture; fails when it has died."""
        assert self.process.poll() is None, f"the engine ended with {self.process.returncode}: {self.output}"
        try:
            return ask_snapshot(socket_path(self.database)) or {}
        except (NotRunning, NoAnswer):
            return {}

    def running(self) -> Engine:
        """Wait until it trades."""
        until("the engine runs", lambda: self.picture().get("phase") == "running")
        return self

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(PATIENCE_S)
