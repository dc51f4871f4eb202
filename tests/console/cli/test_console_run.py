"""`quarterdeck run` on a real terminal: screen and engine side by side, and what is left when one of them goes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.link.client import NotRunning, ask_snapshot
from engine.paths import socket_path
from store import query
from store.check import check
from tests.console.cli.engines import PATIENCE_S, PROGRAM, environment, until

pytestmark = pytest.mark.terminal


class Terminal:
    """A program on a pseudo-terminal of 160x45."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.shown = b""
        self._closed = False
        self.process, self._master = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            variables = environment(folder, TERM="xterm-256color", COLORTERM="truecolor")
            os.execve(PROGRAM[0], [*PROGRAM, *arguments], variables)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))

    def read(self) -> str:
        """Everything shown so far."""
        while not self._closed and select.select([self._master], [], [], 0.02)[0]:
            try:
                chunk = os.read(self._master, 65_536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            self.shown += chunk
        return self.shown.decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        os.close(self._master)
        self._closed = True

    def ended(self) -> int | None:
        """The exit code, None while it runs."""
        self.read()
        process, status = os.waitpid(self.process, os.WNOHANG)
        if process == 0:
            return None
        self.process = 0
        return os.waitstatus_to_exitcode(status)

    def wait(self) -> int:
        """Its exit code; fails when it does not end."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (code := self.ended()) is None:
            assert time.monotonic() < deadline_s, self.read()[-2_000:]
        return code

    def close(self) -> None:
        if not self._closed:
            self.hang_up()
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def trading(terminals: list[Terminal], book: Path, *arguments: str) -> Terminal:
    """A console on `book` whose engine trades."""
    terminal = Terminal(book.parent, "run", "--db", str(book), "--speed", "3600", *arguments)
    terminals.append(terminal)
    until("the engine trades", lambda: terminal.read() and phase(book) == "running")
    until("the screen shows it", lambda: "BTCUSDT" in terminal.read())
    return terminal


def phase(book: Path) -> str:
    try:
        return str((ask_snapshot(socket_path(book)) or {"phase": "starting"})["phase"])
    except NotRunning:
        return ""


def decisions(book: Path) -> int:
    return int((ask_snapshot(socket_path(book)) or {"decisions": 0})["decisions"])


def log_of(book: Path) -> str:
    return (book.parent / "quarterdeck" / "quarterdeck.log").read_text("utf-8")


def test_leaving_the_screen_leaves_the_engine_and_sigterm_ends_it(
    book: Path, terminals: list[Terminal]
) -> None:
    terminal = trading(terminals, book)
    terminal.type("q")
    until("the quit dialog", lambda: "engine goes on without it" in terminal.read())

    def left() -> bool:
        # The dialog does not listen in its first moment.
        terminal.type("u")
        return "the engine goes on as process" in terminal.read()

    until("the screen is restored", left)
    before = decisions(book)
    until("decisions go on", lambda: decisions(book) > before)
    os.kill(terminal.process, signal.SIGHUP)
    until("the loss is logged", lambda: "the terminal is gone (hang-up): keep" in log_of(book))
    os.kill(terminal.process, signal.SIGTERM)
    assert terminal.wait() == 0
    assert "stopping (keep) asked by signal SIGTERM" in log_of(book)
    assert check(book).findings == ()


def test_a_terminal_that_is_lost_flattens_where_that_is_the_policy(
    book: Path, terminals: list[Terminal]
) -> None:
    terminal = trading(terminals, book, "--set", "run.terminal_lost=flatten")
    terminal.hang_up()
    assert terminal.wait() == 0
    assert query.positions(book) == []
    assert "stopping (flatten) asked by terminal" in log_of(book)


def test_a_terminal_lost_while_the_kill_switch_is_armed_leaves_no_pause_behind(
    book: Path, terminals: list[Terminal]
) -> None:
    def restrictions() -> set[str]:
        picture = ask_snapshot(socket_path(book))
        return set() if picture is None else {row["name"] for row in picture["overrides"]}

    terminal = trading(terminals, book)
    terminal.type("\x0b")
    until("entries are paused", lambda: terminal.read() and "operator pause" in restrictions())
    terminal.hang_up()
    until("entries go on", lambda: "operator pause" not in restrictions())
    told = "the kill switch was armed when the screen ended: entries paused: ended"
    until("the log says so", lambda: told in log_of(book))
    os.kill(terminal.process, signal.SIGTERM)
    assert terminal.wait() == 0


def test_an_engine_that_cannot_start_is_one_line_after_the_screen_is_restored(
    book: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal(book.parent, "run", "--db", str(book), "--seed", "8")
    terminals.append(terminal)
    assert terminal.wait() == 4
    rest = terminal.read().rpartition("\x1b[?1049l")[2]
    assert "quarterdeck: " in rest
    assert "Traceback" not in terminal.read()


def test_resume_asks_for_the_word_at_a_terminal(book: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(book.parent, "resume", "--db", str(book), "--reason", "drill")
    terminals.append(terminal)
    until("it asks", lambda: "Type RESUME to lift the halt: " in terminal.read())
    terminal.type("RESUME\n")
    assert terminal.wait() == 3
    assert "no engine is running" in terminal.read()
