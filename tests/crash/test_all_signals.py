"""Killed with every signal on or in shadow and its weights being estimated anew, an engine ends as one that was not."""

from __future__ import annotations

import random

import pytest

from engine import estimates
from store import weight_rows
from store.check import check
from store.records import SignalClass
from strategies.registry import BUILT_IN
from tests.crash.books import compare
from tests.crash.conftest import Start
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS, SHADOWS
from tests.crash.test_weights import EVERY_DAY, POINTS

IN_SHADOW = ("A4", "A7", "A8", "A9", "B2", "B6", "C7", "C8")
"""Computed, recorded and judged without a weight; the others have one."""
WEIGHED = [kind.name for kind in BUILT_IN if kind.name not in IN_SHADOW]
EVERY_SIGNAL: Flags = {
    **{f"signals__{kind.name}__enabled": "true" for kind in BUILT_IN},
    **{f"signals__{name}__weight": "0.1" for name in WEIGHED},
    **{f"signals__{name}__weight": "0" for name in IN_SHADOW},
    "run__symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT,ADAUSDT,DOGEUSDT",
    "signals__A6__fewest": "3",
    "signals__C6__window": "100",
    "signals__C6__fewest": "5",
}
OTHER_POINTS = ("transaction written, not committed", "accepted, answer not booked", "news heard")
READINGS = "SELECT * FROM readings ORDER BY signal, ts_ms"


def alike(killed: Career, undisturbed: Career) -> None:
    """Digest, weights, readings of every signal, and what each had earned by itself. News of the last bar that a fault
    dropped is asked for at the next start only: what the venue's books hold beyond ours is alike as well."""
    assert not check(killed.database).findings
    assert compare(killed.database) == compare(undisturbed.database)
    assert killed.digest == undisturbed.digest
    rows = weight_rows.read(killed.database)
    assert any(row.result for row in rows)
    assert rows == weight_rows.read(undisturbed.database)
    assert estimates.check(killed.database) == []
    for sql in (*SHADOWS, READINGS):
        assert killed.rows(sql) == undisturbed.rows(sql)


@pytest.mark.timeout(240)
def test_a_kill_with_every_signal_on_changes_nothing(start: Start) -> None:
    """An estimate is under way at each kill but the last: asked at the end of a day, in effect six bars later. The past
    is so short that what reads more than a quarter of daily bars says only that it warms up."""
    bars, flags = 58, MANY_ORDERS | EVERY_DAY | EVERY_SIGNAL | {"sim__history_days": "110"}
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    spoken = {name for (name,) in undisturbed.rows("SELECT DISTINCT signal FROM readings")}
    assert spoken == {kind.name for kind in BUILT_IN}
    career = start("killed", bars, **flags)
    career.live(bars=45)
    for point in (*POINTS, "accepted, answer not booked"):
        assert career.live(kill_at=(point, 1)).killed, point
    career.finish()
    career.assert_sound()
    alike(career, undisturbed)
    classes = {row[0] for row in undisturbed.rows("SELECT kind FROM weights")}
    assert {SignalClass.DIRECTIONAL, SignalClass.NEUTRAL} <= classes


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["plain", "faults"])
def test_fifty_kills_with_every_signal_on_change_nothing(start: Start, faults: Flags) -> None:
    """A hundred with the two of them, of which most fall while an estimate is under way."""
    bars, flags = 300, MANY_ORDERS | EVERY_DAY | EVERY_SIGNAL | faults
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    draw, kills, number = random.Random(len(faults)), 0, 0
    while kills < 50:
        career = start(f"career{number}", bars, **flags)
        number += 1
        while kills < 50 and not career.done:
            point = draw.choice(POINTS if draw.random() < 0.7 else OTHER_POINTS)
            kills += career.live(kill_at=(point, draw.randint(1, 3))).killed
        career.finish()
        career.assert_sound()
        alike(career, undisturbed)
