"""A loop that stands still is written down, then halted from beside it; one that is only slow is left alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine import watchdog
from engine.kill import KillProgress
from engine.session import Session
from engine.watchdog import LoopWatchdog, halt_beside
from store import latch
from store.check import check
from tests.console.link.desk import until
from tests.crash.books import Told
from tests.engine.session_runs import engine, rows, run, running

HELD_AT_MOST_S = 10.0


def hold_the_loop_until_halted(database: Path) -> None:
    until_s, still = time.monotonic() + HELD_AT_MOST_S, threading.Event()
    while latch.standing(database) is None and time.monotonic() < until_s:
        still.wait(0.01)


def entries(database: Path) -> dict[str, object]:
    return {name: order for name, order in Told.of(database).working.items() if not order["reduce_only"]}


def progress(session: Session) -> str:
    snapshot = session.snapshot()
    return "" if snapshot is None or snapshot.kill is None else snapshot.kill.progress


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_an_engine_that_stands_still_is_halted_and_keeps_its_positions(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "held.db"
    await run(database, 30)
    held = Told.of(database).positions
    assert held
    async with running(engine(database, run__speed="1")) as session:
        hold_the_loop_until_halted(database)
        await until(lambda: progress(session) == KillProgress.KEPT, HELD_AT_MOST_S)
    assert Told.of(database).positions == held
    assert entries(database) == {}
    assert check(database).findings == ()
    assert "HALTED" in capfd.readouterr().err
    ((actor, reason),) = rows(database, "SELECT actor, reason FROM control")
    assert (actor, reason) == ("watchdog", "the event loop stands still")


@pytest.mark.usefixtures("impatient")
async def test_a_market_at_full_speed_waits_for_its_engine(tmp_path: Path) -> None:
    database = tmp_path / "held.db"
    session = engine(database, run__bars="2000000")
    async with running(session):
        until_s, still = time.monotonic() + HELD_AT_MOST_S, threading.Event()
        while session._watchdog.stalls == 0 and time.monotonic() < until_s:
            still.wait(0.01)
        still.wait(watchdog.LOOK_EVERY_S * (watchdog.DEAD_AFTER + 2))
        assert session._watchdog.stalls == 1
    assert latch.standing(database) is None


@pytest.mark.usefixtures("impatient")
def test_a_loop_that_beats_now_and_then_is_only_slow() -> None:
    beats, dead, looked = [0.0], list[str](), threading.Event()

    def beat_s() -> float:
        beats[0] += 1
        if beats[0] > 2 * watchdog.DEAD_AFTER:
            looked.set()
        return beats[0] // (watchdog.DEAD_AFTER - 1)

    dog = LoopWatchdog(beat_s, lambda: dead.append("dead") or "dead")  # type: ignore[func-returns-value]
    dog.start()
    assert looked.wait(HELD_AT_MOST_S)
    dog.stop()
    assert dog.stalls >= 1
    assert dead == []


async def test_a_kill_that_flattens_is_taken_further_and_not_back(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    await run(database, 30)
    latch.latch_halt(database, "enough", "operator", keep_positions=False)
    assert "positions closed" in halt_beside(database)
    assert Told.of(database).positions == {}
    ((actor, keeps),) = rows(database, "SELECT actor, keep_positions FROM control")
    assert (actor, keeps) == ("operator", 0)


async def test_what_cannot_be_halted_is_said(tmp_path: Path) -> None:
    assert "not halted" in halt_beside(tmp_path / "none.db")
