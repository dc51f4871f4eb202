"""Words to a terminal that may be stalled: whoever says them waits a moment for it, and never until it moves again."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Thread
from typing import TextIO

_PATIENCE_S = 1.0


def say(words: str, stream: TextIO, *, patience_s: float = _PATIENCE_S) -> None:
    """One line to `stream`.

    A thread writes to a terminal, and is left behind when that takes longer than `patience_s`. Anything else is waited
    for, because whoever reads it wants every word. Raises BrokenPipeError where nobody does.
    """
    if not stream.isatty():
        print(words, file=stream, flush=True)
        return
    writing = Thread(
        target=_write, args=(stream.fileno(), f"{words}\n".encode(errors="replace")), daemon=True
    )
    writing.start()
    writing.join(patience_s)


def _write(descriptor: int, data: bytes) -> None:
    with suppress(OSError):
        while data:
            data = data[os.write(descriptor, data) :]
