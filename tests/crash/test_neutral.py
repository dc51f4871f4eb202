"""Killed while market-neutral legs are held beside a directional book that has no opinion, an engine ends with the
legs, the opinions behind them and the digest of one that was not."""

from __future__ import annotations

import random

import pytest

from tests.crash.conftest import Start
from tests.crash.kill_points import IN_FLIGHT_POINTS
from tests.crash.lives import Career
from tests.crash.test_sigkill import MANY_ORDERS
from tests.engine.test_session_neutral import BOOKS, NEUTRAL, SLOW_FILLS

FLAGS = MANY_ORDERS | NEUTRAL | SLOW_FILLS
BARS = 60
"""Within the three days that a hold lasts."""
POINTS = (
    "transaction written, not committed",
    "accepted, answer not booked",
    "before the market moves",
)


def assert_alike(killed: Career, undisturbed: Career) -> None:
    killed.assert_sound()
    assert killed.digest == undisturbed.digest
    assert killed.rows(BOOKS) == undisturbed.rows(BOOKS) != []


@pytest.mark.timeout(300)
def test_kills_leave_the_legs_where_they_were(start: Start) -> None:
    undisturbed = start("undisturbed", BARS, **FLAGS)
    undisturbed.finish()
    assert undisturbed.orders > 12
    career = start("killed", BARS, **FLAGS)
    for point in POINTS:
        assert career.live(kill_at=(point, 5)).killed, point
    career.finish()
    assert_alike(career, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_fifty_kills_leave_the_legs_where_they_were(start: Start) -> None:
    undisturbed = start("undisturbed", BARS, **FLAGS)
    undisturbed.finish()
    draw, kills, number = random.Random(5), 0, 0
    while kills < 50:
        career = start(f"career{number}", BARS, **FLAGS)
        number += 1
        while kills < 50 and not career.done:
            point = draw.choice([*POINTS, *IN_FLIGHT_POINTS])
            kills += career.live(kill_at=(point, draw.randint(1, 12))).killed
        career.finish()
        assert_alike(career, undisturbed)


@pytest.mark.slow
def test_an_engine_that_forgets_what_it_holds_for_whom_is_found_out(start: Start) -> None:
    right = start("right", BARS, **FLAGS)
    right.finish()
    wrong = start("wrong", BARS, **FLAGS)
    assert wrong.live(kill_at=("transaction committed", 20)).killed
    wrong.finish(rigging="forget_the_legs")
    assert wrong.digest != right.digest
