"""SIGKILL at every await on the way of an order to the venue, and of a cancel: enumerated, not drawn."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Start
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

ON_THE_WAY = (
    "transaction begun",
    "transaction written, not committed",
    "transaction committed",
    "before send",
    "venue written, not committed",
    "accepted, answer not booked",
    "order looked up",
    "sent, not told",
    "before the market moves",
    "market moved, news not booked",
    "news heard",
    "books asked",
)
BARS_A_LIFE, BARS_A_ROUND = 8, 100

SLOWLY_FILLED: Flags = {
    "execution__order_type": "limit",
    "venue__limit_life_bars": "50",
    "venue__volume_share": "0.0000001",
    "risk__buffer_fraction": "0.01",
}
CANCELLING = (
    "transaction committed",
    "before cancel",
    "cancelled, answer not booked",
)
LOST_CANCELS: Flags = {
    "venue__faults__cancel_lost_before": ".4",
    "venue__faults__cancel_lost_after": ".3",
    "venue__faults__order_query_fails": ".2",
}


def kill_at_each(career: Career, times: tuple[int, ...]) -> None:
    for count in times:
        for point in ON_THE_WAY:
            ending = career.live(bars=BARS_A_LIFE, kill_at=(point, count))
            assert ending.killed or ending.code == 0, f"{point} {count}: {ending.output}"


@pytest.mark.parametrize(
    ("times", "faults"),
    [
        pytest.param((2,), {}, id="second"),
        pytest.param((1, 2, 3, 5), {}, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(
            (1, 2, 3, 5), FAULTS, id="many-faults", marks=[pytest.mark.slow, pytest.mark.timeout(600)]
        ),
    ],
)
def test_a_kill_at_any_await_of_submit_changes_nothing(
    start: Start, times: tuple[int, ...], faults: Flags
) -> None:
    flags = MANY_ORDERS | faults
    bars = BARS_A_ROUND * len(times)
    undisturbed = start("undisturbed", bars, **flags)
    undisturbed.finish()
    career = start("killed", bars, **flags)
    kill_at_each(career, times)
    career.finish()
    career.assert_sound()
    assert career.digest == undisturbed.digest


@pytest.mark.parametrize(
    "faults",
    [pytest.param({}, id="plain"), pytest.param(LOST_CANCELS, id="lost cancels", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("point", CANCELLING)
def test_a_kill_at_any_await_of_cancel_leaves_no_entry_behind(
    start: Start, point: str, faults: Flags
) -> None:
    career = start("cancelling", 12, **SLOWLY_FILLED | faults)
    times = 11 if point == "transaction committed" else 2
    ending = career.live(kill_at=(point, times), commands=((6, "reduce", {}),))
    assert ending.killed or faults, ending.output
    assert any(order["purpose"] == "open" for order in career.told.orders.values())
    career.finish()
    career.assert_sound()
    if career.rows("SELECT 1 FROM overrides WHERE name = 'operator reduce'"):
        left = [name for name, order in career.told.working.items() if order["purpose"] == "open"]
        assert left == []
