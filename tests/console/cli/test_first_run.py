"""A new database on a real terminal: the first words come once, and the desk comes back as it was left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.engines import PROGRAM, environment
from tests.console.terminal_session import TerminalSession

pytestmark = [pytest.mark.terminal, pytest.mark.slow]

READY = "^k KILL"


def started(folder: Path) -> TerminalSession:
    command = [*PROGRAM, "run", "--speed", "60", "--db", str(folder / "new.db")]
    variables = environment(folder, QUARTERDECK__CONSOLE__WELCOME="true")
    return TerminalSession(command, (100, 30), environment=variables)


def leave(session: TerminalSession) -> None:
    session.send(b"q")
    session.until_shown("QUIT?")
    session.read_for(0.5)
    session.send(b"e")
    session.wait_reading(30)


def test_the_first_words_come_once_and_what_was_left_comes_back(tmp_path: Path) -> None:
    with started(tmp_path) as session:
        session.until_shown("WELCOME", within_s=60)
        session.read_for(0.5)
        session.send(b"\r")
        session.until(lambda: "WELCOME" not in session.text)
        session.send(b"3z")
        session.until_shown("3 POSITIONS")
        session.read_for(1.5)
        leave(session)
    with started(tmp_path) as session:
        session.until(lambda: "3 POSITIONS" in session.text and "1 SIGNALS" not in session.text, within_s=60)
        assert "WELCOME" not in session.text
        leave(session)
