"""Disks that fill, files that are locked or damaged, a process that is frozen: one clear line, and on from there."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.venues.choose import venue_path
from tests.crash.conftest import Start
from tests.crash.lives import Career, Ending
from tests.crash.test_sigkill import MANY_ORDERS

BARS, SLOW_BARS = 60, 25
SLOW_SPEED = "36000"
SLOW_BAR_S = 0.1
CATCH_UP_S = 0.25


def undisturbed(start: Start, bars: int = BARS) -> str:
    career = start("undisturbed", bars, **MANY_ORDERS)
    career.finish()
    return career.digest


def assert_stopped_with(ending: Ending, line: str) -> None:
    """Exit code 1 and one line that says so, last of all."""
    assert ending.code == 1, ending.output
    *before, last = ending.output.strip().splitlines()
    assert line in last, ending.output
    assert not any("Traceback" in said for said in before)


@pytest.mark.parametrize(
    "limit",
    [pytest.param(620_000, marks=pytest.mark.slow), 800_000, pytest.param(1_000_000, marks=pytest.mark.slow)],
)
def test_a_full_disk_stops_trading_and_nothing_is_half_written(start: Start, limit: int) -> None:
    career = start("full", BARS, **MANY_ORDERS)
    assert_stopped_with(career.live(file_limit=limit), "disk")
    assert 0 < career.decisions < BARS - 1
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed(start)


def live_beside(career: Career, **particulars: Any) -> tuple[threading.Thread, list[Ending]]:
    """A life that this test can interfere with."""
    endings: list[Ending] = []
    living = threading.Thread(target=lambda: endings.append(career.live(**particulars)))
    living.start()
    pause = threading.Event()
    while living.is_alive() and career.orders < 5:
        pause.wait(0.02)
    return living, endings


@pytest.mark.parametrize("which", ["engine", "venue"])
def test_a_database_locked_for_a_moment_is_waited_for(start: Start, which: str) -> None:
    career = start("locked", SLOW_BARS, **MANY_ORDERS, run__speed=SLOW_SPEED)
    living, endings = live_beside(career)
    path = career.database if which == "engine" else venue_path(career.database)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Event().wait(0.5)
        other.execute("ROLLBACK")
    living.join()
    assert endings[0].code == 0, endings[0].output
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed(start, SLOW_BARS)


def test_a_database_locked_for_good_stops_trading_with_one_line(start: Start) -> None:
    career = start("locked", SLOW_BARS, **MANY_ORDERS, run__speed=SLOW_SPEED, store__busy_timeout_ms="200")
    living, endings = live_beside(career)
    with closing(sqlite3.connect(career.database, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        living.join()
        other.execute("ROLLBACK")
    assert_stopped_with(endings[0], "another process is writing to it")
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed(start, SLOW_BARS)


@pytest.mark.parametrize("which", ["engine", "venue"])
def test_a_damaged_file_is_named_and_nothing_is_traded(start: Start, which: str) -> None:
    career = start("damaged", BARS, **MANY_ORDERS)
    career.live(bars=20)
    path = career.database if which == "engine" else venue_path(career.database)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path)
    ending = career.nursery.bring_up(career.next_life())
    assert_stopped_with(ending, str(path))


def damage(path: Path) -> None:
    """Overwrite every second page but the first."""
    page = 4096
    with path.open("r+b") as file:
        for number in range(1, path.stat().st_size // page, 2):
            file.seek(number * page)
            file.write(b"\x5a" * page)


@pytest.mark.parametrize(
    "frozen_s", [2.0, pytest.param(60.0, marks=[pytest.mark.slow, pytest.mark.timeout(240)])]
)
def test_a_frozen_process_goes_on_at_its_own_pace_with_the_same_decisions(
    start: Start, frozen_s: float
) -> None:
    career = start("frozen", SLOW_BARS, **MANY_ORDERS, run__speed=SLOW_SPEED)
    ending = career.finish(pause=(1.0, frozen_s))
    assert ending.ready_s is not None
    traded_s = ending.seconds - ending.ready_s
    assert traded_s >= frozen_s + SLOW_BARS * SLOW_BAR_S - CATCH_UP_S - SLOW_BAR_S
    career.assert_sound()
    assert career.digest == undisturbed(start, SLOW_BARS)


def test_maintenance_at_start_is_waited_out(start: Start) -> None:
    career = start("maintenance", 10, **MANY_ORDERS)
    career.finish(rigging="maintenance_at_start")
    career.assert_sound()
    assert career.digest == undisturbed(start, 10)
