"""Killed with SIGKILL at any instant and started again, a run ends with the digest of one that nobody disturbed."""

from __future__ import annotations

import pytest

from tests.crash.campaign import kill_repeatedly
from tests.crash.conftest import Start
from tests.crash.life import Flags

FAULTS: Flags = {
    "venue__faults__submit_lost_before_accept": ".15",
    "venue__faults__submit_lost_after_accept": ".15",
    "venue__faults__event_repeated": ".1",
    "venue__faults__event_out_of_order": ".1",
    "venue__faults__event_dropped": ".1",
    "venue__faults__fill_before_acknowledgement": ".2",
    "venue__faults__order_query_fails": ".2",
    "venue__faults__order_query_misses": ".2",
    "venue__faults__position_query_fails": ".1",
    "venue__faults__funding_twice": ".3",
    "venue__faults__rate_limited": ".1",
}
MANY_ORDERS: Flags = {"risk__buffer_fraction": "0.01", "risk__trades_per_day": "5000"}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["plain", "faults"])
def test_twenty_kills_change_nothing(start: Start, faults: Flags) -> None:
    survive(start, faults, kills=20, bars=60)


@pytest.mark.slow
@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["plain", "faults"])
def test_two_hundred_kills_change_nothing(start: Start, faults: Flags) -> None:
    survive(start, faults, kills=200, bars=600)


def survive(start: Start, faults: Flags, kills: int, bars: int) -> None:
    """One undisturbed run, then kills until they are enough; digests, books and audit must agree."""
    flags = MANY_ORDERS | faults
    undisturbed = start("undisturbed", bars, **flags)
    ending = undisturbed.finish()
    undisturbed.assert_sound()
    bar_s = (ending.seconds - (ending.ready_s or 0.0)) / bars
    toll = kill_repeatedly(lambda name: start(name, bars, **flags), kills, seed=bars, bar_s=bar_s)
    assert toll.kills == kills
    assert toll.in_flight == kills // 2
    for career in toll.careers:
        career.assert_sound()
        assert career.digest == undisturbed.digest
        assert career.told.fills.keys() == undisturbed.told.fills.keys()
