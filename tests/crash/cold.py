"""A life started cold: the command in a process of its own, killed from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

from tests.crash.life import Flags
from tests.crash.lives import KILLED, REPOSITORY, Career

START = "from console.cli import main; main()"
FIRST_LINE_S = 60.0


def killed_cold(career: Career, after_s: float) -> bool:
    """Start the command, SIGKILL it `after_s` after its first line; False where it was over by then."""
    if career.done:
        return False
    flags = career.flags | {"run.bars": str(career.bars_left - 1)}
    command = [sys.executable, "-c", START, "run", "--no-ui", "--db", str(career.database), *settings(flags)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert b"INFO" in first, first + process.stdout.read()
        with suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.kill()
        process.stdout.read()
    assert process.returncode in (KILLED, 0)
    return process.returncode == KILLED


def settings(flags: Flags) -> Iterator[str]:
    """Flags as the command line takes them."""
    for key, value in flags.items():
        if isinstance(value, list):
            for item in value:
                yield from ("--data", item)
        else:
            yield from ("--set", f"{key}={value}")
