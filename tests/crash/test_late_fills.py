"""Fills that are heard of late are booked where they belong: cash and cost as in the venue's own books."""

from __future__ import annotations

import random

import pytest

from tests.crash.conftest import Start
from tests.crash.kill_points import POINTS
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import MANY_ORDERS

DEAF: Flags = {
    "venue.faults.event_dropped": ".4",
    "venue.faults.event_out_of_order": ".3",
    "venue.faults.position_query_fails": ".5",
    "venue.faults.order_query_fails": ".3",
    "venue.faults.order_query_misses": ".3",
}
BARS, CALM_BARS = 300, 10
KILLS = 10
INSTANTS = tuple(
    name for name in POINTS if not name.startswith(("kill", "weights", "followers", "before cancel"))
)


def come_to_rest(career: Career) -> None:
    """The rest of the run on a venue that can be asked: what no query could prove is known then."""
    assert career.live(bars=career.bars_left - CALM_BARS).code == 0
    career.flags |= dict.fromkeys(DEAF, "0")
    career.finish()
    career.assert_sound()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_a_fill_missed_while_books_cannot_be_compared(start: Start, seed: int) -> None:
    flags = MANY_ORDERS | DEAF | {"run.seed": str(seed)}
    undisturbed = start("undisturbed", BARS, **flags)
    come_to_rest(undisturbed)
    killed = start("killed", BARS, **flags)
    draw = random.Random(seed)
    for _ in range(KILLS if seed else 2):
        killed.live(bars=min(20, killed.bars_left - 1), kill_at=(draw.choice(INSTANTS), draw.randrange(1, 9)))
    come_to_rest(killed)
    assert killed.digest == undisturbed.digest
