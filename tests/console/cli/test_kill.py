"""`quarterdeck kill` against engines that live, hang, died or never were; afterwards a restart, HALTED and flat."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
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
        picture = engine.picture()
        assert picture["state"] == "HALTED"
        assert picture["kill"]["progress"] == "flat"
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert check(database).findings == ()
    assert query.positions(database) == []


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


def test_nothing_to_kill_is_one_line(tmp_path: Path, qd: Command) -> None:
    ended = qd("kill", "--db", tmp_path / "none.db")
    assert ended.code == 1
    assert ended.err == f"quarterdeck: {tmp_path}/none.db: there is no such database\n"
    assert list(tmp_path.iterdir()) == []
