"""An engine under a screen that stalls, faults or is held down: it trades on, and says what happened."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from console.link.client import NotRunning, ask_snapshot
from engine.paths import socket_path
from store.check import check
from tests.console.cli.engines import PROGRAM, environment, until
from tests.console.terminal_session import TerminalSession

pytestmark = pytest.mark.terminal

WIDE = (160, 45)
LARGEST_GAP_S = 0.5
# A pane that fails when it is brought up to date, once the file beside the database is there.
FAILING = """
import os, pathlib
from console.cli import main
from console.panes.limits import LimitsPane
shown = LimitsPane.show
def show(self, view):
    if pathlib.Path(os.environ["FAULT"]).exists():
        raise LookupError("planted in a pane")
    shown(self, view)
LimitsPane.show = show
main()
"""


def trading(book: Path, *program: str) -> TerminalSession:
    """A console on `book` whose engine trades."""
    command = [*program, "run", "--db", str(book), "--speed", "3600"]
    session = TerminalSession(command, WIDE, environment=environment(book.parent, FAULT=str(fault(book))))
    session.until(lambda: picture(book).get("phase") == "running", within_s=60)
    session.until_shown("BTCUSDT")
    return session


def fault(book: Path) -> Path:
    return book.with_name("fault")


def picture(book: Path) -> dict[str, Any]:
    """The engine's newest picture; empty while there is none."""
    try:
        return ask_snapshot(socket_path(book)) or {}
    except NotRunning:
        return {}


def test_a_pane_that_fails_ends_the_screen_and_the_engine_trades_on(book: Path) -> None:
    with trading(book, sys.executable, "-c", FAILING) as session:
        fault(book).touch()
        session.until_shown("the screen failed: LookupError: planted in a pane; the engine goes on")
        before = picture(book)["decisions"]
        until("decisions go on", lambda: picture(book)["decisions"] > before + 2)
        session.process.send_signal(signal.SIGTERM)
        # The engine ended well; that the screen did not is told by the exit code.
        assert session.wait_reading(30) == 1
    assert check(book).findings == ()


@pytest.mark.slow
@pytest.mark.benchmark
def test_a_terminal_that_is_not_read_for_ten_seconds_costs_the_engine_nothing(book: Path) -> None:
    with trading(book, *PROGRAM) as session:
        session.send(b"\t" * 200)
        before, until_s, longest_s = picture(book)["decisions"], time.monotonic() + 10.0, 0.0
        while (asked_s := time.monotonic()) < until_s:
            assert picture(book)
            longest_s = max(longest_s, time.monotonic() - asked_s)
        assert longest_s <= LARGEST_GAP_S
        assert picture(book)["decisions"] >= before + 8
        session.process.send_signal(signal.SIGTERM)
        assert session.wait(30) == 0
    assert check(book).findings == ()
