"""Shrunk correlation: the published formula, and what makes it safe to invert."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.blend.weighting.shrinkage import LEAST_INTENSITY, estimate
from tests.strategies.blend.weighting.series import Floats, correlated, samples

COUNTED = settings(max_examples=60, deadline=None)


def by_the_book(returns: Floats) -> float:
    """The intensity of Ledoit and Wolf (2004) in their own words, day by day: b^2 / d^2 with norms over K."""
    days, count = returns.shape
    x = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    sample = sum(np.outer(day, day) for day in x) / days
    mean = np.trace(sample) / count
    distance = np.linalg.norm(sample - mean * np.eye(count)) ** 2 / count
    error = sum(np.linalg.norm(np.outer(day, day) - sample) ** 2 / count for day in x) / days**2
    return float(min(error, distance) / distance)


@pytest.mark.parametrize(("days", "count"), [(20, 5), (5, 20), (200, 3), (730, 32)])
def test_the_intensity_is_the_published_one(days: int, count: int) -> None:
    returns = correlated(days, days, count)
    assert estimate(returns).intensity == pytest.approx(by_the_book(returns), rel=1e-12)


def test_a_value_worked_out_by_hand() -> None:
    """Two series on (1, 1), (-1, -1), (1, -1), (-1, 1), (1, 1), (-1, -1): correlation 1/3, every |x|^2 is 2, so
    b^2 = (6 * 4 / 36 - (2 + 2/9) / 6) / 2 = 4/27 and d^2 = (2/9) / 2 = 1/9, which is less: shrunk to nothing."""
    few = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1], [1, 1], [-1, -1.0]])
    assert estimate(few).intensity == 1.0
    assert estimate(few).correlation.tolist() == [[1, 0], [0, 1]]
    many = np.vstack([few] * 10)
    assert estimate(many).intensity == pytest.approx((4 / 27 / 10) / (1 / 9))
    assert estimate(many).correlation[0, 1] == pytest.approx((1 - 4 / 30) / 3)


@COUNTED
@given(samples())
def test_it_is_a_correlation_that_can_be_inverted(returns: Floats) -> None:
    known = estimate(returns)
    assert np.linalg.eigvalsh(known.correlation).min() >= LEAST_INTENSITY * (1 - 1e-6)
    np.testing.assert_array_equal(np.diag(known.correlation), 1.0)
    np.testing.assert_array_equal(known.correlation, known.correlation.T)
    np.testing.assert_allclose(known.volatility, returns.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("days", [2, 50])
def test_two_series_that_are_one_can_still_be_inverted(days: int) -> None:
    one = np.tile([1.0, -1.0], days)
    known = estimate(np.column_stack([one, one, 2 * one]))
    assert known.intensity == LEAST_INTENSITY
    assert np.linalg.eigvalsh(known.correlation).min() > 0


@COUNTED
@given(samples(), st.integers(0, 2**32 - 1))
def test_the_scale_of_a_series_and_its_mean_change_nothing(returns: Floats, seed: int) -> None:
    rng = np.random.default_rng(seed)
    moved = returns * 10.0 ** rng.uniform(-2, 2, returns.shape[1]) + rng.normal(size=returns.shape[1]) * 1e-3
    np.testing.assert_allclose(estimate(moved).correlation, estimate(returns).correlation, atol=1e-9)


@COUNTED
@given(samples(), st.integers(0, 2**32 - 1))
def test_the_order_of_days_and_series_changes_nothing(returns: Floats, seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, days = rng.permutation(returns.shape[1]), rng.permutation(returns.shape[0])
    expected = estimate(returns).correlation[np.ix_(columns, columns)]
    np.testing.assert_allclose(estimate(returns[days][:, columns]).correlation, expected, atol=1e-9)


def test_more_days_shrink_less_and_the_truth_is_nearer_than_without() -> None:
    truth = np.full((8, 8), 0.2) + 0.8 * np.eye(8)
    root = np.linalg.cholesky(truth)
    errors, intensities = [], []
    for days in (15, 60, 1_000):
        rng = np.random.default_rng(days)
        drawn = [rng.normal(size=(days, 8)) @ root.T for _ in range(40)]
        shrunk = [np.linalg.norm(estimate(each).correlation - truth) for each in drawn]
        plain = [np.linalg.norm(np.corrcoef(each.T) - truth) for each in drawn]
        errors.append(np.mean(shrunk) / np.mean(plain))
        intensities.append(np.mean([estimate(each).intensity for each in drawn]))
    assert intensities == sorted(intensities, reverse=True)
    assert errors[0] < 0.97
    assert errors[1] < 1.0
    assert errors[2] == pytest.approx(1.0, abs=0.02)
