"""The books that signals would have had by themselves: earned, paid, judged and split as the words of `engine.shadow`
say, bar by bar, against a few lines of plain arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine import shadow_days
from engine import shadow_kernel as at
from engine.neutral_positions import neutral_positions
from engine.shadow_days import ShadowDays, SignalHealth, rank_correlation, record, with_today
from store.rows import SignalDay
from strategies.classical.legs import own_legs
from strategies.evidence import cross_section

FloatArray = NDArray[np.float64]

K, S, BARS = 5, 3, 60
RATE = np.array([0.0007, 0.0005, 0.001])
KINDS = np.array([at.SIZED, at.SIZED, at.LEGS, at.OVERLAY_LONG, at.OVERLAY_BOTH])
WEIGHT = np.array([0.6, 0.4, 0.0, 0.0, 0.0])
HOUR_MS, HOLD_MS = 3_600_000, 3.0 * 3_600_000


class World:
    """Bars drawn at random: closes, what each signal says of each symbol, and what the account holds."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.01, (BARS + 1, S)), axis=0))
        self.unit = np.clip(draw.normal(0.0, 0.6, (BARS, K, S)), -1.0, 1.0)
        self.unit[draw.random((BARS, K, S)) < 0.3] = np.nan
        self.average = draw.uniform(0.05, 0.2, (BARS, S)) * (draw.random((BARS, S)) > 0.1)
        self.forecast = draw.normal(0.0, 0.5, (BARS, S))
        self.current = draw.normal(0.0, 0.2, (BARS, S))
        self.legs = np.zeros((BARS, S))
        self.spoke = draw.random((BARS, K)) < 0.5


