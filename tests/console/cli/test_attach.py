"""`quarterdeck attach` on real terminals, over engines in their own processes: it watches, asks, and never matters."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.link.client import give
from engine.commands import Command, CommandKind
from engine.paths import socket_path
from store import query
from store.digest import digest
from tests.console.cli.engines import PROGRAM, Engine, environment, run, until
from tests.console.terminal_session import TerminalSession

pytestmark = pytest.mark.terminal

LIVE = ("--speed", "3600")
CTRL_K = b"\x0b"
FIRST_ROW = "BTCUSDT"


@contextmanager
def viewer(
    book: Path, *arguments: str, size: tuple[int, int] = (100, 30), shows: str = FIRST_ROW, **variables: str
) -> Iterator[TerminalSession]:
    """A console attached to the engine on `book`, once it shows something."""
    command = [*PROGRAM, "attach", "--db", str(book), *arguments]
    with TerminalSession(command, size, environment=environment(book.parent, **variables)) as session:
        session.until_shown(shows)
        yield session


def copied(traded: Path, folder: Path) -> Path:
    """A copy of the traded book in a folder of its own."""
    folder.mkdir()
    for name in ("book.db", "book.db.venue"):
        shutil.copy(traded / name, folder / name)
    return folder / "book.db"


@pytest.fixture(scope="module")
def live(traded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that trades, for tests that leave it as they found it."""
    book = copied(traded, tmp_path_factory.mktemp("attach") / "live")
    with Engine(book, *LIVE) as engine:
        yield engine.running()


def restrictions(engine: Engine) -> set[str]:
    return {row["name"] for row in engine.picture()["overrides"]}


def answered(session: TerminalSession, question: str, key: bytes, condition: Callable[[], bool]) -> None:
    """Strike a key until a dialog, which does not listen in its first moment, has taken it."""
    session.until_shown(question)

    def taken() -> bool:
        session.send(key)
        session.read_for(0.2)
        return condition()

    until(f"{question} is answered with {key!r}", taken)


@pytest.mark.benchmark
def test_viewers_leave_no_mark_on_what_the_engine_does(traded: Path, book: Path, tmp_path: Path) -> None:
    """One that reads, one whose terminal is never read, one that is killed, and a peer that asks and does not read."""
    alone = copied(traded, tmp_path / "alone")
    arguments = ("--bars", "60", "--speed")
    assert run(alone.parent, "run", "--no-ui", "--json", "--db", str(alone), *arguments, "max").code == 0
    with (
        viewer(book, "--wait", shows="DISCONNECTED") as reading,
        viewer(book, "--wait", shows="DISCONNECTED") as killed,
        viewer(book, "--wait", size=(160, 45), shows="DISCONNECTED"),
        Engine(book, *arguments, "72000") as engine,
        socket.socket(socket.AF_UNIX) as rude,
    ):
        engine.running()
        rude.connect(str(socket_path(book)))
        rude.sendall(b'{"ask": "hello"}\n' + b'{"ask": "snapshot"}\n' * 200)
        killed.until_shown(FIRST_ROW)
        killed.process.send_signal(signal.SIGKILL)
        reading.until_shown(FIRST_ROW)
        assert "DISCONNECTED" not in reading.text
        # The third is stalled: nobody has read its terminal since it came up.
        reading.until_shown("DISCONNECTED", within_s=60)
        assert engine.ended() == 0
    assert digest(book) == digest(alone)
    assert query.commands(book) == []


@pytest.mark.slow
def test_an_engine_that_dies_is_found_again_and_nothing_has_moved(book: Path) -> None:
    path = socket_path(book)
    with Engine(book, *LIVE) as first:
        first.running()
        with viewer(book) as session:
            session.send(b"3jj")
            session.until(lambda: len(marked(session)) == 3)
            session.read_for(1.0)
            cursor = marked(session)
            first.signal(signal.SIGKILL)
            session.until_shown("DISCONNECTED")
            session.until(
                lambda: "is 3" in banner(session) and "s old: no engine is running" in banner(session)
            )
            assert path.exists()
            assert marked(session) == cursor
            with Engine(book, *LIVE) as second:
                # A frame may be half read; what counts is what it comes to.
                session.until(lambda: "DISCONNECTED" not in session.text and marked(session) == cursor)
                assert second.picture()["engine_pid"] == second.process.pid
                second.signal(signal.SIGTERM)
                assert second.ended() == 0
            assert not path.exists()
            session.until_shown("DISCONNECTED")


def banner(session: TerminalSession) -> str:
    return next((line for line in session.lines if "DISCONNECTED" in line), "")


def marked(session: TerminalSession) -> list[str]:
    """The symbols the cursors of the panes are on."""
    return [part.split()[0] for line in session.lines for part in line.split("▸")[1:]]


