"""Killed while signals in shadow follow the decisions, an engine ends with the digest of one that was not, and its
followers with the same readings and the same record."""

from __future__ import annotations

import json
import random

import pytest

from store.check import check
from strategies.registry import BUILT_IN
from tests.crash.conftest import Start
from tests.crash.kill_points import IN_FLIGHT_POINTS
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import MANY_ORDERS

FLAGS: Flags = MANY_ORDERS | {"signals__shadow": "on"}
LEGS: Flags = FLAGS | {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "sim__start": "2024-04-15",
    **{f"signals__{name}__dead_band": "0" for name in ("A9", "C7", "C8")},
    **{f"signals__{name}__cost_bps": "0" for name in ("A4", "A7", "A8")},
}
"""Those that would hold pairs, options and perpetuals of two venues hold some."""
OF_THEIRS = (
    "followers: before they take bars",
    "followers: bars taken, not durable",
    "followers: looked at",
)
OTHERS = ("transaction written, not committed", "transaction committed", *IN_FLIGHT_POINTS)
ROWS = (
    "SELECT * FROM readings ORDER BY signal, ts_ms",
    "SELECT * FROM followed_days ORDER BY day_ms, signal",
)
STATES = "SELECT name, value FROM session_state WHERE name LIKE 'followed%'"


def alike(killed: Career, undisturbed: Career) -> None:
    killed.assert_sound()
    assert not check(killed.database).findings
    assert killed.digest == undisturbed.digest
    for sql in ROWS:
        assert killed.rows(sql) == undisturbed.rows(sql) != []
    assert in_progress(killed) == in_progress(undisturbed)
    assert {name for (name,) in killed.rows("SELECT DISTINCT signal FROM readings")} == {
        kind.name for kind in BUILT_IN
    }


def in_progress(career: Career) -> list[object]:
    """Their running books; what earlier days left behind is nobody's."""
    states = dict(career.rows(STATES))
    slots = json.loads(states["followed"].partition(b"\n")[0])["slots"]
    return [
        states["followed"],
        states["followed cursor"],
        *(states[f"followed pairs {n}"] for n in range(slots)),
    ]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("flags", [FLAGS, LEGS], ids=["all", "legs of several instruments"])
def test_kills_while_they_follow_change_nothing(start: Start, flags: Flags) -> None:
    bars = 60
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    career = start("killed", bars, **flags)
    for point in OF_THEIRS:
        assert career.live(bars=13, kill_at=(point, 1)).killed, point
    assert career.live(kill_at=("accepted, answer not booked", 2)).killed
    career.finish()
    alike(career, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_fifty_kills_beside_them_change_nothing(start: Start) -> None:
    bars, paced = 300, FLAGS | {"run__speed": "36000"}
    undisturbed = start("undisturbed", bars, **FLAGS)
    undisturbed.finish()
    draw, kills, number = random.Random(11), 0, 0
    while kills < 50:
        career = start(f"career{number}", bars, **paced)
        number += 1
        while kills < 50 and not career.done:
            point = draw.choice([*OF_THEIRS, *OTHERS])
            kills += career.live(
                bars=min(40, career.bars_left - 1), kill_at=(point, draw.randint(1, 12))
            ).killed
        career.finish()
        alike(career, undisturbed)
