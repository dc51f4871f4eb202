"""The performance guard: from what ratio on, in which steps, and how each step ends."""

import math

import numpy as np
import pytest

from risk.guard_config import GuardConfig
from risk.guard_state import PerformanceState, Phase
from risk.guards import Action
from risk.performance_guard import close_day, multiplier, sharpe_ratio
from store.records import TradingState
from tests.risk.guard_fixtures import Book, bar, trip

CONFIG = GuardConfig()


def state_with(ratio: float, trips: int = 30, days: int = 90) -> PerformanceState:
    """Equities whose daily returns have exactly the given annualised Sharpe ratio."""
    noise = np.array([1.0, -1.0] * (days // 2))
    mean = ratio / math.sqrt(365) * noise.std(ddof=1)
    equities = np.cumprod(np.r_[100_000.0, 1 + 0.001 * (noise + mean)])
    return PerformanceState(tuple(equities.tolist()), (0,) * (days - 1) + (trips,))


@pytest.mark.parametrize("ratio", [-5.0, -3.0, -1.0, 0.0, 2.5])
def test_ratio_by_construction(ratio: float) -> None:
    assert sharpe_ratio(state_with(ratio), CONFIG) == pytest.approx(ratio, abs=1e-9)


@pytest.mark.parametrize(
    "state",
    [
        state_with(-5.0, trips=29),
        state_with(-5.0, days=88),
        PerformanceState((100.0,) * 91, (1,) * 90),
        PerformanceState((*(100.0 - n for n in range(90)), -1.0), (1,) * 90),
    ],
    ids=["29 round trips", "88 days", "no variation", "no equity left"],
)
def test_ratio_does_not_exist(state: PerformanceState) -> None:
    assert sharpe_ratio(state, CONFIG) is None


def phases(belows: list[bool], monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Phase]]:
    """The days on which the phase changes, for days below (True) or above the limit."""
    ratios = iter(-4.0 if below else None for below in belows)
    monkeypatch.setattr("risk.performance_guard.sharpe_ratio", lambda state, config: next(ratios))
    state, changes = PerformanceState(), []
    for day, _ in enumerate(belows):
        before = state.phase
        state = close_day(state, 100.0, CONFIG)
        if state.phase is not before:
            changes.append((day, state.phase))
    return changes


HALVED, REDUCING, WELL = Phase.HALVED, Phase.REDUCING, Phase.WELL


@pytest.mark.parametrize(
    ("belows", "expected"),
    [
        ([True] * 60, [(0, HALVED), (10, REDUCING), (40, WELL), (41, HALVED), (51, REDUCING)]),
        ([True] + [False] * 12, [(0, HALVED), (10, WELL)]),
        ([True] * 2 + [False] * 12, [(0, HALVED), (10, REDUCING), (11, WELL)]),
        ([True] * 5 + [False] * 9 + [True] + [False] * 12, [(0, HALVED), (10, REDUCING), (24, WELL)]),
        ([False] * 30, []),
    ],
    ids=[
        "always below: halved, 10 days later reducing, 30 days later free, and again",
        "above (or undefined) for 10 days",
        "the 10 days above may begin while halved and end while reducing",
        "a day below begins the count of days above anew",
        "never",
    ],
)
def test_steps(
    belows: list[bool], expected: list[tuple[int, Phase]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert phases(belows, monkeypatch) == expected


def test_a_losing_book_is_halved_then_reduced_then_released() -> None:
    book, equity, seen = Book(), 100_000.0, []
    for day in range(160):
        phase = book.state.performance.phase
        losing = phase is not REDUCING
        equity *= 0.997 + 0.002 * (day % 2) if losing else 1.0
        booked = trip("-1") if losing else ()
        book.see(
            bar(day * 24 + 12, equity=equity, high_water_mark=equity, booked=booked),
            bar(day * 24 + 24, equity=equity, high_water_mark=equity),
        )
        if book.state.performance.phase is not phase:
            told = [(change.action, change.guard) for change in book.changes]
            seen.append((day, book.state.performance.phase, multiplier(book.state.performance, CONFIG), told))
    # The first day's end is the first equity; 90 returns exist 90 days later.
    assert seen[:3] == [
        (90, HALVED, 0.5, [(Action.NOTE, "performance")]),
        (100, REDUCING, 0.5, [(Action.SET, "performance")]),
        (130, WELL, 1.0, [(Action.CLEARED, "performance")]),
    ]
    assert book.limits.consecutive_losses < 90


def test_reducing_is_the_books_state() -> None:
    book = Book(state=Book().see(bar(0)).state)
    halved = state_with(-5.0)
    book.state = book.state.__class__(
        day=book.state.day,
        performance=PerformanceState(halved.equities, halved.round_trips, 0, HALVED, 9, 0),
    )
    last = halved.equities[-1] * 0.999
    book.see(bar(24, equity=last, high_water_mark=last))
    assert book.trading_state is TradingState.REDUCING
    assert book.override("performance").ends == "10 days above, or 30 days"


def test_days_without_bars_count_as_days_without_change() -> None:
    book = Book().see(bar(12), bar(24), bar(24 * 5 + 1, equity=90_000.0, high_water_mark=90_000.0))
    assert book.state.performance.equities == (*(100_000.0,) * 4, 90_000.0)


def test_round_trips_belong_to_the_day_that_ends() -> None:
    book = Book().see(bar(0), bar(5, booked=trip("5")), bar(24, booked=trip("5")), bar(30, booked=trip("5")))
    assert book.state.performance.round_trips == (0, 2)
    assert book.state.performance.round_trips_today == 1


def test_memory_is_bounded() -> None:
    state = PerformanceState()
    for day in range(400):
        state = close_day(state, 100.0 + day, CONFIG)
    assert (len(state.equities), len(state.round_trips)) == (91, 90)
