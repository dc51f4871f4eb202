"""A scripted operator does a day's work in tmux, at every size of terminal; the books show all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.operator import ARMED_REASON
from store import query
from store.check import check
from tests.console.cli.engines import environment
from tests.console.operator_day.day import DAY
from tests.console.operator_day.tmux import Tmux

pytestmark = [pytest.mark.slow, pytest.mark.terminal, pytest.mark.timeout(400)]

SIZES = (
    pytest.param((160, 45), id="160x45"),
    pytest.param((100, 30), id="100x30"),
    pytest.param((80, 24), id="80x24"),
)
# What the day asked of the engine, and the state it was in afterwards. An armed kill switch holds entries back.
ASKED = (
    ("signal", {"name": "A1", "state": "shadow"}, "ACTIVE"),
    ("signal", {"name": "A1", "state": "on"}, "ACTIVE"),
    ("weight", {"name": "A1", "weight": "0.2"}, "ACTIVE"),
    ("flatten", {"symbol": "SOLUSDT", "on": "true"}, "ACTIVE"),
    ("flatten", {"symbol": "SOLUSDT", "on": "false"}, "ACTIVE"),
    ("cancel", {"order": "qds6k5g0BTCUSDTS"}, "ACTIVE"),
    ("pause", {"on": "true"}, "REDUCING"),
    ("pause", {"on": "false"}, "ACTIVE"),
    ("pause", {"on": "true", "hold": ARMED_REASON}, "REDUCING"),
    ("kill", {"keep_positions": "false"}, "HALTED"),
    ("stop", {"policy": "keep"}, "HALTED"),
    ("resume", {"confirm": "RESUME"}, "ACTIVE"),
    ("stop", {"policy": "keep"}, "ACTIVE"),
)


@pytest.mark.parametrize("size", SIZES)
def test_a_days_work(size: tuple[int, int], tmp_path: Path) -> None:
    with Tmux(tmp_path, size, environment(tmp_path, QUARTERDECK__CONSOLE__WELCOME="true")) as terminal:
        for chapter in DAY:
            chapter.read(terminal)
    database = tmp_path / "day.db"
    commands = query.commands(database)
    assert [(row["kind"], row["arguments"], row["state_after"]) for row in commands] == list(ASKED)
    assert all(row["accepted"] and row["mode"] == "sim" for row in commands)
    assert all(row["actor"].endswith("@console") and row["reason"] and row["message"] for row in commands)
    assert check(database).findings == ()
