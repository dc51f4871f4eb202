"""`quarterdeck kill` against engines that live, hang, died or never were; afterwards a restart, HALTED and flat."""

from __future__ import annotations

import json
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store import query
from store.check import check
from tests.console.cli.conftest import Command
from tests.console.cli.engines import Engine, until

pytestmark = pytest.mark.terminal

LIVE = ("--speed", "3600")


def halted_and_flat(database: Path) -> None:
    """A restart comes up HALTED, its ledger flat like the venue, its books sound."""
    with Engine(database, *LIVE) as engine:
        engine.running()
        until("a decision after the restart", lambda: engine.picture()["positions"] == [])
        until("the proof of it", lambda: engine.picture()["kill"]["progress"] == "flat")
        assert engine.picture()["state"] == "HALTED"
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert check(database).findings == ()
    assert query.positions(database) == []


@contextmanager
def file_size_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes, whoever it runs as."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_living_engine_is_halted_and_flat_before_the_command_returns(book: Path, qd: Command) -> None:
    with Engine(book, *LIVE) as engine:
        until("positions", lambda: engine.running().picture()["positions"])
        ended = qd("kill", "--db", book, "--reason", "drill", "--json")
        assert ended.code == 0, ended.err
        told = json.loads(ended.out)
        assert (told["progress"], told["by"], told["latched"]) == ("flat", "engine", True)
        picture = engine.picture()
        assert picture["state"] == "HALTED"
        assert picture["positions"] == []
        assert picture["working_orders"] == 0

        again = qd("kill", "--db", book)
        assert (again.code, again.err) == (0, "")

        refused = qd("resume", "--db", book, "--reason", "drill over")
        assert refused.code == 2
        assert engine.picture()["state"] == "HALTED"
        resumed = qd("resume", "--db", book, "--reason", "drill over", "--confirm", "RESUME")
        assert resumed.code == 0, resumed.err
        assert engine.picture()["state"] == "ACTIVE"
        actors = {row["kind"]: row["actor"] for row in query.commands(book)}
        assert actors["kill"].startswith("cli pid=")
        assert actors["resume"].startswith("cli pid=")


def test_a_killed_engine_is_no_obstacle(book: Path, qd: Command) -> None:
    with Engine(book, *LIVE) as engine:
        until("positions", lambda: engine.running().picture()["positions"])
        engine.signal(signal.SIGKILL)
        engine.ended()
    ended = qd("kill", "--db", book, "--reason", "dead engine", "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert (told["progress"], told["by"]) == ("flat", "command line")
    control = query.control(book)
    assert control is not None
    assert (control["state"], control["progress"], control["reason"]) == ("HALTED", "flat", "dead engine")
    assert qd("kill", "--db", book).code == 0
    halted_and_flat(book)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGUSR1, "SIGUSR1, HALTED is stored: "),
        (signal.SIGTERM, "SIGTERM received, stop (flatten): "),
    ],
)
def test_what_a_start_was_asked_before_it_failed_is_not_forgotten(book: Path, number: int, told: str) -> None:
    """Its venue's file is another program's for a while, and then not readable."""
    with (
        closing(sqlite3.connect(book.with_name("book.db.venue"), isolation_level=None)) as venue,
        Engine(book, *LIVE, "--set", "run.stop_policy=flatten") as engine,
    ):
        venue.execute("BEGIN EXCLUSIVE")
        ((version,),) = venue.execute("PRAGMA user_version")
        until("signals are heard", Path(f"{book}.sock").exists)
        engine.signal(number)
        if number == signal.SIGUSR1:
            until("HALTED", lambda: (query.control(book) or {}).get("state") == "HALTED")
        venue.execute(f"PRAGMA user_version = {version + 1}")
        venue.execute("COMMIT")
        assert engine.ended() == 1
        undone = "nothing was cancelled or closed, the engine did not start; run `quarterdeck kill`"
        assert engine.output.splitlines()[-1] == f"quarterdeck: {told}{undone}"
        venue.execute(f"PRAGMA user_version = {version}")
    assert query.positions(book)
    if number == signal.SIGUSR1:
        halted_and_flat(book)


def test_a_wedged_engine_is_passed_by_and_finds_out_when_it_wakes(book: Path, qd: Command) -> None:
    with Engine(book, *LIVE) as engine:
        until("positions", lambda: engine.running().picture()["positions"])
        engine.signal(signal.SIGSTOP)
        ended = qd("kill", "--db", book, "--json")
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["by"] == "command line"
        engine.signal(signal.SIGCONT)
        until("the engine sees the halt", lambda: engine.picture().get("state") == "HALTED")
        until("its ledger is flat", lambda: engine.picture()["positions"] == [])
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert check(book).findings == ()
    assert query.positions(book) == []


