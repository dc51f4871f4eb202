"""A scripted operator does a day's work in tmux, at every size the console is laid out for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.engines import environment
from tests.console.operator_day.day import DAY
from tests.console.operator_day.tmux import Tmux

pytestmark = pytest.mark.terminal

SIZES = (
    pytest.param((160, 45), id="160x45", marks=pytest.mark.slow),
    pytest.param((100, 30), id="100x30", marks=pytest.mark.slow),
    pytest.param((80, 24), id="80x24"),
)


@pytest.mark.parametrize("size", SIZES)
def test_a_days_work(size: tuple[int, int], tmp_path: Path) -> None:
    with Tmux(tmp_path, size, environment(tmp_path)) as terminal:
        for chapter in DAY:
            chapter.read(terminal)
