"""A book that has traded, made once and copied for every test that wants one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console import cli, command_faults
from tests.console.cli.engines import Ran, run

Command = Callable[..., Ran]


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `book.db` and its venue's books after 60 bars, positions open, nobody running."""
    folder = tmp_path_factory.mktemp("traded")
    # Told of the signals that decided; those that follow have tests of their own.
    alone = ("--set", "signals.shadow=off")
    ended = run(
        folder,
        "run",
        "--no-ui",
        "--json",
        "--speed",
        "max",
        "--bars",
        "60",
        "--db",
        str(folder / "book.db"),
        *alone,
    )
    assert ended.code == 0, ended.err
    return folder


@pytest.fixture
def book(traded: Path, tmp_path: Path) -> Path:
    """A copy of that book's database, with the venue's books beside it."""
    for name in ("book.db", "book.db.venue"):
        shutil.copy(traded / name, tmp_path / name)
    return tmp_path / "book.db"


@pytest.fixture
def qd(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command line called in this process, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr("sys.argv", ["quarterdeck", *map(str, arguments)])
        capsys.readouterr()
        code = command_faults.guarded(cli.app)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call
