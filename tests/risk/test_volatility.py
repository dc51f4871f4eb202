"""Volatility and correlation: printed values, an independent oracle, gaps, and one answer bar by bar or at
once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk import volatility
from risk.volatility import VolatilityState

Floats = NDArray[np.float64]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NAN = np.nan


def prices(returns: list[float] | Floats, first: float = 100.0) -> Floats:
    """Closes whose log returns are `returns`, [n + 1, 1] or [n + 1, S]."""
    steps = np.atleast_2d(np.asarray(returns, dtype=float).T).T
    return np.array(first * np.exp(np.vstack([np.zeros(steps.shape[1]), np.cumsum(steps, axis=0)])))


def folded(close: Floats, bar_ms: int = HOUR_MS, decay: float | None = None) -> VolatilityState:
    state = volatility.initial(close.shape[1], bar_ms)
    if decay is not None:
        state = replace(state, decay=decay)
    volatility.extend(state, close)
    return state


def walks(seed: int, bars: int, symbols: int, missing: float = 0.0) -> Floats:
    """Random walks with one factor, some closes missing."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(bars, 1))
    close = prices(0.01 * (common + rng.normal(size=(bars, symbols))))
    close[rng.uniform(size=close.shape) < missing] = NAN
    return close


def test_the_printed_value_of_the_recursion() -> None:
    state = folded(prices([0.01, -0.02, 0.015, -0.005, 0.03]), DAY_MS, decay=0.94)
    assert state.variance[0] == pytest.approx(1.65347512e-4, rel=1e-8)
    annual = volatility.sigma(state, floor=0.0)[0]
    assert annual == pytest.approx(0.2456661187, rel=1e-9)
    assert 0.2 / annual == pytest.approx(0.8141130778, rel=1e-9)


def test_a_month_halves_the_weight_of_a_return_at_any_bar_size() -> None:
    for bar_ms in (HOUR_MS // 4, HOUR_MS, DAY_MS):
        decay = volatility.initial(1, bar_ms).decay
        assert decay ** (30 * DAY_MS / bar_ms) == pytest.approx(0.5)


def test_a_year_has_365_days_of_bars() -> None:
    assert volatility.initial(1, HOUR_MS).bars_per_year == 8760


def test_variance_and_correlation_against_pandas() -> None:
    close = walks(1, 2000, 4)
    state = folded(close)
    returns = pd.DataFrame(np.diff(np.log(close), axis=0))
    squares = (returns**2).ewm(alpha=1 - state.decay, adjust=False).mean().iloc[-1]
    np.testing.assert_allclose(state.variance, squares, rtol=1e-10)
    product = (returns[0] * returns[1]).ewm(alpha=1 - state.decay, adjust=False).mean().iloc[-1]
    expected = product / np.sqrt(squares[0] * squares[1])
    assert volatility.correlation(state)[0, 1] == pytest.approx(expected, rel=1e-10)


def test_sigma_is_floored_and_sigma_of_a_bar_is_not() -> None:
    state = folded(prices([1e-6] * 10))
    assert volatility.sigma(state)[0] == 0.1
    assert volatility.sigma_bar(state)[0] == pytest.approx(1e-6)


def test_before_the_first_return_nothing_is_known() -> None:
    state = folded(np.array([[NAN, 100.0]]))
    assert np.isnan(volatility.sigma(state)).all()
    assert np.isnan(volatility.sigma_bar(state)).all()
    np.testing.assert_array_equal(volatility.correlation(state), np.eye(2))


def test_a_return_spans_a_gap() -> None:
    gap = folded(np.array([[100.0], [NAN], [NAN], [110.0]]))
    assert gap.variance[0] == pytest.approx(np.log(1.1) ** 2)
    assert gap.closes[0] == 2


def test_a_flat_bar_is_a_return_of_nothing() -> None:
    state = folded(np.array([[100.0], [110.0], [110.0]]))
    assert state.variance[0] == pytest.approx(state.decay * np.log(1.1) ** 2)


@pytest.mark.parametrize("close", [NAN, np.inf, -np.inf, 0.0, -5.0])
def test_what_is_no_price_changes_nothing(close: float) -> None:
    state = folded(np.array([[100.0], [101.0]]))
    before = [array.copy() for array in (state.last_close, state.closes, state.variance)]
    volatility.update(state, np.array([close]))
    for old, new in zip(before, (state.last_close, state.closes, state.variance), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_pair_counts_only_the_bars_where_both_returned() -> None:
    """A symbol that joins late correlates with the others over its own life."""
    close = walks(2, 500, 2)
    late = close.copy()
    late[:300, 1] = NAN
    whole = volatility.correlation(folded(close[300:]))
    np.testing.assert_allclose(volatility.correlation(folded(late)), whole, atol=1e-12)


def test_symbols_that_never_met_do_not_correlate() -> None:
    close = np.full((20, 2), NAN)
    close[:10, 0] = walks(1, 9, 1)[:, 0]
    close[10:, 1] = walks(2, 9, 1)[:, 0]
    np.testing.assert_array_equal(volatility.correlation(folded(close)), np.eye(2))


def test_a_constant_price_correlates_with_nothing() -> None:
    close = np.column_stack([walks(1, 50, 1)[:, 0], np.full(51, 7.0)])
    np.testing.assert_array_equal(volatility.correlation(folded(close)), np.eye(2))


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([0.0, 0.3]))
def test_bar_by_bar_is_all_at_once_to_the_last_bit(seed: int, cut: int, missing: float) -> None:
    close = walks(seed, 60, 3, missing)
    once, cut_up, single = (volatility.initial(3, HOUR_MS) for _ in range(3))
    volatility.extend(once, close)
    volatility.extend(cut_up, close[:cut])
    volatility.extend(cut_up, close[cut:])
    for bar in close:
        volatility.update(single, bar)
    for name in ("last_close", "closes", "variance", "joint", "covariance"):
        assert (
            getattr(once, name).tobytes()
            == getattr(cut_up, name).tobytes()
            == getattr(single, name).tobytes()
        )


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2, 0.6]))
def test_correlations_are_symmetric_and_within_one(seed: int, missing: float) -> None:
    matrix = volatility.correlation(folded(walks(seed, 40, 4, missing)))
    assert np.all(np.abs(matrix) <= 1.0)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1.0)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_prices_in_another_unit_change_nothing(seed: int, k: float) -> None:
    close = walks(seed, 30, 2)
    np.testing.assert_allclose(folded(close * k).variance, folded(close).variance, rtol=1e-6)


def test_columns_of_another_layout_are_the_same_closes() -> None:
    close = walks(3, 50, 3)
    np.testing.assert_array_equal(folded(np.asfortranarray(close)).variance, folded(close).variance)


def test_a_symbol_is_seasoned_after_a_month_of_bars() -> None:
    close = np.full((30 * 24, 2), 5.0)
    close[0, 1] = NAN
    assert volatility.seasoned(folded(close), HOUR_MS).tolist() == [True, False]


def test_a_wrong_number_of_symbols_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        volatility.update(volatility.initial(3, HOUR_MS), np.ones(2))
