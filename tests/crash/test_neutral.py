"""Killed while market-neutral legs are held beside a directional book that has no opinion, an engine ends with the
legs, the opinions behind them and the digest of one that was not."""

from __future__ import annotations

import random

import pytest

from tests.crash.conftest import Start
from tests.crash.kill_points import IN_FLIGHT_POINTS
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import MANY_ORDERS

NEUTRAL: Flags = {
    "run__symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,ADAUSDT,DOGEUSDT",
    "sim__history_days": "110",
    "signals__A6__enabled": "true",
    "signals__A6__weight": "0.4",
    "signals__A6__fewest": "3",
    "signals__C5__enabled": "true",
    "signals__C5__weight": "0.3",
    "signals__C5__samples": "100",
    "signals__C6__enabled": "true",
    "signals__C6__weight": "0.3",
    "signals__C6__window": "100",
    "signals__C6__fewest": "5",
}
"""So short a past that only neutral signals speak: every symbol is held as it is, but for their legs."""
BARS = 60
"""Within the three days that a hold lasts."""
BOOK = "SELECT value FROM session_state WHERE name = 'neutral'"
POINTS = (
    "transaction written, not committed",
    "accepted, answer not booked",
    "before the market moves",
)


def assert_alike(killed: Career, undisturbed: Career) -> None:
    killed.assert_sound()
    assert killed.digest == undisturbed.digest
    assert killed.rows(BOOK) == undisturbed.rows(BOOK) != []


@pytest.mark.timeout(300)
def test_kills_leave_the_legs_where_they_were(start: Start) -> None:
    flags = MANY_ORDERS | NEUTRAL
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    assert undisturbed.orders > 12
    career = start("killed", BARS, **flags)
    for point in POINTS:
        assert career.live(kill_at=(point, 5)).killed, point
    career.finish()
    assert_alike(career, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_fifty_kills_leave_the_legs_where_they_were(start: Start) -> None:
    flags = MANY_ORDERS | NEUTRAL
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    draw, kills, number = random.Random(5), 0, 0
    while kills < 50:
        career = start(f"career{number}", BARS, **flags)
        number += 1
        while kills < 50 and not career.done:
            point = draw.choice([*POINTS, *IN_FLIGHT_POINTS])
            kills += career.live(kill_at=(point, draw.randint(1, 12))).killed
        career.finish()
        assert_alike(career, undisturbed)


@pytest.mark.slow
def test_an_engine_that_forgets_what_it_holds_for_whom_is_found_out(start: Start) -> None:
    flags = MANY_ORDERS | NEUTRAL
    right = start("right", BARS, **flags)
    right.finish()
    wrong = start("wrong", BARS, **flags)
    assert wrong.live(kill_at=("transaction committed", 20)).killed
    wrong.finish(rigging="forget_the_legs")
    assert wrong.digest != right.digest
