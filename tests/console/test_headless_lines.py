"""Lines of a headless run: a reader that is slow, or gone, costs the engine nothing."""

from __future__ import annotations

import json
import os
import select
import stat
import time
from pathlib import Path

import pytest

from console import lines
from console.headless import write_status
from console.lines import Lines
from console.logfile import LogFile
from engine.config_sections import LogConfig
from store.records import Event
from tests.console import snapshots

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


def test_log_and_status_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        log = LogFile(tmp_path / "quarterdeck.log", LogConfig())
        log.close()
        (tmp_path / ".status.json.new").touch()
        write_status(tmp_path / "status.json", snapshots.running())
    finally:
        os.umask(before)
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "ACTIVE"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"quarterdeck.log": 0o600, "status.json": 0o600}
