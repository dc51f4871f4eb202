"""`quarterdeck run --no-ui` as a service: what it tells systemd, which signals it obeys, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine import kernel_cache
from store import query, retention
from store.check import check
from store.config import RetentionConfig
from strategies.registry import BUILT_IN
from tests.console.cli.engines import FOLLOWED, PROGRAM, Engine, environment, run, until
from tests.engine.daily_files import DAYS, day, write_market

pytestmark = pytest.mark.terminal

LIVE = ("--speed", "3600")


class Manager:
    """The socket systemd would listen on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def has(self, assignment: str) -> bool:
        """Whether it was ever told something that begins so."""
        try:
            while True:
                self.heard += self._socket.recv(65_536).decode().splitlines()
        except BlockingIOError:
            return any(said.startswith(assignment) for said in self.heard)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


def test_a_service_tells_its_manager_obeys_it_and_stops_by_the_policy_in_force(
    book: Path, manager: Manager
) -> None:
    config, status = book.with_name("service.toml"), book.with_name("status.json")
    wanted = f'[run]\nspeed = "3600"\nstatus_file = "{status}"\n'
    config.write_text(wanted)
    told = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "300000"}
    with Engine(book, "--config", str(config), **told) as engine:
        until("READY", lambda: manager.has("READY=1"))
        assert engine.picture()["phase"] == "running"
        until("STATUS", lambda: manager.has("STATUS=sim ACTIVE equity "))
        until("the watchdog is fed", lambda: manager.has("WATCHDOG=1"))
        until("the status file", status.is_file)
        assert json.loads(status.read_text())["mode"] == "sim"
        assert not list(book.parent.glob(".status.json*"))

        config.write_text("[run]\nspeed = 3\nnonsense = 1\n[risk]\nmax_gross = -1\n")
        engine.signal(signal.SIGHUP)
        until("the bad file is told", lambda: "configuration not reloaded: " in engine.output)
        assert "nonsense" in engine.output
        assert "(and 1 more)" in engine.output

        config.write_text(
            wanted + 'stop_policy = "flatten"\n[log]\nlevel = "DEBUG"\n[risk]\nmax_gross = 0.5\n'
        )
        engine.signal(signal.SIGHUP)
        until("stop_policy is taken", lambda: "run.stop_policy = flatten taken" in engine.output)
        until("max_gross is refused", lambda: "risk.max_gross needs a restart, not taken" in engine.output)
        assert manager.has("RELOADING=1")
        assert manager.has("MONOTONIC_USEC=")

        assert engine.picture()["positions"]
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert manager.has("STOPPING=1")
    assert "stopping (flatten) asked by signal SIGTERM" in engine.output
    assert query.positions(book) == []
    assert check(book).findings == ()


def test_sigusr1_kills_and_sigterm_keeps_what_is_held(book: Path) -> None:
    held = query.positions(book)
    with Engine(book, *LIVE, "--set", "run.stop_policy=cancel") as engine:
        engine.running()
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert {row["symbol"] for row in query.positions(book)} >= {row["symbol"] for row in held[:1]}
    open_now = query.orders(
        book, statuses=("intent", "submitted", "accepted", "partially_filled", "unresolved")
    )
    assert {row["purpose"] for row in open_now} <= {"stop", "target"}

    with Engine(book, *LIVE) as engine:
        engine.running().signal(signal.SIGUSR1)
        until("HALTED", lambda: engine.picture().get("state") == "HALTED")
        until("flat", lambda: engine.picture()["kill"]["progress"] == "flat")
        engine.signal(signal.SIGTERM)
        assert engine.ended() == 0
    assert [row["actor"] for row in query.commands(book)] == ["signal SIGUSR1"]
    assert query.positions(book) == []


def test_a_reader_that_goes_away_does_not_stop_the_engine(book: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "run", "--no-ui", "--db", str(book), "--speed", "max", "--bars", "60"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(book.parent),
        cwd=book.parent,
    )
    os.close(reading)
    os.close(writing)
    _, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (0, b"")
    newest = query.events(book, limit=1)
    assert "bars reached" in newest[0]["message"]


