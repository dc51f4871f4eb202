"""The writer, the capture and the log ring, each on its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from console.terminal import NoTerminal, TerminalWriter, open_terminal
from console.widgets.logview import RING_LINES, LogView
from tests.console.snapshots import log_lines
from tests.console.terminal_session import ROOT

FRAME = "x" * 4_096


@dataclass
class Pair:
    """A pseudo-terminal with a writer on its far end."""

    near: int
    writer: TerminalWriter
    deaths: list[str]

    def read(self) -> bytes:
        ready, _, _ = select.select([self.near], [], [], 5.0)
        assert ready, "nothing came"
        return os.read(self.near, 65_536)


@contextmanager
def terminal_pair() -> Iterator[Pair]:
    near, far = os.openpty()
    deaths: list[str] = []
    with os.fdopen(far, "w", encoding="utf-8") as file:
        pair = Pair(near, TerminalWriter(file, deaths.append), deaths)
        try:
            yield pair
        finally:
            if pair.near >= 0:
                os.close(pair.near)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        select.select([], [], [], 0.01)


def test_what_is_written_arrives_in_order_and_the_queue_empties() -> None:
    with terminal_pair() as pair:
        pair.writer.start()
        pair.writer.write("one ")
        pair.writer.write("zwei ▲")
        data = b""
        while b"zwei \xe2\x96\xb2" not in data:
            data += pair.read()
        assert data.startswith(b"one zwei")
        eventually(lambda: pair.writer.waiting == 0)
        pair.writer.stop()
        assert not pair.writer.is_alive()


def test_a_terminal_that_does_not_read_blocks_neither_write_nor_stop() -> None:
    with terminal_pair() as pair:
        pair.writer.start()
        began = time.monotonic()
        for _ in range(500):
            pair.writer.write(FRAME)
        assert time.monotonic() - began < 0.5
        assert pair.writer.dropped > 400
        assert pair.writer.waiting > 2
        began = time.monotonic()
        pair.writer.stop()
        assert time.monotonic() - began < 0.5


def test_modes_are_still_taken_when_frames_are_dropped_and_even_they_have_an_end() -> None:
    with terminal_pair() as pair:
        pair.writer.start()
        for _ in range(200):
            pair.writer.write(FRAME)
        dropped = pair.writer.dropped
        for _ in range(100):
            pair.writer.write("\x1b[?1049l")
        assert pair.writer.dropped == dropped
        for _ in range(1_000):
            pair.writer.write("\x1b[?1049l")
        assert pair.writer.dropped > dropped


def test_a_terminal_that_is_gone_is_reported_once_and_takes_nothing_more() -> None:
    with terminal_pair() as pair:
        os.close(pair.near)
        pair.near = -1
        pair.writer.start()
        pair.writer.write(FRAME)
        eventually(lambda: not pair.writer.is_alive())
        assert pair.writer.dead
        assert len(pair.deaths) == 1
        pair.writer.write(FRAME)
        assert pair.writer.waiting == 0
        pair.writer.stop()


def test_text_that_is_no_utf8_does_not_end_the_writer() -> None:
    with terminal_pair() as pair:
        pair.writer.start()
        pair.writer.write("\ud800 after")
        assert b"after" in pair.read()
        pair.writer.stop()


def test_without_a_terminal_the_reason_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    with pytest.raises(NoTerminal, match="standard input is not a terminal"):
        open_terminal()


def modules_after(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(' '.join(sys.modules))"
    shown = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_settings_keys_and_numbers_need_no_screen() -> None:
    loaded = modules_after("import console.config, console.keymap, console.format, console.publisher")
    assert not loaded & {"textual", "rich"}


HEAVY = {"numpy", "numba", "scipy", "pandas", "duckdb", "engine.picture", "engine.machine", "engine.assembly"}


@pytest.mark.parametrize(
    "statement",
    [
        "import console.app",
        "import console.command_console",
        # A picture is asked for before the engine starts; there is none, and nothing is loaded to say so.
        "from pathlib import Path; from engine.config import load_config; from engine.session import Session; "
        "Session(load_config(None, {}, {}, {}), Path('none.db')).snapshot()",
    ],
    ids=["screen", "run", "picture"],
)
def test_the_first_paint_waits_for_nothing_heavy(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


def test_the_log_ring_keeps_the_newest_lines_and_its_level_can_be_changed_later() -> None:
    view = LogView("WARN")
    view.add(log_lines(RING_LINES))
    view.add(log_lines(500, first=RING_LINES + 1))
    assert {line.level for line in view.shown} == {"WARN", "ERROR"}
    view.level = "DEBUG"
    assert len(view.shown) == RING_LINES
    assert view.shown[-1].sequence == RING_LINES + 500
    view.add(log_lines(10, first=RING_LINES + 501))
    assert len(view.shown) == RING_LINES
