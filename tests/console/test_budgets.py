"""Time, bytes and lag that the console promises, on a real terminal. What a busy machine spoils is tried thrice."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from console.link.client import ask_snapshot, give
from engine.commands import Command, CommandKind
from engine.paths import socket_path
from tests.console.cli.engines import PROGRAM, environment
from tests.console.terminal_session import TerminalSession, demo, report

pytestmark = [pytest.mark.terminal, pytest.mark.benchmark]

Found = TypeVar("Found")
TRIES = 3
WIDE = (160, 45)
READY = "^k KILL"
PATIENCE_S = 60.0
SETTLING_S = 3.0
WATCHED_S = 5.0
CTRL_K, ESCAPE = b"\x0b", b"\x1b"
# A dialog does not listen in its first moment.
LISTENS_AFTER_S = 0.35


def best_of_three(measure: Callable[[], Found], good: Callable[[Found], bool]) -> None:
    """Measure until it is good; where it never was and the machine has more to do than it can, nothing was learnt."""
    for _ in range(TRIES):
        found = measure()
        if good(found):
            return
    load = os.getloadavg()[0]
    if load > (os.cpu_count() or 1):
        pytest.skip(f"the machine is too busy to tell: load {load:.1f}, last seen {found}")
    assert good(found), found


@pytest.mark.parametrize(
    ("settling_s", "seconds"),
    [pytest.param(2.0, 5.0, id="3 s"), pytest.param(SETTLING_S, 9.0, id="6 s", marks=pytest.mark.slow)],
)
def test_beside_200_moving_rows_the_loop_is_free(tmp_path: Path, settling_s: float, seconds: float) -> None:
    def lag_ms() -> tuple[float, float]:
        beats = tmp_path / "beats.json"
        command = demo(
            *("--rows", "200", "--seconds", str(seconds)),
            *("--settling", str(settling_s), "--beats", str(beats)),
        )
        with TerminalSession(command, WIDE) as session:
            session.until_shown(READY, within_s=PATIENCE_S)
            session.drawing = False
            session.wait_reading(30)
        told = report(beats)
        return told["late_p99_ms"], told["late_max_ms"]

    best_of_three(lag_ms, lambda lag: lag[0] <= 10.0 and lag[1] <= 40.0)


@pytest.mark.slow
def test_the_loop_is_held_for_no_longer_than_100_ms_while_a_screen_opens(tmp_path: Path) -> None:
    def lag_ms() -> float:
        beats = tmp_path / "beats.json"
        command = demo(
            "--rows", "200", "--seconds", "13.5", "--settling", str(SETTLING_S), "--beats", str(beats)
        )
        with TerminalSession(command, WIDE) as session:
            session.until_shown(READY, within_s=PATIENCE_S)
            session.drawing = False
            session.read_for(SETTLING_S)
            for key in (b"?", b"q", b"p", CTRL_K, b"\x10", b"o", b"a", b"c", b"2\r"):
                session.send(key)
                session.read_for(0.6)
                session.send(ESCAPE)
                session.read_for(0.4)
            session.wait_reading(30)
        return float(report(beats)["late_max_ms"])

    best_of_three(lag_ms, lambda lag: lag <= 100.0)


@pytest.mark.slow
def test_the_kill_key_is_obeyed_within_100_ms_beside_200_moving_rows(tmp_path: Path) -> None:
    def slowest_ms() -> float:
        struck, beats = [], tmp_path / "beats.json"
        with TerminalSession(
            demo("--rows", "200", "--seconds", "11", "--beats", str(beats)), WIDE
        ) as session:
            session.until_shown(READY, within_s=PATIENCE_S)
            session.drawing = False
            session.read_for(SETTLING_S)
            for turn in range(6):
                struck.append(time.monotonic())
                session.send(CTRL_K)
                session.read_for(0.5)
                session.send(ESCAPE)
                # At another moment of the refresh each time.
                session.read_for(0.4 + 0.04 * turn)
            session.wait_reading(30)
        asked = [at_s for kind, on, at_s in report(beats)["asked"] if (kind, on) == ("pause", "true")]
        return max((float(at) - key) * 1e3 for key, at in zip(struck, asked, strict=True))

    best_of_three(slowest_ms, lambda slowest: slowest <= 100.0)


@pytest.mark.slow
def test_halted_is_committed_within_100_ms_of_the_key_that_kills(tmp_path: Path) -> None:
    database = tmp_path / "day.db"

    def committed_ms(session: TerminalSession) -> float:
        session.until(lambda: bool((ask_snapshot(socket_path(database)) or {}).get("positions")), within_s=60)
        session.send(CTRL_K)
        session.until_shown("KILL SWITCH ARMED")
        session.read_for(LISTENS_AFTER_S)
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
            pressed_s = time.monotonic()
            session.send(b"F")
            while reader.execute("SELECT state FROM control").fetchall() != [("HALTED",)]:
                assert time.monotonic() - pressed_s < 20, "never halted"
            took_ms = (time.monotonic() - pressed_s) * 1e3
        session.until_shown("FLAT: the venue confirms it.")
        session.read_for(LISTENS_AFTER_S)
        session.send(ESCAPE)
        resume = Command(CommandKind.RESUME, "test", "measured", {"confirm": "RESUME"})
        assert give(socket_path(database), resume).accepted
        return took_ms

    with running(tmp_path, "--speed", "3600") as session:
        session.until_shown("ACTIVE", within_s=60)
        best_of_three(lambda: committed_ms(session), lambda took: took <= 100.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "budget"),
    [(("--scene", "running"), 200), (("--rows", "200"), 200_000)],
    ids=["idle", "live"],
)
def test_the_terminal_is_sent_no_more_bytes_a_second_than_promised(
    arguments: tuple[str, ...], budget: int
) -> None:
    def bytes_a_second() -> float:
        with TerminalSession(demo(*arguments), WIDE) as session:
            session.until_shown(READY, within_s=PATIENCE_S)
            session.drawing = False
            session.read_for(SETTLING_S)
            before = session.bytes_read
            session.read_for(WATCHED_S)
            return (session.bytes_read - before) / WATCHED_S

    best_of_three(bytes_a_second, lambda sent: sent <= budget)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["recorded", "real"])
def test_the_first_paint_comes_within_800_ms_of_the_shell(engine: str, tmp_path: Path) -> None:
    def painted_s() -> float:
        if engine == "real":
            with running(tmp_path) as session:
                return session.until_shown(READY, within_s=PATIENCE_S)
        with TerminalSession(demo("--scene", "none"), WIDE) as session:
            return session.until_shown(READY, within_s=PATIENCE_S)

    best_of_three(painted_s, lambda painted: painted <= 0.8)


def running(folder: Path, *arguments: str) -> TerminalSession:
    """`quarterdeck run` on the embedded market."""
    command = [*PROGRAM, "run", "--db", str(folder / "day.db"), *arguments]
    return TerminalSession(command, WIDE, environment=environment(folder))