def folded(world: World, weight: FloatArray = WEIGHT) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The positions after each bar [BARS, K, S], the sums of the whole time, and all that was judged."""
    book, day = np.zeros((at.BOOK_ROWS, K, S)), np.zeros((K, at.DAY_COLUMNS))
    book[[at.SCORE, at.ANCHOR]] = np.nan
    held, judged = [], []
    for bar in range(BARS):
        verdict = np.full((at.JUDGED_ROWS, K, S), np.nan)
        at.fold(
            (bar + 1) * HOUR_MS,
            HOLD_MS,
            world.close[bar + 1],
            world.close[bar],
            world.current[bar],
            world.legs[bar],
            world.average[bar],
            RATE,
            world.forecast[bar],
            world.unit[bar],
            world.unit[bar],
            KINDS,
            weight,
            world.spoke[bar],
            book,
            day,
            verdict,
        )
        held.append(book[at.HELD].copy())
        judged.append(verdict)
    return np.array(held), day, np.array(judged)


def wanted(world: World, bar: int, k: int, s: int) -> float:
    unit, size, forecast = world.unit[bar, k, s], world.average[bar, s], world.forecast[bar, s]
    if KINDS[k] == at.SIZED:
        return float(2 * unit * size)
    if KINDS[k] == at.LEGS:
        return float(unit)
    applies = KINDS[k] == at.OVERLAY_BOTH or forecast > 0.0
    return float(2 * forecast * unit * size) if applies or math.isnan(unit) else 0.0


@pytest.mark.parametrize("seed", range(3))
def test_a_position_is_twice_the_average_one_at_full_conviction_and_outlives_silence_only_so_long(
    seed: int,
) -> None:
    world = World(seed)
    held, _, _ = folded(world)
    for k in range(K):
        for s in range(S):
            before, heard = 0.0, -math.inf
            for bar in range(BARS):
                now = wanted(world, bar, k, s)
                if not math.isnan(now):
                    heard = bar
                elif bar - heard <= 3 and (world.average[bar, s] > 0.0 or KINDS[k] == at.LEGS):
                    now = before
                else:
                    now = 0.0
                assert held[bar, k, s] == pytest.approx(now, abs=1e-15)
                before = now


def test_a_neutral_signal_holds_its_legs_and_never_more_than_its_budget() -> None:
    symbols, q = ("AUSDT", "BUSDT", "CUSDT"), np.array([1.0, 0.5, np.nan])
    ranks = np.array([1.0, -1.0, np.nan])
    held = neutral_positions(
        cross_section.KIND.build(cross_section.KIND.settings()).legs, symbols, ranks, ranks * q
    )
    assert held.tolist() == [0.5, -0.25, 0.0]
    net = np.array([0.9, -0.6, 0.5])
    held = neutral_positions(own_legs, symbols, net, net)
    assert held == pytest.approx(net / 2.0)
    assert np.isnan(neutral_positions(own_legs, symbols, net * np.nan, net * np.nan)).all()


def test_a_neutral_signal_whose_instruments_are_not_listed_holds_nothing() -> None:
    said = np.array([0.9, np.nan])
    assert neutral_positions(None, ("AUSDT", "BUSDT"), said, said).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_held_earns_the_next_return_and_a_change_costs_fee_and_half_spread(seed: int) -> None:
    world = World(seed)
    held, day, _ = folded(world)
    returns = world.close[1:] / world.close[:-1] - 1.0
    before = np.concatenate([np.zeros((1, K, S)), held[:-1]])
    assert day[:, at.GROSS] == pytest.approx((before * returns[:, np.newaxis]).sum(axis=(0, 2)))
    traded = np.abs(held - before)
    assert day[:, at.TURNOVER] == pytest.approx(traded.sum(axis=(0, 2)))
    assert day[:, at.COST] == pytest.approx((traded * RATE).sum(axis=(0, 2)))


@pytest.mark.parametrize("seed", range(3))
def test_a_reading_is_judged_by_the_return_until_its_signal_speaks_again_and_zeros_are_not_counted(
    seed: int,
) -> None:
    world = World(seed)
    world.unit[:, 0] = np.where(world.unit[:, 0] > 0.3, 0.0, world.unit[:, 0])
    _, day, judged = folded(world)
    for k in range(K):
        spoken = np.flatnonzero(world.spoke[:, k])
        hits = misses = 0
        for first, second in pairwise(spoken):
            outcome = world.close[second + 1] / world.close[first + 1] - 1.0
            score = world.unit[first, k]
            known = ~np.isnan(score)
            np.testing.assert_allclose(judged[second, at.OUTCOME, k, known], outcome[known])
            np.testing.assert_array_equal(judged[second, at.READING, k], score)
            hits += int((score[known] * outcome[known] > 0).sum())
            misses += int((score[known] * outcome[known] < 0).sum())
        assert (day[k, at.HITS], day[k, at.MISSES]) == (hits, misses)
        assert day[k, at.READINGS] == spoken.size * S
        assert day[k, at.OPINIONS] == np.isfinite(world.unit[spoken, k]).sum()


def test_what_the_account_earned_is_split_by_parts_of_the_forecast_and_nobody_s_where_they_cancel() -> None:
    world = World(7)
    world.unit[:, 0], world.unit[:, 1] = 0.5, -0.25
    _, day, _ = folded(world)
    returns = world.close[1:] / world.close[:-1] - 1.0
    earned = (world.current * returns / (1.0 + returns))[1:].sum()
    parts = np.array([0.6 * 0.5, 0.4 * -0.25])
    assert day[:2, at.ATTRIBUTION] == pytest.approx(earned * parts / parts.sum())
    assert day[2:, at.ATTRIBUTION] == pytest.approx(0.0)
    world.unit[:, 1] = -0.75
    _, day, _ = folded(world)
    assert day[:, at.ATTRIBUTION] == pytest.approx(0.0)


def test_what_was_held_for_legs_earned_for_the_signals_they_are_of_and_not_for_the_forecast() -> None:
    world = World(8)
    world.unit[:, 0], world.unit[:, 1], world.unit[:, 2] = 0.5, -0.25, 0.1
    world.legs = 0.25 * world.current
    _, day, _ = folded(world, np.array([0.6, 0.4, 1.0, 0.0, 0.0]))
    returns = world.close[1:] / world.close[:-1] - 1.0
    earned = (world.current * returns / (1.0 + returns))[1:].sum()
    parts = np.array([0.6 * 0.5, 0.4 * -0.25])
    assert day[:2, at.ATTRIBUTION] == pytest.approx(0.75 * earned * parts / parts.sum())
    assert day[2, at.ATTRIBUTION] == pytest.approx(0.25 * earned)


@pytest.mark.parametrize(
    ("first", "second", "coefficient"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 40], 1.0),
        ([1, 2, 3, 4], [40, 30, 20, 10], -1.0),
        ([1, 2, 2, 4], [1, 2, 3, 4], 0.9486832980505138),
        ([0, 0, 0], [1, 2, 3], None),
        ([1, 2], [1, 2], None),
    ],
)
def test_ranks_are_correlated_and_ties_share_theirs(
    first: list[float], second: list[float], coefficient: float | None
) -> None:
    found = rank_correlation(np.array(first, dtype=float), np.array(second, dtype=float))
    assert found == (None if coefficient is None else pytest.approx(coefficient))


def day(
    day_ms: int, signal: str, pnl: float = 0.01, coefficient: float | None = 0.1, hits: int = 3
) -> SignalDay:
    return SignalDay(
        day_ms, signal, 24, pnl, pnl + 0.001, 0.001, 0.5, 0.002, 0.4, hits, 1, 5, 4, coefficient, {"OK": 4, "GAP": 1}
    )  # fmt: skip


DAY_MS = 86_400_000


def test_returns_stand_in_the_order_of_signals_and_days_with_holes_where_a_signal_had_no_day() -> None:
    days = ShadowDays(("A", "B"), [day(DAY_MS, "A", 0.01), day(0, "B", 0.02), day(DAY_MS, "C", 0.5)])
    np.testing.assert_array_equal(days.returns, [[math.nan, 0.02], [0.01, math.nan]])
    np.testing.assert_array_equal(days.day_ms, [0, DAY_MS])
    np.testing.assert_array_equal(days.of(("C",)).returns, [[0.5]])
    days.add(day(n * DAY_MS, "A") for n in range(2, 800))
    assert days.returns.shape == (730, 2)
    assert days.day_ms[-1] == 799 * DAY_MS
    assert ShadowDays(("A",)).returns.shape == (0, 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from("ABC"), st.integers(0, 2**32 - 1)), max_size=60
    ).map(lambda told: sorted(told, key=lambda one: one[0] + one[2] % 2)),
    st.booleans(),
)
def test_a_record_is_the_same_to_the_last_digit_whatever_was_asked_before_and_after_a_restart(
    told: list[tuple[int, str, int]], asks: bool
) -> None:
    """Nearly in order, some days told again or late, all but three forgotten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shadow_days, "DAYS_KEPT", 3)
        days = ShadowDays(("A", "B"))
        for number, name, seed in told:
            draw = np.random.default_rng(seed)
            coefficient = float(draw.normal()) if draw.random() < 0.7 else None
            days.add([day(number * DAY_MS, name, float(draw.normal()), coefficient, int(draw.integers(9)))])
            if asks:
                days.health("A"), days.health("C")
        again = ShadowDays(("A", "B"), [one for named in days._days.values() for one in named.values()])
        since_ms = max(days._days, default=0) - 29 * DAY_MS
        for name in "ABC":
            mine = [named[name] for _, named in sorted(days._days.items()) if name in named]
            assert days.health(name) == again.health(name) == reference(mine, since_ms)
            assert days.of(("B", "C")).health(name) == days.health(name)


