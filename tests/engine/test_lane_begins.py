"""A signal that an operator lets follow, or sets parameters of, is followed from the stated bar on: whatever the
followers were about when they were told, and wherever the engine ended."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.commands import CommandResult
from tests.engine.session_runs import (
    Script,
    ScriptedSession,
    bars_pass,
    engine,
    follow,
    give,
    rows,
    run,
    running,
)
from tests.engine.test_shadow_lane import DAY_BARS, INLINE, QUICK, followed

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
DAYS = "SELECT day_ms, bars FROM followed_days WHERE signal = ? ORDER BY day_ms"
SET = ("parameters", {"name": "C4", "parameters": "period=15"})
BACK = ("signal", {"name": "C1", "state": "shadow"})
ALL_BUT_C4 = {key: value for key, value in INLINE.items() if not key.startswith("signals__C4__")}
COMPUTED = ("signal", {"name": "C1", "state": "on"})


def stated(answer: CommandResult) -> int:
    """The close an answer names, ms."""
    found = re.search(r"from (\d{4}-\d\d-\d\d \d\d:\d\d) UTC on", answer.message)
    assert found is not None, answer.message
    return int(datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp() * 1e3)


def bars_of_its_first_day(from_ms: int) -> tuple[int, int]:
    """The day that holds the decision at a close, and how many bars of it are left with that one."""
    day_ms = (from_ms - 1) // DAY_MS * DAY_MS
    return day_ms, (day_ms + DAY_MS - from_ms) // HOUR_MS + 1


@pytest.mark.parametrize(("name", "said"), [("C4", {5: [SET]}), ("C1", {3: [COMPUTED], 9: [BACK]})])
async def test_its_record_begins_with_the_stated_decision(tmp_path: Path, name: str, said: Script) -> None:
    """The followers begin when the run is over: they come to that bar much later."""
    database = tmp_path / "x.db"
    answers = await follow(database, 3 * DAY_BARS, said, **QUICK)
    assert "its record begins anew" in answers[-1].message
    day_ms, bars = bars_of_its_first_day(stated(answers[-1]))
    assert rows(database, DAYS, name)[:2] == [(day_ms, bars), (day_ms + DAY_MS, DAY_BARS)]
    assert bars < DAY_BARS


async def test_what_it_did_before_is_no_record_of_it(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, 2 * DAY_BARS, **QUICK)
    (answer,) = await follow(database, 2 * DAY_BARS, {2 * DAY_BARS + 4: [SET]}, **QUICK)
    session = engine(database, run__bars="1", **QUICK)
    await session.run()
    assert session._machine is not None
    view = session._machine.lane.view
    assert view is not None
    day_ms, _ = bars_of_its_first_day(stated(answer))
    ended = [row for row in rows(database, DAYS, "C4") if row[0] >= day_ms]
    assert 0 < len(ended) < len(rows(database, DAYS, "C4"))
    assert view.health[view.rows["C4"]].days == len(ended)
    assert view.health[view.rows["C3"]].days == len(rows(database, DAYS, "C3"))


async def test_switched_while_they_follow_and_stopped_before_they_came_to_it(tmp_path: Path) -> None:
    """As one that was told the same at the same bars, and neither paused nor stopped."""
    database, whole = tmp_path / "x.db", tmp_path / "whole.db"
    async with running(engine(database, run__speed="360000", **QUICK)) as session:
        await bars_pass(session, 4)
        answers = [await give(session, SET[0], **SET[1])]
        await bars_pass(session, 3)
        answers.append(await give(session, "signal", name="B2", state="off"))
        await bars_pass(session, 3)
        answers.append(await give(session, "signal", name="B2", state="shadow"))
    done = rows(database, "SELECT count(*) FROM decisions")[0][0]
    await run(database, 3 * DAY_BARS - done, **QUICK)
    first_ms = rows(database, "SELECT min(ts_ms) FROM decisions")[0][0]
    places = [(stated(answer) - first_ms) // HOUR_MS for answer in answers]
    script: Script = {
        places[0]: [SET],
        places[1]: [("signal", {"name": "B2", "state": "off"})],
        places[2]: [("signal", {"name": "B2", "state": "shadow"})],
    }
    await follow(whole, 3 * DAY_BARS, script, **QUICK)
    assert rows(database, DAYS, "C4") == rows(whole, DAYS, "C4")
    assert rows(database, DAYS, "B2") == rows(whole, DAYS, "B2")
    assert followed(database)[1:] == followed(whole)[1:]


@pytest.mark.parametrize("alone", [False, True], ids=["beside others", "alone"])
async def test_an_engine_that_ends_before_they_go_on_loses_no_bar_of_it(tmp_path: Path, alone: bool) -> None:
    """They stand at the close at which it was set, and while they fold anew for it bars go on and the engine ends."""
    flags = QUICK | (ALL_BUT_C4 if alone else {})
    database = tmp_path / "x.db"
    await run(database, DAY_BARS, **flags)
    paced = engine(database, run__speed="360000", **flags).configuration
    session = ScriptedSession(paced, database, {DAY_BARS: [SET]})
    async with running(session):
        await bars_pass(session, 5)
    if alone:
        # So it is durable when the last one is let go; whoever was set anew is folded after that.
        with closing(sqlite3.connect(database)) as book:
            book.execute("UPDATE session_state SET value = '' WHERE name = 'followed cursor'")
            book.commit()
    await run(database, 2 * DAY_BARS, **flags)
    from_ms = stated(session.answers[0])
    day_ms, bars = bars_of_its_first_day(from_ms)
    assert [row for row in rows(database, DAYS, "C4") if row[0] >= day_ms][:1] == [(day_ms, bars)]
    first = "SELECT min(ts_ms) FROM readings WHERE signal = 'C4' AND ts_ms >= ?"
    assert rows(database, first, from_ms) == [(from_ms,)]


async def test_where_following_ended_nothing_is_left_of_where_they_began(tmp_path: Path) -> None:
    """Set while they were followed, and otherwise while nobody was: the days between are no record of it."""
    database = tmp_path / "x.db"
    await follow(database, 2 * DAY_BARS, {5: [SET]}, **QUICK)
    at = 2 * DAY_BARS + 4
    again: Script = {at: [("parameters", {"name": "C4", "parameters": "period=25"})]}
    await follow(database, DAY_BARS, again, **QUICK | {"signals__shadow": "off"})
    assert rows(database, "SELECT value FROM session_state WHERE name = 'followed begins'") == [("{}",)]
    await run(database, 2 * DAY_BARS, **QUICK)
    session = engine(database, run__bars="1", **QUICK)
    await session.run()
    assert session._machine is not None
    view = session._machine.lane.view
    assert view is not None
    day_ms, _ = bars_of_its_first_day(rows(database, "SELECT ts_ms FROM decisions ORDER BY ts_ms")[at][0])
    ended = [row for row in rows(database, DAYS, "C4") if row[0] >= day_ms]
    assert 0 < len(ended) < len(rows(database, DAYS, "C4"))
    assert view.health[view.rows["C4"]].days == len(ended)


async def test_a_record_with_the_decisions_goes_on_where_it_was(tmp_path: Path) -> None:
    script: Script = {1: [COMPUTED], 2 * DAY_BARS: [BACK], 2 * DAY_BARS + 3: [COMPUTED]}
    async with asyncio.timeout(120):
        answers = await follow(tmp_path / "x.db", 2 * DAY_BARS + 6, script, **QUICK)
    assert "; its record begins anew; " in answers[0].message
    assert "; its record begins anew; " in answers[1].message
    assert re.search(r"; its record of \d days with the decisions goes on; ", answers[2].message)
