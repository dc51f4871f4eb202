"""Parting words reach whoever reads, and keep nobody who does not."""

from __future__ import annotations

import os
import time

import pytest

from console.parting import say

MUCH = "x" * 200_000


def test_a_terminal_that_reads_gets_every_word() -> None:
    near, far = os.openpty()
    with os.fdopen(far, "w") as terminal:
        say("gone home", terminal)
        assert os.read(near, 100) == b"gone home\r\n"
    os.close(near)


def test_a_terminal_that_is_stalled_is_not_waited_for() -> None:
    near, far = os.openpty()
    with os.fdopen(far, "w") as terminal:
        began_s = time.monotonic()
        say(MUCH, terminal, patience_s=0.1)
        assert time.monotonic() - began_s < 1.0
        os.close(near)


def test_a_pipe_is_waited_for_and_one_without_a_reader_says_so() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        say("all of it", pipe)
        assert os.read(reading, 100) == b"all of it\n"
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            say("nobody", pipe)
        # What could not be written must not be written again when the file is closed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), pipe.fileno())