def test_a_second_engine_is_refused_and_the_first_keeps_its_socket(book: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(f"{book}.sock")
    stale.close()
    with Engine(book, *LIVE) as engine:
        engine.running()
        assert Path(f"{book}.sock").stat().st_mode & 0o777 == 0o600
        second = run(book.parent, "run", "--no-ui", "--db", str(book))
        assert second.code == 1
        assert second.err.count("\n") == 1
        assert f"process {engine.process.pid} is running on this database" in second.err
        assert engine.picture()["phase"] == "running"


def test_json_alone_on_standard_output_and_nothing_of_a_terminal_in_the_process(tmp_path: Path) -> None:
    program = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(sorted({'textual', 'rich', 'pandas', 'scipy.stats'} & set(sys.modules)),"
        " file=sys.stderr))\n"
        "from console.cli import main\nmain()"
    )
    arguments = ["run", "--no-ui", "--json", "--speed", "max", "--bars", "5", "--db", "new.db"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(tmp_path),
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert (summary["bars"], summary["reason"], summary["mode"]) == (5, "bars reached", "sim")
    assert ended.stderr.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_result_as_json_is_waited_for_with_words_beside_it(tmp_path: Path) -> None:
    """A cache that does not say what it holds is looked through by the compiler's process."""
    cache = tmp_path / kernel_cache.prepare().name
    cache.mkdir()
    for entry in kernel_cache.prepare().iterdir():
        if entry.suffix != ".ready":
            (cache / entry.name).symlink_to(entry)
    asked = ("run", "--no-ui", "--json", "--speed", "max", "--bars", "5", "--db", "new.db")
    ended = run(tmp_path, *asked, NUMBA_CACHE_DIR=str(tmp_path), **FOLLOWED)
    assert ended.code == 0, ended.err
    line = next(line for line in ended.err.splitlines() if "in shadow" in line)
    assert line.startswith("quarterdeck: signals in shadow: compiling kernels, once for this version: ")
    assert line.endswith("; waited for 180 s at most, and a stop ends that")
    assert json.loads(ended.out)["shadow"] == ""
    assert len({reading["signal"] for reading in query.readings(tmp_path / "new.db")}) == len(BUILT_IN)


def test_a_replay_without_a_digest_has_a_summary_all_the_same(tmp_path: Path) -> None:
    """Its decisions were thinned."""
    (folder := tmp_path / "market").mkdir()
    write_market(folder, {"BTCUSDT": DAYS, "ETHUSDT": DAYS})
    asked = (
        *(
            "run",
            "--no-ui",
            "--json",
            "--mode",
            "replay",
            "--data",
            str(folder),
            "--timerange",
            day(DAYS - 30),
        ),
        *("--speed", "max", "--bars", "10", "--db", "x.db", "--set", "signals.shadow=off"),
    )
    whole = run(tmp_path, *asked)
    assert whole.code == 0, whole.err
    assert len(json.loads(whole.out)["digest"]) == 64
    last_ms = json.loads(whole.out)["last_ts_ms"]
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as database:
        while retention.step(database, RetentionConfig(decision_days=1), last_ms):
            pass
    thinned = run(tmp_path, *asked)
    assert thinned.code == 0
    assert (json.loads(thinned.out)["digest"], json.loads(thinned.out)["decisions"]) == (None, 20)
    assert thinned.err.startswith("quarterdeck: no digest: ")
    assert thinned.err.count("\n") == 1
    assert "decisions that a digest covers were thinned" in thinned.err


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom console import cli, command_faults\nsys.argv = ['quarterdeck', '--help']\n"
        "command_faults.guarded(cli.app)\n"
        "heavy = {'numpy', 'pandas', 'numba', 'scipy', 'duckdb', 'textual', 'rich', 'pydantic', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
    assert "Trade: in the console" in ended.stdout
