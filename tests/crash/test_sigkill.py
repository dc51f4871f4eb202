"""Killed with SIGKILL at any instant and started again, a run ends with the digest of one that nobody disturbed."""

from __future__ import annotations

import random
from functools import partial

import pytest

from engine.venues.config import FaultProbabilities
from tests.crash.campaign import kill_repeatedly
from tests.crash.cold import killed_cold
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
DEAF: Flags = FAULTS | {
    "venue__faults__event_dropped": ".3",
    "venue__faults__order_query_fails": ".4",
    "venue__faults__order_query_misses": ".4",
    "venue__faults__position_query_fails": ".3",
}
"""The ends of many orders are heard of by nothing but questions, and those are often asked in vain."""
WORST: Flags = {f"venue__faults__{kind}": ".2" for kind in FaultProbabilities.model_fields}
"""Everything goes wrong, and two answers of three never come."""
MANY_ORDERS: Flags = {"risk__buffer_fraction": "0.01", "risk__trades_per_day": "5000"}
TRAILING: Flags = {"risk__trail_atr": "1"}
"""Near enough that some are reached within days."""

SHADOWS = (
    "SELECT * FROM signal_days ORDER BY day_ms, signal",
    "SELECT value FROM session_state WHERE name = 'shadow'",
)
"""What signals earned by themselves, of days that ended and of the one in progress."""

COLD_KILLS, COLD_BARS = 10, 8_000
FIRST_DAY = "20220701"
"""Early enough to be quick, late enough for every signal to speak."""

KINDS = pytest.mark.parametrize("faults", [{}, FAULTS], ids=["plain", "faults"])


@pytest.mark.timeout(300)
@KINDS
def test_twenty_kills_change_nothing(start_recorded: Start, faults: Flags) -> None:
    survive(partial(start_recorded, first_day=FIRST_DAY), faults, kills=20, bars=60)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@KINDS
def test_two_hundred_kills_change_nothing(start_recorded: Start, faults: Flags) -> None:
    survive(partial(start_recorded, first_day=FIRST_DAY), faults, kills=200, bars=600)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@KINDS
def test_two_hundred_kills_change_nothing_in_the_embedded_market(start: Start, faults: Flags) -> None:
    survive(start, faults, kills=200, bars=600)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("faults", [{}, DEAF], ids=["plain", "deaf"])
def test_kills_leave_trailing_stops_where_they_were(start: Start, faults: Flags) -> None:
    survive(start, TRAILING | faults, kills=10, bars=60)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@KINDS
def test_two_hundred_kills_leave_trailing_stops_where_they_were(start: Start, faults: Flags) -> None:
    survive(start, TRAILING | faults, kills=200, bars=600)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("faults", [DEAF, WORST], ids=["deaf", "worst"])
def test_a_hundred_kills_change_nothing_where_most_answers_are_lost(start: Start, faults: Flags) -> None:
    survive(start, TRAILING | faults, kills=100, bars=300)


@pytest.mark.slow
@pytest.mark.timeout(600)
@KINDS
def test_cold_lives_change_nothing(start_recorded: Start, faults: Flags) -> None:
    """The command itself, as systemd would start it: kernels loaded anew, threads, control socket and all."""
    flags = MANY_ORDERS | faults
    undisturbed = start_recorded("undisturbed", COLD_BARS, FIRST_DAY, **flags)
    undisturbed.finish()
    career = start_recorded("cold", COLD_BARS, FIRST_DAY, **flags)
    draw = random.Random(len(faults))
    assert career.live(kill_at=("before send", 3)).killed
    for _ in range(COLD_KILLS):
        assert killed_cold(career, draw.uniform(0.0, 0.3)), "too few bars for so many kills"
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed.digest


def survive(start: Start, faults: Flags, kills: int, bars: int) -> None:
    """One undisturbed run, then kills until they are enough; digests, books and audit must agree."""
    flags = MANY_ORDERS | faults
    undisturbed = start("undisturbed", bars, **flags)
    ending = undisturbed.finish()
    undisturbed.assert_sound()
    bar_s = (ending.seconds - (ending.ready_s or 0.0)) / bars
    toll = kill_repeatedly(lambda name: start(name, bars, **flags), kills, seed=bars, bar_s=bar_s)
    assert toll.enough(kills)
    for career in toll.careers:
        career.assert_sound()
        assert career.digest == undisturbed.digest
        assert career.told.fills.keys() == undisturbed.told.fills.keys()
        for sql in SHADOWS:
            assert career.rows(sql) == undisturbed.rows(sql)
