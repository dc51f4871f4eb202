"""Moments of many windows at once against each window alone: with jumps, drifts, quiet spells and missing values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.products import direct_moments, window_moments
from strategies.statistical.kernels.sliding import columns_of, overlapping_sums
from tests.strategies.statistical.noise import FloatArray

HORIZONS = np.array([2, 4, 16])
LAGS = 15


def alone(returns: FloatArray, size: int) -> FloatArray:
    """Each window by itself."""
    found = np.empty((len(returns) - size + 1, 2 + 2 * LAGS + len(HORIZONS)))
    for first, here in enumerate(found):
        direct_moments(returns[first : first + size], LAGS, HORIZONS, here)
    return found


@given(
    seed=st.integers(0, 2**32),
    size=st.integers(40, 90),
    more=st.integers(1, 200),
    drift=st.floats(-0.05, 0.05),
    jump=st.sampled_from([0.0, 0.5, 5.0]),
)
def test_together_as_alone(seed: int, size: int, more: int, drift: float, jump: float) -> None:
    rng = np.random.default_rng(seed)
    returns = drift + 0.01 * rng.standard_normal(size + more)
    returns[rng.integers(0, len(returns))] += jump
    np.testing.assert_allclose(
        window_moments(returns, size, LAGS, HORIZONS), alone(returns, size), rtol=1e-9, atol=1e-16
    )


def test_a_jump_that_has_left_leaves_no_trace() -> None:
    returns = 0.001 * np.random.default_rng(1).standard_normal(600)
    returns[100] = 5.0
    together = window_moments(returns, 200, LAGS, HORIZONS)[101:]
    np.testing.assert_allclose(together, alone(returns, 200)[101:], rtol=1e-11, atol=1e-18)


def test_a_missing_value_spoils_only_the_windows_it_is_in() -> None:
    returns = 0.01 * np.random.default_rng(2).standard_normal(400)
    returns[[150, 151]] = np.nan
    moments = window_moments(returns, 60, LAGS, HORIZONS)
    spoilt = np.isnan(moments).any(axis=1)
    assert np.flatnonzero(spoilt).tolist() == list(range(91, 152))


def test_overlapping_sums_by_hand() -> None:
    sums = overlapping_sums(np.array([1.0, 2, 3, 4]), np.array([2, 3]))
    np.testing.assert_array_equal(sums, [[np.nan, 3, 5, 7], [np.nan, np.nan, 6, 9]])
    assert columns_of(15, 3) == 68


@pytest.mark.parametrize("more", [0, 1])
def test_a_window_or_two_are_a_series_too(more: int) -> None:
    returns = 0.01 * np.random.default_rng(3).standard_normal(60 + more)
    np.testing.assert_allclose(
        window_moments(returns, 60, LAGS, HORIZONS), alone(returns, 60), rtol=1e-9, atol=1e-15
    )
