"""The Kelly cap: its formula, the days it counts, and its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.kelly import growth_optimal, growth_rate, kelly_cap

Floats = NDArray[np.float64]


def noise(mean: float, deviation: float, days: int, seed: int = 1) -> Floats:
    """Returns with exactly this mean and sample deviation."""
    raw = np.random.default_rng(seed).normal(size=days)
    return np.array(mean + deviation * (raw - raw.mean()) / raw.std(ddof=1))


def test_the_published_example() -> None:
    """Mean .11 and deviation .15 over a rate of .06: 2.2222 times the capital."""
    assert kelly_cap(noise(0.05, 0.15, 60), np.ones(60), 1.0) == pytest.approx(2.2222222, rel=1e-7)


def test_returns_are_per_unit_of_exposure() -> None:
    returns, gross = noise(0.05, 0.15, 60), np.full(60, 0.4)
    assert kelly_cap(returns * gross, gross, 0.5) == pytest.approx(kelly_cap(returns, np.ones(60), 0.5))


@pytest.mark.parametrize(
    ("mean", "fraction", "cap"), [(0.05, 1.0, 3.0), (-0.05, 1.0, 0.25), (0.0, 1.0, 0.25), (0.002, 0.5, 2.5)]
)
def test_bounds(mean: float, fraction: float, cap: float) -> None:
    assert kelly_cap(noise(mean, 0.02, 80), np.ones(80), fraction) == pytest.approx(cap)


@pytest.mark.parametrize(("days", "known"), [(0, False), (59, False), (60, True)])
def test_it_takes_sixty_days(days: int, known: bool) -> None:
    returns = noise(-0.05, 0.02, max(days, 2))[:days]
    assert kelly_cap(returns, np.ones(days), 0.5) == (0.25 if known else 1.0)


def test_only_the_last_ninety_days_count() -> None:
    returns = np.concatenate([noise(0.05, 0.02, 200), noise(-0.05, 0.02, 90)])
    assert kelly_cap(returns, np.ones(290), 0.5) == 0.25


def test_days_that_began_flat_do_not_count() -> None:
    """Half of the last 90 days without exposure leaves 45: too few."""
    gross = np.where(np.arange(90) % 2 == 0, 1.0, 0.0099)
    assert kelly_cap(noise(-0.05, 0.02, 90), gross, 0.5) == 1.0


def test_one_percent_of_exposure_counts() -> None:
    assert kelly_cap(noise(-0.05, 0.02, 60) * 0.01, np.full(60, 0.01), 0.5) == 0.25


@pytest.mark.parametrize("constant", [0.0, 0.001, -0.001, 0.1])
def test_returns_that_do_not_vary_say_nothing(constant: float) -> None:
    assert kelly_cap(np.full(70, constant), np.ones(70), 0.5) == 1.0


def test_a_day_without_a_return_does_not_count() -> None:
    returns = noise(-0.05, 0.02, 60)
    returns[3] = np.nan
    assert kelly_cap(returns, np.ones(60), 0.5) == 1.0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="length"):
        kelly_cap(np.ones(3), np.ones(4), 0.5)


@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.floats(0.01, 1.0))
def test_it_stays_within_its_bounds(seed: int, days: int, fraction: float) -> None:
    rng = np.random.default_rng(seed)
    cap = kelly_cap(rng.normal(0, 0.05, days), rng.uniform(0, 2, days), fraction)
    assert 0.25 <= cap <= 3.0


SIGMA = np.array([[0.04, 0.03], [0.03, 0.09]])
EXCESS = np.array([0.06, 0.08])


def test_exposures_of_two_assets_by_hand() -> None:
    assert growth_optimal(EXCESS, SIGMA) == pytest.approx([1.11111111, 0.51851852], abs=5e-9)


def test_one_asset_is_the_published_example_with_its_growth() -> None:
    excess, variance = np.array([0.05]), np.array([[0.15**2]])
    optimal = growth_optimal(excess, variance)
    assert optimal == pytest.approx([2.2222222], rel=1e-7)
    assert growth_rate(optimal, excess, variance, 0.06) == pytest.approx(0.1155555556, rel=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_no_other_exposures_grow_faster_and_twice_as_much_does_not_grow_at_all(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(count, count + 3))
    covariance, excess = factors @ factors.T / (count + 3) + 0.01 * np.eye(count), rng.normal(size=count)
    optimal = growth_optimal(excess, covariance)
    best = growth_rate(optimal, excess, covariance, 0.01)
    for other in rng.normal(size=(8, count)):
        assert growth_rate(optimal + other, excess, covariance, 0.01) < best
    assert growth_rate(2.0 * optimal, excess, covariance, 0.01) == pytest.approx(0.01, abs=1e-9 * best)


def test_simulated_growth_is_largest_at_about_the_whole_of_it_and_gone_at_twice() -> None:
    """20,000 years of 100 steps, wealth compounded: growth a year in excess of the rate, by fraction of Kelly."""
    years, steps = 20_000, 100
    moves = np.random.default_rng(7).normal(0.05 / steps, 0.15 / np.sqrt(steps), size=years * steps)
    whole = float(growth_optimal(np.array([0.05]), np.array([[0.15**2]]))[0])
    fractions = np.arange(1, 21) / 10
    growth = np.array([np.log1p(f * whole * moves).sum() / years for f in fractions])
    assert 0.8 <= fractions[growth.argmax()] <= 1.2
    assert growth.max() == pytest.approx(0.0555555556, abs=0.01)
    assert abs(growth[-1]) <= 0.02


@pytest.mark.parametrize(
    ("covariance", "excess"),
    [
        (np.zeros((1, 1)), np.ones(1)),
        (np.ones((2, 2)), np.ones(2)),
        (np.eye(2), np.ones(3)),
        (np.array([[np.nan]]), np.ones(1)),
    ],
)
def test_without_risk_or_shape_there_is_no_exposure(covariance: Floats, excess: Floats) -> None:
    with pytest.raises(ValueError, match=r"positive definite|as many rows"):
        growth_optimal(excess, covariance)
