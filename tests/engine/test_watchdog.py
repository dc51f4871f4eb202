"""A loop that stands still is written down, then halted from beside it; one that is only slow is left alone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from engine import watchdog
from engine.kill import KillProgress
from engine.session import Session
from engine.venues.choose import venue_path
from engine.watchdog import LoopWatchdog, halt_beside
from store import latch
from store.check import check
from store.records import Order, OrderPurpose, OrderType, Side
from tests.console.link.desk import until
from tests.crash.books import Told
from tests.engine.session_runs import engine, rows, run, running

HELD_AT_MOST_S = 10.0


def hold_the_loop(until: Callable[[], bool]) -> None:
    until_s, still = time.monotonic() + HELD_AT_MOST_S, threading.Event()
    while not until() and time.monotonic() < until_s:
        still.wait(0.01)


def resting(database: Path, reduce_only: bool) -> set[str]:
    orders = Told.of(database).working
    return {name for name, order in orders.items() if order["reduce_only"] is reduce_only}


def far_away() -> Order:
    return Order(
        client_order_id="faraway",
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        purpose=OrderPurpose.OPEN,
        quantity=Decimal(2),
        decision_ts_ms=0,
        price=Decimal(100),
    )


def locks(path: Path) -> int:
    """How many locks are held on a file, by the kernel's list."""
    about = path.stat()
    file = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}:{about.st_ino}"
    return sum(file in line.split() for line in Path("/proc/locks").read_text("ascii").splitlines())


def progress(session: Session) -> str:
    snapshot = session.snapshot()
    return "" if snapshot is None or snapshot.kill is None else snapshot.kill.progress


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.05)


async def test_an_engine_that_stands_still_is_halted_and_keeps_its_positions(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "held.db"
    await run(database, 30)
    held = Told.of(database).positions
    assert held
    stops = resting(database, reduce_only=True)
    async with running(engine(database, run__speed="1")) as session:
        assert session._machine is not None
        await session._machine.venue.submit(far_away())
        monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.05)
        hold_the_loop(lambda: not resting(database, reduce_only=False))
        assert resting(database, reduce_only=False) == set()
        await until(lambda: progress(session) == KillProgress.KEPT, HELD_AT_MOST_S)
    assert Told.of(database).positions == held
    assert resting(database, reduce_only=True) == stops
    assert check(database).findings == ()
    assert "HALTED" in capfd.readouterr().err
    ((actor, reason),) = rows(database, "SELECT actor, reason FROM control")
    assert (actor, reason) == ("watchdog", "the event loop stands still")


@pytest.mark.usefixtures("impatient")
async def test_a_market_at_full_speed_waits_for_its_engine(tmp_path: Path) -> None:
    database = tmp_path / "held.db"
    async with running(engine(database, run__bars="2000000")) as session:
        asked = list[bool]()
        session._watchdog._when_dead = lambda: asked.append(True) or session._halt_beside()  # type: ignore[func-returns-value]
        hold_the_loop(lambda: bool(asked))
        assert asked
    assert latch.standing(database) is None


def test_a_loop_that_beats_now_and_then_is_only_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.01)
    beats, dead, looked = [0.0], list[str](), threading.Event()

    def beat_s() -> float:
        beats[0] += 1
        if beats[0] > 2 * watchdog.DEAD_AFTER:
            looked.set()
        return beats[0] // (watchdog.DEAD_AFTER - 1)

    dog = LoopWatchdog(beat_s, lambda: (not dead.append("dead"), "dead"))  # type: ignore[func-returns-value]
    dog.start()
    assert looked.wait(HELD_AT_MOST_S)
    dog.stop()
    assert dog.stalls >= 1
    assert dead == []


async def test_a_kill_that_flattens_is_taken_further_and_not_back(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    await run(database, 30)
    latch.latch_halt(database, "enough", "operator", keep_positions=False)
    done, said = halt_beside(database)
    assert done
    assert "positions closed" in said
    assert Told.of(database).positions == {}
    ((actor, keeps),) = rows(database, "SELECT actor, keep_positions FROM control")
    assert (actor, keeps) == ("operator", 0)


async def test_what_cannot_be_halted_is_said(tmp_path: Path) -> None:
    database = tmp_path / "none.db"
    assert halt_beside(database)[0] is False
    await run(database, 5)
    venue_path(database).unlink()
    done, said = halt_beside(database)
    assert not done
    assert "HALTED, but nothing was cancelled" in said
    assert latch.standing(database) is not None


async def test_what_could_not_be_halted_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.01)
    answers, done = iter([False, False, True]), threading.Event()

    def when_dead() -> tuple[bool, str]:
        assert not done.is_set()
        if next(answers):
            done.set()
        return done.is_set(), "tried"

    dog = LoopWatchdog(lambda: 0.0, when_dead)
    dog.start()
    assert done.wait(HELD_AT_MOST_S)
    dog.stop()


async def test_an_engines_hold_on_its_venues_books_outlives_a_halt_from_beside_it(tmp_path: Path) -> None:
    """Closing a file lets go of all locks a process has on it; a killer in another process would then take the books
    for nobody's, and remove what the engine goes on writing to."""
    database = tmp_path / "held.db"
    async with running(engine(database, run__bars="2000000")):
        before = locks(venue_path(database))
        assert before
        halt_beside(database)
        assert locks(venue_path(database)) == before
