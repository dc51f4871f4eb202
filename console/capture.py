"""Standard output and standard error while the terminal belongs to the console: both go to a file.

Descriptors are redirected, not Python's streams, so that a C library that prints cannot tear the screen either.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


class OutputCapture:
    """Sends descriptors 1 and 2 to a file, from construction until `restore`. Raises OSError."""

    def __init__(self, path: Path | None) -> None:
        _flush()
        target = os.devnull if path is None else path
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._saved = (os.dup(1), os.dup(2))
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)

    def restore(self) -> None:
        """Give both back. Not to be called when the terminal is gone: a print to it would raise."""
        _flush()
        for saved, fd in zip(self._saved, (1, 2), strict=True):
            os.dup2(saved, fd)
            os.close(saved)


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
