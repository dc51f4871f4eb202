"""Guards on the machine: what trips, after how long, and that on a virtual clock they only report."""

import pytest

from risk.guard_config import GuardConfig
from risk.guards import Action
from risk.health_guards import FRESH, Health, Watch, recalled, watch
from store.records import TradingState
from tests.risk.guard_fixtures import MINUTE_MS

CONFIG = GuardConfig()


def health(now_ms: int, lag_ms: float = 5.0, skew_ms: float | None = 3.0, venue_up: bool = True) -> Health:
    return Health(now_ms, lag_ms, skew_ms, venue_up)


def run(*measured: Health, acts: bool = True) -> list[tuple[int, Action, str]]:
    watches, seen = FRESH, []
    for one in measured:
        watches, changes = watch(watches, one, CONFIG, acts)
        seen += [(one.now_ms, change.action, change.guard) for change in changes]
    return seen


SECOND = 1_000
SET, CLEARED, NOTE = Action.SET, Action.CLEARED, Action.NOTE


@pytest.mark.parametrize(
    ("measured", "seen"),
    [
        ([health(s * SECOND, lag_ms=251) for s in range(0, 60, 5)], []),
        ([health(s * SECOND, lag_ms=251) for s in range(0, 66, 5)], [(60 * SECOND, SET, "loop_lag")]),
        ([health(s * SECOND, lag_ms=250) for s in range(0, 99, 5)], []),
        ([health(s * SECOND, lag_ms=5 if s == 30 else 999) for s in range(0, 85, 5)], []),
        ([health(0, venue_up=False)], [(0, SET, "venue_down")]),
        ([health(0, skew_ms=2_000)], []),
        ([health(0, skew_ms=-2_001)], [(0, NOTE, "clock_drift")]),
        ([health(0, skew_ms=10_001)], [(0, SET, "clock_skew"), (0, NOTE, "clock_drift")]),
        ([health(0, skew_ms=None)], []),
    ],
    ids=[
        "lag for less than a minute",
        "lag for a minute",
        "lag at its limit",
        "lag with a pause",
        "venue down",
        "2 s off",
        "more than 2 s off warns",
        "more than 10 s off reduces",
        "clock unknown",
    ],
)
def test_what_trips(measured: list[Health], seen: list[tuple[int, Action, str]]) -> None:
    assert run(*measured) == seen


def test_ends_after_five_healthy_minutes_in_a_row() -> None:
    down = [health(0, venue_up=False), health(MINUTE_MS), health(5 * MINUTE_MS, venue_up=False)]
    well = [health(minute * MINUTE_MS) for minute in range(6, 14)]
    assert run(*down, *well) == [(0, SET, "venue_down"), (11 * MINUTE_MS, CLEARED, "venue_down")]


def test_on_a_virtual_clock_they_report_and_do_not_act() -> None:
    well = [health(minute * MINUTE_MS) for minute in range(1, 8)]
    seen = run(health(0, venue_up=False), *well, acts=False)
    assert seen == [(0, NOTE, "venue_down"), (6 * MINUTE_MS, NOTE, "venue_down")]
    _, (change,) = watch(FRESH, health(0, venue_up=False), CONFIG, acts=False)
    assert change.override is None
    assert change.message == "the venue does not answer; reported only"


def test_what_they_set_is_an_override_of_the_book_and_what_they_clear_is_the_same() -> None:
    watches, (change,) = watch(FRESH, health(0, venue_up=False), CONFIG, acts=True)
    assert change.override is not None
    assert (change.override.state, change.override.scope) == (TradingState.REDUCING, "")
    cleared = []
    for minute in range(1, 8):
        watches, changes = watch(watches, health(minute * MINUTE_MS), CONFIG, acts=True)
        cleared += [(one.action, one.override and one.override.name) for one in changes]
    assert cleared == [(CLEARED, change.override.name)]


def test_a_restarted_process_goes_on_waiting() -> None:
    _, (change,) = watch(FRESH, health(0, venue_up=False), CONFIG, acts=True)
    assert change.override is not None
    watches = recalled((change.override,))
    assert Watch("venue_down", tripped=True) in watches
    _, changes = watch(watches, health(MINUTE_MS), CONFIG, acts=True)
    assert changes == ()


def test_a_warning_limit_above_the_blocking_one_is_refused() -> None:
    with pytest.raises(ValueError, match="must not exceed clock_skew_block_ms"):
        GuardConfig(clock_skew_warn_ms=20_000)
