"""Forecast diversification: the published multiplier, joint readings only, and one answer however it is fed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from strategies.blend import diversification as forecast

Floats = NDArray[np.float64]
NAN = np.nan
HALVES = np.array([0.5, 0.5])


def pair(rho: float, count: int = 2) -> Floats:
    return np.full((count, count), rho) + (1 - rho) * np.eye(count)


def fed(days: Floats) -> forecast.ForecastState:
    state = forecast.initial(days.shape[1])
    forecast.extend(state, days)
    return state


def random_days(seed: int, days: int = 60, signals: int = 3, symbols: int = 5, silent: float = 0.2) -> Floats:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(days, 1, symbols))
    values = np.clip(0.3 * (common + rng.normal(size=(days, signals, symbols))), -1, 1)
    values[rng.uniform(size=values.shape) < silent] = NAN
    return values


@pytest.mark.parametrize(
    ("weights", "correlation", "expected"),
    [
        (HALVES, pair(0.0), 1.414213562),
        (HALVES, pair(0.5), 1.154700538),
        (HALVES, pair(1.0), 1.0),
        (HALVES, pair(-0.5), 1.414213562),
        (np.full(10, 0.1), pair(0.0, 10), 2.5),
        (np.array([1.0, 0.0]), pair(0.0), 1.0),
    ],
)
def test_published_values(weights: Floats, correlation: Floats, expected: float) -> None:
    assert forecast.diversification(weights, correlation) == pytest.approx(expected, rel=1e-9)


def test_weights_must_sum_to_one() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        forecast.diversification(np.array([0.5, 0.4]), pair(0.0))
    with pytest.raises(ValueError, match="sum to 1"):
        forecast.multiplier(fed(random_days(1)), np.array([0.5, 0.4, 0.0]))


def test_it_is_one_until_there_are_enough_joint_readings() -> None:
    days = random_days(1, days=50, signals=2, symbols=5, silent=0.0)
    assert forecast.multiplier(fed(days[:49]), HALVES) == 1.0
    assert forecast.multiplier(fed(days), HALVES) > 1.0


def test_a_reading_counts_where_both_signals_speak() -> None:
    days = random_days(2, days=100, signals=2, symbols=5, silent=0.0)
    days[:, 1, 2:] = NAN
    state = fed(days)
    assert forecast.joint_readings(state, HALVES) == 200
    assert forecast.multiplier(state, HALVES) == 1.0


def test_a_signal_in_shadow_does_not_hold_the_others_up() -> None:
    days = random_days(3, signals=3, silent=0.0)
    days[:, 2] = NAN
    assert forecast.multiplier(fed(days), np.array([0.5, 0.5, 0.0])) > 1.0
    assert forecast.multiplier(fed(days), np.array([0.4, 0.4, 0.2])) == 1.0


def test_without_directional_signals_it_is_one() -> None:
    assert forecast.multiplier(fed(random_days(1)), np.zeros(3)) == 1.0


def test_the_correlation_is_pearson_s_over_pooled_joint_readings() -> None:
    days = random_days(4)
    matrix = forecast.correlation(fed(days))
    pooled = days.transpose(1, 0, 2).reshape(3, -1)
    for j in range(3):
        for k in range(3):
            both = np.isfinite(pooled[j]) & np.isfinite(pooled[k])
            assert matrix[j, k] == pytest.approx(
                np.corrcoef(pooled[j, both], pooled[k, both])[0, 1], abs=1e-12
            )


def test_a_signal_that_never_moves_diversifies_nothing() -> None:
    days = random_days(5, silent=0.0)
    days[:, 1] = 0.25
    matrix = forecast.correlation(fed(days))
    assert matrix[0, 1] == matrix[1, 2] == 1.0


def test_forecasts_are_scaled_and_clipped_and_silence_stays() -> None:
    value = np.array([[0.5, -0.9, NAN], [0.1, 0.2, 0.3]])
    confidence = np.array([[1.0, 1.0, 1.0], [0.5, NAN, 1.0]])
    expected = [[0.85, -1.0, NAN], [0.05, NAN, 0.3]]
    np.testing.assert_allclose(forecast.forecasts(value, confidence, np.array([1.7, 1.0])), expected)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_day_by_day_is_all_at_once_to_the_last_bit(seed: int, cut: int) -> None:
    days = random_days(seed)
    once, cut_up, single = fed(days), fed(days[:cut]), forecast.initial(3)
    forecast.extend(cut_up, days[cut:])
    for day in days:
        forecast.update(single, day)
    for name in ("count", "total", "square", "product"):
        assert (
            getattr(once, name).tobytes()
            == getattr(cut_up, name).tobytes()
            == getattr(single, name).tobytes()
        )


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_it_lies_between_one_and_its_cap(seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(3))
    multiplier = forecast.multiplier(fed(random_days(seed, days=200)), weights)
    assert 1.0 - 1e-12 <= multiplier <= 2.5