def test_commands_carry_who_sent_them_and_leaving_leaves_the_engine(live: Engine) -> None:
    with viewer(live.database) as session:
        session.send(b"p")
        answered(session, "PAUSE ENTRIES?", b"P", lambda: "operator pause" in restrictions(live))
        session.until_shown("REDUCING")
        session.send(b"q")
        answered(session, "QUIT?", b"u", lambda: session.process.poll() is not None)
        assert session.wait_reading(10) == 0
        assert b"\x1b[?1004lquarterdeck: left; the engine goes on\r\n" in session.raw
    row = query.commands(live.database)[-1]
    assert row["actor"].endswith(f"@attach pid={session.process.pid} uid={os.getuid()}")
    assert restrictions(live) == {"operator pause"}
    assert give(socket_path(live.database), Command(CommandKind.PAUSE, "test", "", {"on": "false"})).accepted


@pytest.mark.parametrize("end", ["kill -9", "hang-up", "SIGTERM"])
def test_a_viewer_that_goes_while_its_kill_switch_is_armed_leaves_no_pause_behind(
    live: Engine, end: str
) -> None:
    with viewer(live.database) as session:
        session.send(CTRL_K)
        session.until_shown("entries are paused")
        assert restrictions(live) == {"operator pause"}
        if end == "hang-up":
            session.hang_up()
        else:
            session.process.send_signal(signal.SIGKILL if end == "kill -9" else signal.SIGTERM)
        until("entries go on", lambda: restrictions(live) == set())
        assert session.wait(20) == (-signal.SIGKILL if end == "kill -9" else 0)
    newest = query.commands(live.database)[-1]
    assert newest["actor"].endswith(f"@attach pid={session.process.pid} uid={os.getuid()}, after its screen")


def test_a_kill_over_attach_ends_flat_whatever_other_viewers_do(book: Path) -> None:
    with Engine(book, *LIVE) as engine:
        engine.running()
        with socket.socket(socket.AF_UNIX) as rude, viewer(book), viewer(book) as session:
            rude.connect(str(socket_path(book)))
            rude.sendall(b'{"ask": "snapshot"}\n' * 200)
            session.send(CTRL_K)
            answered(session, "entries are paused", b"F", lambda: engine.picture()["state"] == "HALTED")
            session.until_shown("FLAT: the venue confirms it.")
        assert engine.picture()["positions"] == []


def test_read_only_is_refused_at_the_screen_and_at_the_socket(live: Engine) -> None:
    given = len(query.commands(live.database))
    with viewer(live.database, "--read-only", size=(80, 24)) as session:
        assert " READ-ONLY " in session.lines[0]
        for key in (CTRL_K, b"p", b"r"):
            session.send(key)
            session.until_shown("read-only: this console watches")
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(socket_path(live.database)))
            peer.sendall(b'{"ask": "hello", "read_only": true}\n{"ask": "command", "kind": "kill"}\n')
            with peer.makefile() as answers:
                _, refusal = answers.readline(), answers.readline()
        assert "read-only" in refusal
    assert live.picture()["state"] == "ACTIVE"
    assert len(query.commands(live.database)) == given


def test_stopping_the_engine_asks_twice_and_the_screen_ends_with_it(book: Path) -> None:
    with Engine(book, *LIVE) as engine:
        engine.running()
        with viewer(book) as other, viewer(book) as session:
            session.send(b"q")
            answered(session, "QUIT?", b"e", lambda: "STOP THE ENGINE?" in session.text)
            answered(session, "STOP THE ENGINE?", b"S", lambda: "STOP THE ENGINE?" not in session.text)
            assert session.wait_reading(10) == 0
            assert b"\x1b[?1004lquarterdeck: the engine has stopped\r\n" in session.raw
            assert engine.ended() == 0
            other.until_shown("DISCONNECTED")
    assert not socket_path(book).exists()


def test_where_there_is_nothing_to_attach_to(book: Path) -> None:
    without = run(book.parent, "attach", "--db", str(book))
    assert (without.code, without.err) == (2, "quarterdeck: attach needs a terminal for the console\n")
    for named in (["--db", str(book)], ["--socket", f"{book}.sock"]):
        with TerminalSession([*PROGRAM, "attach", *named], environment=environment(book.parent)) as session:
            assert session.wait_reading(20) == 3
            assert f"no engine is running on {book}.sock" in "".join(session.lines)
    with TerminalSession(
        [*PROGRAM, "attach", "--db", str(book), "--wait"], environment=environment(book.parent)
    ) as session:
        session.until_shown("DISCONNECTED")
        with Engine(book, *LIVE):
            session.until_shown(FIRST_ROW)
            assert "DISCONNECTED" not in session.text


def test_a_configuration_that_is_named_is_obeyed_and_no_other_keeps_anybody_from_an_engine(
    live: Engine,
) -> None:
    book = live.database
    wrong, right = book.with_name("wrong.toml"), book.with_name("right.toml")
    wrong.write_text("[console]\nrefresh_hz = 99\n")
    right.write_text('[console.keymap]\nquit = "f9"\n')
    command = [*PROGRAM, "attach", "--db", str(book), "-c", str(wrong)]
    with TerminalSession(command, environment=environment(book.parent)) as session:
        assert session.wait_reading(20) == 4
        assert "99 is above 10" in session.text
    with viewer(book, "-c", str(right)) as session:
        session.send(b"\x1b[20~")
        session.until_shown("QUIT?")
    with viewer(book, QUARTERDECK__CONSOLE__REFRESH_HZ="99") as session:
        session.until_shown("NOTE  keys and colours are the defaults: ")
