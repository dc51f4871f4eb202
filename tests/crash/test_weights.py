"""Killed while weights are estimated anew, an engine ends with the weights and the digest of one that was not."""

from __future__ import annotations

import random

import pytest

from engine import estimates
from store import weight_rows
from tests.crash.conftest import Start
from tests.crash.life import Flags, Script
from tests.crash.lives import Career
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

EVERY_DAY: Flags = {
    "blend__method": "hierarchical",
    "blend__every_days": "1",
    "blend__least_days": "2",
    "blend__window_days": "30",
    "blend__effective_after_bars": "6",
}
POINTS = (
    "weights: asked, not durable",
    "weights: being worked out",
    "weights: worked out",
    "weights: awaited",
    "weights: in effect, not durable",
)
BARS = 100


def assert_alike(killed: Career, undisturbed: Career) -> None:
    killed.assert_sound()
    assert killed.digest == undisturbed.digest
    rows = weight_rows.read(killed.database)
    assert rows == weight_rows.read(undisturbed.database)
    assert any(row.result for row in rows)
    assert estimates.check(killed.database) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "first_life",
    [
        pytest.param(50, id="restarted meanwhile"),
        pytest.param(None, id="never restarted", marks=pytest.mark.slow),
    ],
)
def test_a_kill_at_any_step_of_an_estimate_changes_nothing(start: Start, first_life: int | None) -> None:
    """`restarted meanwhile`: a life ended cleanly between question and effect, so that the next one takes it up."""
    flags = MANY_ORDERS | EVERY_DAY
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    career = start("killed", BARS, **flags)
    if first_life is not None:
        career.live(bars=first_life)
    for point in POINTS:
        assert career.live(kill_at=(point, 1)).killed, point
    career.finish()
    assert_alike(career, undisturbed)


SWITCHED: Script = ((56, "method", {"method": "equal-risk"}),)
STEPS = (
    ("weights: asked, not durable", 1),
    ("transaction begun", 2),
    ("weights: being worked out", 1),
)
"""The first transaction is the start's own."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_kill_while_the_method_is_switched_changes_nothing(start: Start) -> None:
    """Killed before the command is durable, and after it, before the estimate is in effect."""
    flags, bars = MANY_ORDERS | EVERY_DAY, 66
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.script = SWITCHED
    undisturbed.finish()
    assert {row.method for row in weight_rows.read(undisturbed.database)} == {"hierarchical", "equal-risk"}
    career = start("killed", bars, **flags)
    career.live(bars=56)
    career.script = SWITCHED
    for step in STEPS:
        assert career.live(bars=1, kill_at=step).killed, step
    career.finish()
    assert_alike(career, undisturbed)
    commands = "SELECT market_ts_ms, kind, arguments, accepted FROM commands ORDER BY sequence"
    assert career.rows(commands) == undisturbed.rows(commands)
    weights = "SELECT day_ms, signal, weight FROM signal_days ORDER BY day_ms, signal"
    assert career.rows(weights) == undisturbed.rows(weights)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["plain", "faults"])
def test_a_hundred_kills_around_estimates_change_nothing(start: Start, faults: Flags) -> None:
    flags = MANY_ORDERS | EVERY_DAY | faults
    undisturbed = start("undisturbed", 600, **flags)
    undisturbed.finish()
    draw, kills, number = random.Random(len(faults)), 0, 0
    while kills < 100:
        career = start(f"career{number}", 600, **flags)
        number += 1
        while kills < 100 and not career.done:
            times = 1 if draw.random() < 0.7 else draw.randint(2, 4)
            kills += career.live(kill_at=(draw.choice(POINTS), times)).killed
        career.finish()
        assert_alike(career, undisturbed)


@pytest.mark.slow
def test_an_engine_that_forgets_what_it_asked_is_found_out(start: Start) -> None:
    flags = MANY_ORDERS | EVERY_DAY
    right = start("right", BARS, **flags)
    right.finish()
    wrong = start("wrong", BARS, **flags)
    assert wrong.live(kill_at=("weights: awaited", 1), rigging="forget_what_was_asked").killed
    wrong.finish(rigging="forget_what_was_asked")
    assert weight_rows.read(wrong.database) != weight_rows.read(right.database)
    assert wrong.digest != right.digest
