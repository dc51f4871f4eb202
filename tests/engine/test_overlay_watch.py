"""An overlay in force that falls silent is told once where it does and once where it speaks again, restarts or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.feeds.feed import BarBlock
from engine.feeds.simulated import SimulatedFeed
from tests.engine.session_runs import follow, rows, run

DAY_MS = 86_400_000
LOST, BACK = 5, 9
"""The bars from which on nothing of bitcoin's chain is known, and from which on it is again."""
ETHER = 1
ALONE = 11
"""The bar in which one symbol knows nothing of it."""
OVERLAY = {
    "run__bar": "1d",
    "sim__history_days": "40",
    "signals__A12__enabled": "true",
    "signals__A12__weight": "1",
}
SAID = "SELECT ts_ms, level, message FROM events WHERE source = 'signals.A12' ORDER BY sequence"


@pytest.fixture
def silent_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    read = SimulatedFeed.read

    def without_it(feed: SimulatedFeed, first_open_ms: int, count: int) -> BarBlock:
        block = read(feed, first_open_ms, count)
        if "mvrv_z" not in block.inputs:
            return block
        bar = (first_open_ms - feed.start_ms) // DAY_MS + np.arange(len(block))
        known = block.inputs["mvrv_z"].copy()
        known[(bar >= LOST) & (bar < BACK)] = np.nan
        known[bar == ALONE, ETHER] = np.nan
        return replace(block, inputs={**block.inputs, "mvrv_z": known})

    monkeypatch.setattr(SimulatedFeed, "read", without_it)


def told(database: Path) -> list[tuple[int, str, str]]:
    """By bars since trading began."""
    ((start_ms,),) = rows(database, "SELECT min(ts_ms) FROM decisions")
    return [((ts_ms - start_ms) // DAY_MS, level, words) for ts_ms, level, words in rows(database, SAID)]


EXPECTED = [
    (LOST, "WARN", "A12 no longer reads any symbol (NO_INPUT): it multiplies by 1 there until it does"),
    (BACK, "INFO", "A12 reads every symbol again, and multiplies as it says"),
    (ALONE, "WARN", "A12 no longer reads ETHUSDT (NO_INPUT): it multiplies by 1 there until it does"),
    (ALONE + 1, "INFO", "A12 reads ETHUSDT again, and multiplies as it says"),
]


@pytest.mark.usefixtures("silent_chain")
@pytest.mark.parametrize("ends", [(16,), (7, 9), (5, 1, 10), (6, 1, 1, 8)], ids=str)
async def test_it_is_told_once_whatever_is_restarted_where(tmp_path: Path, ends: tuple[int, ...]) -> None:
    for bars in ends:
        await run(tmp_path / "x.db", bars, **OVERLAY)
    assert told(tmp_path / "x.db") == EXPECTED


@pytest.mark.usefixtures("silent_chain")
async def test_one_that_scales_nothing_makes_no_noise(tmp_path: Path) -> None:
    shadow = [("signal", {"name": "A12", "state": "shadow"})]
    await follow(tmp_path / "x.db", 16, {LOST - 2: shadow}, **OVERLAY)
    assert told(tmp_path / "x.db") == []


@pytest.mark.usefixtures("silent_chain")
async def test_one_that_is_switched_on_while_it_is_silent_moved_nothing(tmp_path: Path) -> None:
    shadow, on = ([("signal", {"name": "A12", "state": state})] for state in ("shadow", "on"))
    await follow(tmp_path / "x.db", 16, {LOST - 2: shadow, LOST + 1: on}, **OVERLAY)
    assert told(tmp_path / "x.db") == EXPECTED[2:]