def reference(days: list[SignalDay], since_ms: int) -> SignalHealth:
    """The record in its own words, from all days at once."""
    if not days:
        return SignalHealth()
    recent = [one for one in days if one.day_ms >= since_ms]
    hits, judged = sum(one.hits for one in days), sum(one.hits + one.misses for one in days)
    known = np.array([one.information_coefficient for one in days if one.information_coefficient is not None])
    reasons: Counter[str] = Counter()
    for one in days:
        reasons.update(one.reasons)
    return SignalHealth(
        days=len(days),
        pnl=math.fsum(one.pnl for one in days),
        recent_pnl=math.fsum(one.pnl for one in recent),
        attribution=math.fsum(one.attribution for one in days),
        recent_attribution=math.fsum(one.attribution for one in recent),
        judged=judged,
        hit_rate=hits / judged if judged else None,
        information_coefficient=float(known.mean()) if known.size else None,
        standard_error=float(known.std(ddof=1)) / math.sqrt(known.size) if known.size > 1 else None,
        coverage=sum(one.opinions for one in days) / sum(one.readings for one in days),
        reasons=dict(reasons),
    )


def test_the_record_of_a_signal_counts_its_days_and_the_last_thirty_apart() -> None:
    days = [day(n * DAY_MS, "A", 0.01, 0.1 if n % 2 else 0.3, hits=1 + n % 2) for n in range(40)]
    health = record(days, 10 * DAY_MS)
    assert (health.days, health.judged) == (40, 100)
    assert health.pnl == pytest.approx(0.4)
    assert health.recent_pnl == pytest.approx(0.3)
    assert (health.hit_rate, health.coverage) == (0.6, 0.8)
    assert health.information_coefficient == pytest.approx(0.2)
    assert health.standard_error == pytest.approx(np.std([0.1, 0.3] * 20, ddof=1) / math.sqrt(40))
    assert health.reasons == {"OK": 160, "GAP": 40}
    today = with_today(health, day(40 * DAY_MS, "A", 0.02, None, hits=4))
    assert today.pnl == pytest.approx(0.42)
    assert (today.judged, today.hit_rate) == (105, 64 / 105)
    assert record([], 0).hit_rate is None
