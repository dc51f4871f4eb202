"""A line of the log, whole, with what stood around it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.snapshot import LogLine
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.stage import MID, NARROW, WIDE

LONG = LogLine(21, 0, "ERROR", "engine.execution", " ".join(f"word{place}" for place in range(60)))


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_the_whole_line_stands_above_its_neighbours(size: tuple[int, int]) -> None:
    lines = tuple(LONG if line.sequence == 21 else line for line in snapshots.log_lines(40))
    async with drilled("log", "21", size, replace(snapshots.running(), log=lines)) as on:
        seen = " ".join(on.text.replace("┃", " ").split())
        assert LONG.message in seen
        assert "ERROR engine.execution" in seen
        assert drill_of(on).rows.cursor_key == "21"
        assert "order qd7f3 timed out" in on.text


async def test_moving_shows_another_line_whole() -> None:
    async with drilled("log", "20", NARROW) as on:
        await on.press("k")
        assert drill_of(on).rows.cursor_key == "19"
        assert "no bar for 9.8 s; symbol blocked" in on.lines[4]


async def test_what_was_there_stays_while_the_log_goes_on() -> None:
    async with drilled("log", "20") as on:
        await on.turn(replace(snapshots.running(), log=snapshots.log_lines(40, first=500)))
        assert drill_of(on).rows.cursor_key == "20"


async def test_a_line_that_is_gone_says_so() -> None:
    async with drilled("log", "9999") as on:
        assert "no longer in the log that is kept here" in on.text
