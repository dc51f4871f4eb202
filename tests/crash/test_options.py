"""Killed while options are held, and around their expiry, an engine ends with the positions, the settlements and the
digest of one that was not."""

from __future__ import annotations

import pytest

from store.check import check
from tests.crash.books import compare
from tests.crash.conftest import Start
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_legs import POINTS
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

NAMES = ("A9", "C7", "C8")
EVERY: Flags = {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "run__bar": "4h",
    "run__seed": "6",
    "sim__start": "2024-04-13",
    "sim__history_days": "110",
    **{f"signals__{name}__enabled": "true" for name in NAMES},
    **{f"signals__{name}__weight": "0.3" for name in NAMES},
    **{f"signals__{name}__dead_band": "0" for name in NAMES},
    **{f"signals__{name}__bar": "4h" for name in NAMES},
    **{f"signals__{name}__days": "100" for name in NAMES},
    **{f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")},
}
UNTIL_EXPIRY = 34 * 6 + 2
"""Bars until the calls and puts expire that are sold at the start, and in this market are held until then."""
SETTLED = "SELECT fill_id, price, quantity, fee FROM fills WHERE fill_id LIKE 'exp%' ORDER BY fill_id"


def assert_alike(killed: Career, undisturbed: Career) -> None:
    assert not check(killed.database).findings
    assert compare(killed.database) == compare(undisturbed.database)
    assert killed.digest == undisturbed.digest
    assert killed.told.positions == undisturbed.told.positions
    assert killed.rows(SETTLED) == undisturbed.rows(SETTLED)


def test_kills_leave_options_where_they_were(start: Start) -> None:
    flags = MANY_ORDERS | EVERY
    undisturbed = start("undisturbed", 20, **flags)
    undisturbed.finish()
    career = start("killed", 20, **flags)
    for point in POINTS:
        assert career.live(kill_at=(point, 2)).killed, point
    career.finish()
    assert_alike(career, undisturbed)
    assert any(symbol[9:10] == "P" for symbol in career.told.positions)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["no faults", "faults"])
def test_kills_around_an_expiry_settle_once(start: Start, faults: Flags) -> None:
    """At every kill point, one to four bars before the last bar of the contracts is over."""
    flags, bars = MANY_ORDERS | EVERY | faults, UNTIL_EXPIRY + 6
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    assert len(undisturbed.rows(SETTLED)) >= 2
    for number, point in enumerate((*POINTS, "market moved, news not booked", "transaction committed")):
        career = start(f"career{number}", bars, **flags)
        career.live(bars=UNTIL_EXPIRY - 2)
        for passes in (1, 2, 1):
            if not career.done:
                career.live(kill_at=(point, passes))
        assert any(ending.killed for ending in career.endings), point
        career.finish()
        assert_alike(career, undisturbed)
