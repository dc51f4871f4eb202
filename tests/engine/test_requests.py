"""What an operator was told is under way is not lost: whenever the engine that said so ends, and however, its next
start goes on with it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.commands import Command, CommandKind, CommandResult
from engine.requests import GIVEN_UP, LEFT, UNDER_WAY
from store.check import check
from store.digest import digest
from tests.engine.session_runs import Said, follow, give, rows, run
from tests.engine.test_refold import BARS, REPOSITORY, TAKEN, WEIGH_C1, FoldingSession

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

AGAIN: Said = "signal", {"name": "C1", "state": "on"}
"""Answered only once what was asked of C1 before has been."""
IMPATIENT = replace(Command(CommandKind.WEIGHT, "operator@socket", "told to", WEIGH_C1[1]), patience_s=0.02)
STORED = "SELECT value FROM session_state WHERE name = 'requests'"


class Impatient(FoldingSession):
    """A session whose operator wants C1 at bar `TAKEN`, of which the fold is held open, and is answered long before."""

    def __init__(self, database: Path, *, dies: bool = False) -> None:
        super().__init__(database, TAKEN + 2, BARS)
        self.left, self.dies = database.with_name("left"), dies
        self.told: CommandResult | None = None

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if machine.book.decisions == TAKEN and self.told is None:
            self.told = await self.execute(IMPATIENT)
            if self.dies:
                os._exit(9 if self.told.message == UNDER_WAY else 1)
            self.left.mkdir()
            for file in self.database_path.parent.glob("x.db*"):
                if not file.name.endswith((".lock", "-shm")):
                    shutil.copy(file, self.left)
        return await super()._pace(machine, row)


async def test_what_was_said_to_be_under_way_is_in_what_a_kill_leaves_and_the_next_start_goes_on_with_it(
    tmp_path: Path,
) -> None:
    session = Impatient(tmp_path / "x.db")
    await session.run()
    assert session.told == CommandResult(True, UNDER_WAY, "ACTIVE")
    database = session.left / "x.db"
    assert rows(database, "SELECT count(*) FROM commands") == [(0,)]
    decided = len(rows(database, "SELECT ts_ms FROM decisions"))
    (again,) = await follow(database, 3, {decided: [AGAIN]})
    assert again.message.startswith("C1 is enabled already")
    told = rows(database, "SELECT actor, accepted FROM commands ORDER BY sequence")
    assert told == [("operator@test", 1), ("operator@socket", 1), ("operator@test", 1)]
    assert rows(database, STORED) == [("[]",)]
    await follow(tmp_path / "y.db", decided + 3, {decided: [WEIGH_C1, AGAIN]})
    assert digest(database) == digest(tmp_path / "y.db")


@pytest.mark.slow
async def test_an_engine_that_is_stopped_leaves_it_to_its_next_start_too(tmp_path: Path) -> None:
    session = Impatient(tmp_path / "x.db")
    await session.run()
    ((stored,),) = rows(tmp_path / "x.db", STORED)
    assert [row[3] for row in json.loads(stored)] == [WEIGH_C1[1]] * 2, "both were asked, neither is done"
    assert session.asked is not None
    assert session.asked.result() == CommandResult(True, LEFT, "ACTIVE")
    (again,) = await follow(tmp_path / "x.db", 2, {TAKEN + 2: [AGAIN]})
    assert again.message.startswith("C1 is enabled already")


async def test_what_no_start_survives_is_given_up_and_said(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, 1)
    for starts, left in ((2, 1), (3, 0)):
        request = ["weight", "operator@socket", "", {"name": "C99", "weight": "0.5"}, starts]
        with closing(sqlite3.connect(database)) as writer:
            writer.execute(
                "REPLACE INTO session_state (name, value) VALUES ('requests', ?)", (json.dumps([request]),)
            )
            writer.commit()
        await follow(database, 1, {starts - 1: [("signal", {"name": "C99", "state": "on"})]})
        assert rows(database, STORED) == [("[]",)]
        (message,) = rows(
            database, "SELECT message FROM commands WHERE kind = 'weight' ORDER BY sequence DESC LIMIT 1"
        )
        assert (message == (GIVEN_UP,)) is (left == 0)
        assert rows(database, "SELECT count(*) > 0 FROM events WHERE message = ?", *message) == [(1,)]


@pytest.mark.slow
async def test_a_later_command_of_the_same_signal_waits_for_the_earlier(tmp_path: Path) -> None:
    class Changing(FoldingSession):
        later: asyncio.Task[CommandResult] | None = None

        async def _pace(self, machine: Machine, row: Row) -> bool:
            if machine.book.decisions == TAKEN - 2 and self.later is None:
                self.later = asyncio.create_task(give(self, "signal", name="C1", state="off"))
            return await super()._pace(machine, row)

    session = Changing(tmp_path / "x.db", BARS, TAKEN)
    await session.run()
    assert session.later is not None
    assert session.later.result().message.startswith("C1 off: not computed")
    assert (await run(tmp_path / "x.db", 1)).bars == 1


DIE = (
    "import asyncio, sys; from pathlib import Path; from tests.engine.test_requests import Impatient; "
    "asyncio.run(Impatient(Path(sys.argv[1]), dies=True).run())"
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_the_moment_the_operator_was_answered_it_goes_on(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DIE, str(database), cwd=REPOSITORY)
    assert await dying.wait() == 9
    decided = len(rows(database, "SELECT ts_ms FROM decisions"))
    await follow(database, 3, {decided: [AGAIN]})
    await follow(tmp_path / "y.db", decided + 3, {decided: [WEIGH_C1, AGAIN]})
    assert digest(database) == digest(tmp_path / "y.db")
    assert check(database).sound
