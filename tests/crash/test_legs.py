"""Killed while coins are held against perpetuals, an engine ends with both sides, their funding and the digest of one
that was not."""

from __future__ import annotations

import random

import pytest

from store.check import check
from tests.crash.books import compare
from tests.crash.conftest import Start
from tests.crash.kill_points import IN_FLIGHT_POINTS
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

CARRY: Flags = {
    "run__symbols": "BTCUSDT,ETHUSDT,SOLUSDT",
    "sim__history_days": "110",
    "signals__A4__enabled": "true",
    "signals__A4__weight": "0.5",
    "signals__A4__cost_bps": "0",
    "signals__C5__enabled": "true",
    "signals__C5__weight": "0.5",
    "signals__C5__samples": "100",
}
"""So short a past that only neutral signals speak."""
BARS = 40
BASIS: Flags = {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "sim__start": "2024-03-25",
    "sim__history_days": "110",
    "signals__A7__enabled": "true",
    "signals__A7__weight": "1",
    "signals__A7__interest": "0",
    "signals__A7__cost_bps": "0",
    **{f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")},
}
UNTIL_EXPIRY = 104
"""Bars until the futures of March expire, which are held then."""
FUNDING = "SELECT symbol, ts_ms, amount FROM funding ORDER BY ts_ms, symbol"
POINTS = (
    "transaction written, not committed",
    "accepted, answer not booked",
    "before the market moves",
)


def assert_alike(killed: Career, undisturbed: Career) -> None:
    assert not check(killed.database).findings
    # News of the last bar that a fault dropped is asked for at the next start only.
    assert compare(killed.database) == compare(undisturbed.database)
    assert killed.digest == undisturbed.digest
    assert killed.rows(FUNDING) == undisturbed.rows(FUNDING) != []
    assert {"BTCSPOT", "BTCUSDT"} <= set(killed.told.positions)


@pytest.mark.slow
def test_kills_leave_both_sides_where_they_were(start: Start) -> None:
    flags = MANY_ORDERS | CARRY
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    career = start("killed", BARS, **flags)
    for point in POINTS:
        assert career.live(kill_at=(point, 1)).killed, point
    career.finish()
    assert_alike(career, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["no faults", "faults"])
def test_kills_around_an_expiry_settle_once(start: Start, faults: Flags) -> None:
    """At every kill point, one to four bars before the last bar of the contract is over."""
    flags, bars = MANY_ORDERS | BASIS | faults, UNTIL_EXPIRY + 6
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    settled = "SELECT fill_id, price, quantity, fee FROM fills WHERE fill_id LIKE 'exp%'"
    assert len(undisturbed.rows(settled)) == 1
    for number, point in enumerate((*POINTS, "market moved, news not booked", "transaction committed")):
        career = start(f"career{number}", bars, **flags)
        career.live(bars=UNTIL_EXPIRY - 2)
        for passes in (1, 2, 1):
            if not career.done:
                career.live(kill_at=(point, passes))
        assert any(ending.killed for ending in career.endings), point
        career.finish()
        assert not check(career.database).findings
        assert compare(career.database) == compare(undisturbed.database)
        assert career.digest == undisturbed.digest
        assert career.rows(settled) == undisturbed.rows(settled)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["no faults", "faults"])
def test_fifty_kills_leave_both_sides_where_they_were(start: Start, faults: Flags) -> None:
    flags = MANY_ORDERS | CARRY | faults
    undisturbed = start("undisturbed", BARS, **flags)
    undisturbed.finish()
    draw, kills, number = random.Random(5), 0, 0
    while kills < 50:
        career = start(f"career{number}", BARS, **flags)
        number += 1
        while kills < 50 and not career.done:
            point = draw.choice([*POINTS, *IN_FLIGHT_POINTS])
            kills += career.live(kill_at=(point, draw.randint(1, 8))).killed
        career.finish()
        assert_alike(career, undisturbed)
