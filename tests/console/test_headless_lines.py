"""Lines of a headless run: a reader that is slow, or gone, costs the engine nothing."""

from __future__ import annotations

import json
import os
import select
import time

import pytest

from console import lines
from console.lines import Lines
from store.records import Event

TS_MS = 1_700_000_000_000


def event(message: str, level: str = "INFO") -> Event:
    return Event(TS_MS, level, "engine.test", message)


def drained(descriptor: int) -> bytes:
    """Everything up to the end."""
    with os.fdopen(descriptor, "rb") as reader:
        return reader.read()


def test_text_and_json_one_line_each_and_nothing_below_the_level() -> None:
    for as_json in (False, True):
        reading, writing = os.pipe()
        told = Lines(writing, "INFO", as_json)
        told(event("first\x1b[2J\nsecond"))
        told(event("too quiet", "DEBUG"))
        told.set_level("DEBUG")
        told(event("now heard", "DEBUG"))
        told.close()
        os.close(writing)
        first, second = drained(reading).decode().splitlines()
        if as_json:
            assert json.loads(first)["message"] == "first\x1b[2J\nsecond"
        else:
            assert first == "2023-11-14 22:13:20 INFO  engine.test        first?[2J?second"
        assert "now heard" in second


def test_a_reader_that_does_not_read_delays_nobody_and_hears_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "MOST_WAITING", 500)
    reading, writing = os.pipe()
    told = Lines(writing, "INFO", False)
    began = time.monotonic()
    for number in range(20_000):
        told(event(f"event {number}"))
    told.close(patience_s=0.05)
    assert time.monotonic() - began < 2.0
    heard = bytearray()
    os.set_blocking(reading, False)
    deadline_s = time.monotonic() + 10.0
    while b"the reader is too slow: " not in heard:
        assert time.monotonic() < deadline_s
        if select.select([reading], [], [], 0.1)[0]:
            heard += os.read(reading, 65_536)
    os.close(reading)
    os.close(writing)


def test_a_reader_that_is_gone_is_forgotten() -> None:
    reading, writing = os.pipe()
    told = Lines(writing, "INFO", False)
    os.close(reading)
    for _ in range(100):
        told(event("nobody hears this"))
    told.close()
    told(event("nor this"))
    os.close(writing)
