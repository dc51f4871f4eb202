"""SIGUSR1 while an engine starts: HALTED is durable in a database of its own, and in nobody else's."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console.signals import obey_signals
from engine.session import Session
from store.database import Database
from store.errors import Locked, StoreError, WrongAccount
from store.records import Mode
from tests.engine.session_runs import engine, rows, run

HALTED = "SELECT state, actor FROM control"
UNSTORED = (
    "SIGUSR1: HALTED may not be stored: nothing was cancelled or closed, the engine did not start; "
    "run `quarterdeck kill`"
)


def killed(session: Session) -> asyncio.Future[str]:
    """Send the signal; what is said of it if it comes to nothing."""
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    session.add_listener(lambda event: said.set_result(event.message) if "SIGUSR1" in event.message else None)
    obey_signals(session)
    os.kill(os.getpid(), signal.SIGUSR1)
    return said


async def refused(session: Session, why: type[StoreError]) -> None:
    said = killed(session)
    with pytest.raises(why) as failed:
        await session.run()
    assert any("HALTED may not be stored" in note for note in failed.value.__notes__)
    async with asyncio.timeout(10):
        assert await said == UNSTORED
    assert rows(session.database_path, HALTED) == []


async def test_a_database_whose_engine_lives_is_left_to_it(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, 1)
    holder = os.open(f"{database}.lock", os.O_RDWR)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        await refused(engine(database), Locked)
    finally:
        os.close(holder)


@pytest.mark.parametrize(("mode", "account"), [(Mode.REPLAY, ""), (Mode.SIM, "other")])
async def test_a_database_of_another_mode_or_account_is_not_halted(
    tmp_path: Path, mode: str, account: str
) -> None:
    session = engine(tmp_path / "x.db")
    whose = account or session.configuration.run.account
    await (await Database.open(session.database_path, mode=mode, account=whose, identity="7")).close()
    await refused(session, WrongAccount)


async def test_the_start_waits_for_a_halt_that_is_being_written(tmp_path: Path) -> None:
    """And neither finds the other's lock in its way."""
    database = tmp_path / "x.db"
    await run(database, 1)
    session = engine(database, run__bars="1")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        killed(session)
        asyncio.get_running_loop().call_later(1.5, other.close)
        await session.run()
    assert rows(database, HALTED) == [("HALTED", "signal SIGUSR1")]