def test_positions_and_their_stops_can_be_kept(book: Path, qd: Command) -> None:
    before = query.positions(book)
    ended = qd("kill", "--keep-positions", "--db", book, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["progress"] == "kept"
    assert query.positions(book) == before
    flattened = json.loads(qd("kill", "--db", book, "--json").out)
    assert (flattened["progress"], flattened["message"].count(f"{len(before)} positions closed")) == (
        "flat",
        1,
    )


def test_a_database_that_cannot_be_written_does_not_stop_the_flattening(book: Path, qd: Command) -> None:
    from engine.venues.simulated import flatten_offline

    with closing(sqlite3.connect(book, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ended = qd("kill", "--db", book)
    assert ended.code == 1
    assert "could not be written" in ended.err
    assert "positions closed" in ended.err
    assert flatten_offline(book.with_name("book.db.venue")).fills == ()


def test_a_damaged_database_does_not_stop_it_either(book: Path, qd: Command) -> None:
    book.write_bytes(b"this is no database" * 1_000)
    ended = qd("kill", "--db", book, "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["progress"], told["latched"]) == (1, "flat", False)


def test_a_venue_that_is_missing_is_not_flat_while_the_database_holds_positions(
    book: Path, qd: Command
) -> None:
    held = len(query.positions(book))
    book.with_name("book.db.venue").unlink()
    ended = qd("kill", "--db", book, "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["progress"], told["open_positions"]) == (1, "failed", held)
    assert "HALTED, but NOT CLOSED OUT" in ended.err
    assert f"{held} positions and {told['open_orders']} orders stay open" in ended.err
    control = query.control(book)
    assert control is not None
    assert (control["state"], control["progress"]) == ("HALTED", "cancelling")


def test_without_a_venue_and_without_a_position_there_is_nothing_to_close(book: Path, qd: Command) -> None:
    book.with_name("book.db.venue").unlink()
    with closing(sqlite3.connect(book)) as connection, connection:
        connection.execute("UPDATE positions SET quantity = '0'")
        connection.execute("UPDATE orders SET status = 'canceled'")
    ended = qd("kill", "--db", book)
    assert (ended.code, "nothing is open" in ended.out) == (0, True)


@pytest.mark.parametrize("keep", [(), ("--keep-positions",)])
def test_where_neither_can_be_written_both_are_said(book: Path, qd: Command, keep: tuple[str, ...]) -> None:
    """As on a disk that is full."""
    held = len(query.positions(book))
    with file_size_limited_to(0):
        ended = qd("kill", "--db", book, *keep, "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["progress"], told["latched"], told["state"]) == (1, "failed", False, "unknown")
    assert "NOT HALTED, the halt could not be written" in ended.err
    assert "NOT CLOSED OUT" in ended.err
    assert "book.db.venue" in ended.err
    assert len(query.positions(book)) == held


def test_a_broken_configuration_is_never_guessed_at_and_the_way_past_it_is_said(
    book: Path, qd: Command, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text("[stor]\npath = 'book.db'\n")
    (tmp_path / "quarterdeck").mkdir()
    (tmp_path / "quarterdeck" / "sim-paper.db").touch()
    ended = qd("kill")
    assert ended.code == 4
    fault, way_out = ended.err.splitlines()
    assert "config.toml:1: stor: unknown section" in fault
    assert "pass --db PATH, it needs no configuration" in way_out
    assert str(tmp_path / "quarterdeck" / "sim-paper.db") in way_out
    assert query.control(book) is None
    assert qd("kill", "--db", book).code == 0


def test_positions_of_a_book_that_was_closed_out_without_an_engine_say_so(book: Path, qd: Command) -> None:
    before = qd("positions", "--db", book)
    assert before.err.startswith("quarterdeck: no engine is running; from the database, as of 20")
    assert (before.err.count("\n"), "closed out" in before.err) == (1, False)
    assert qd("kill", "--db", book).code == 0
    after = qd("positions", "--db", book, "--json")
    assert len(json.loads(after.out)) > 0
    assert (after.err.count("\n"), "a kill has closed out the venue since" in after.err) == (1, True)


def test_nothing_to_kill_is_one_line(tmp_path: Path, qd: Command) -> None:
    ended = qd("kill", "--db", tmp_path / "none.db")
    assert ended.code == 1
    assert ended.err == f"quarterdeck: {tmp_path}/none.db: there is no such database\n"
    assert list(tmp_path.iterdir()) == []
