"""What goes wrong before a trade: one line on stderr, the right exit code, never a traceback."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from console.command_run import tell_of_capital
from console.command_target import loader
from store import query
from tests.console.cli.conftest import Command
from tests.console.cli.engines import environment

QUICK = ("run", "--no-ui", "--speed", "max", "--bars", "1")


def complaint(err: str) -> str:
    """The one line of a complaint."""
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("quarterdeck: ")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run",), 2, "run needs a terminal for the console; without one pass --no-ui"),
        (("run", "--no-ui", "--set", "nonsense"), 2, "--set nonsense: write it as section.key=value"),
        (("run", "--no-ui", "--mode", "live"), 4, "run.mode"),
        (("run", "--no-ui", "--mode", "replay"), 4, "mode replay needs data"),
        (("run", "--no-ui", "--bars", "many"), 2, "--bars"),
        (("run", "--no-ui", "--set", "risk.max_grass=1"), 4, "did you mean max_gross?"),
        (("launch",), 2, "No such command 'launch'"),
        (("status", "--db", "none.db"), 3, "no engine is running on"),
        (("resume", "--reason", "x", "--db", "none.db", "--confirm", "RESUME"), 3, "no engine is running on"),
        (("resume", "--reason", "x", "--db", "none.db", "--confirm", "resume"), 2, "must be given in full"),
        (("resume", "--reason", "x", "--db", "none.db"), 2, "--confirm RESUME"),
        (("resume", "--db", "none.db"), 2, "--reason"),
        (("pause", "--db", "none.db"), 3, "no engine is running on"),
        (("fills", "--db", "none.db"), 1, "there is no such database"),
        (("positions", "--db", "none.db"), 1, "there is no such database"),
        (("db", "check", "--db", "none.db"), 1, "there is no such database"),
        (("db", "digest", "--db", "none.db"), 1, "there is no such database"),
        (("db", "backup", "copy.db", "--db", "none.db"), 1, "there is no such database"),
        (("audit", "verify", "--db", "none.db"), 1, "there is no such database"),
        (("explain", "qd1", "--db", "none.db"), 1, "there is no such database"),
        (("config", "check", "-c", "none.toml"), 4, "none.toml"),
        (("fills", "--db", "/"), 2, "/ is a folder; name a file"),
        (("run", "--no-ui", "--db", "/"), 2, "/ is a folder; name a file"),
        (("fills", "--db", "~no-such-user/x.db"), 2, "~no-such-user/x.db: there is no such home folder"),
        (("run", "--no-ui", "--db", "~no-such-user/x.db"), 2, "there is no such home folder"),
        (("fills", "--db", "none.db", "--limit", str(2**63)), 2, "is too large; 0 shows all"),
        (("fills", "--db", "none.db", "--since", str(2**63)), 2, "or milliseconds"),
        (("fills", "--db", "none.db", "--since", "\N{SUPERSCRIPT TWO}"), 2, "or milliseconds"),
    ],
)
def test_a_command_that_cannot_be_obeyed(
    qd: Command, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = qd(*arguments)
    assert ended.code == code, ended.err
    assert words in complaint(ended.err)


def test_every_fault_of_a_configuration_is_listed(qd: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[risk]\nmax_gross = -1\nnonsense = 2\n[run]\nmode = 'live'\n")
    for command in (("config", "check"), QUICK):
        ended = qd(*command, "-c", tmp_path / "bad.toml")
        assert ended.code == 4
        lines = ended.err.splitlines()
        assert [line.split(":")[2] for line in lines] == ["2", "3", "5"]
        assert all(line.startswith("quarterdeck: ") for line in lines)


def test_a_run_without_an_output_is_whole_and_says_that_a_book_keeps_its_capital(book: Path) -> None:
    """Output that was closed is no fault, and no file takes its place."""
    words = f"{sys.executable} -m console.cli {' '.join(QUICK)} --db {book} --capital 5000 1>&-"
    place = environment(book.parent, PYTHONPATH=str(Path(__file__).parents[3]))
    before = len(query.equity(book))
    ended = subprocess.run(
        ["sh", "-c", words], cwd=book.parent, env=place, stderr=subprocess.PIPE, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "it goes on with the capital it began with, 100000" in complaint(ended.stderr)
    assert len(query.equity(book)) == before + 1
    assert book.with_name("book.db.lock").read_text().strip().isdigit()


@pytest.mark.parametrize(
    ("flags", "lines"), [({}, 0), ({"run.capital": "1e5"}, 0), ({"run.capital": "9"}, 1)]
)
def test_only_another_capital_that_was_asked_for_is_worth_a_word(
    book: Path, capsys: pytest.CaptureFixture[str], flags: dict[str, str | list[str]], lines: int
) -> None:
    for database in (book, book.with_name("none.db")):
        tell_of_capital(loader(None, flags)(), database)
    assert capsys.readouterr().err.count("\n") == lines


def test_a_data_file_that_is_none(qd: Command, tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT_1h.csv").write_text("no,bars\n1,2\n")
    ended = qd(*QUICK, "--mode", "replay", "--data", tmp_path / "BTCUSDT_1h.csv", "--db", tmp_path / "r.db")
    assert ended.code == 1
    assert "BTCUSDT_1h.csv" in complaint(ended.err)


def test_a_database_of_another_seed_or_account(qd: Command, book: Path) -> None:
    assert qd(*QUICK, "--db", book, "--seed", "8").code == 4
    assert qd(*QUICK, "--db", book, "--set", "run.account=other").code == 4


def test_a_database_that_is_none(qd: Command, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and never was one" * 100)
    ended = qd(*QUICK, "--db", tmp_path / "text.db")
    assert ended.code == 1
    assert "not a database" in complaint(ended.err)


def test_a_database_of_a_newer_program(qd: Command, book: Path) -> None:
    with closing(sqlite3.connect(book)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    for command in (("fills",), ("db", "check"), QUICK):
        ended = qd(*command, "--db", book)
        assert ended.code == 1
        complaint(ended.err)


def test_a_folder_that_cannot_be_made(qd: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = qd(*QUICK, "--db", tmp_path / "file" / "x.db")
    assert ended.code == 1
    assert "a part of its path is a file" in complaint(ended.err)


def test_a_venue_without_its_books_says_so(qd: Command, book: Path) -> None:
    shutil.copy(book, book.with_name("alone.db"))
    ended = qd("positions", "--db", book.with_name("alone.db"))
    assert ended.code == 0
