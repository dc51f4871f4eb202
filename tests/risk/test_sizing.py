"""Sizes: how much symbols that move apart diversify, and the position of an average forecast."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.sizing import diversification


def alike(rho: float, count: int) -> np.ndarray:
    return np.full((count, count), rho) + (1 - rho) * np.eye(count)


@pytest.mark.parametrize(
    ("rho", "count", "usable", "expected"),
    [
        (0.0, 1, 1, 1.0),
        (0.0, 4, 4, 2.0),
        (0.5, 2, 2, 1.154700538),
        (1.0, 4, 4, 1.0),
        (-0.3, 4, 4, 2.0),
        (0.0, 6, 6, 2.449489743),
        (0.0, 7, 7, 2.5),
        (0.0, 20, 20, 2.5),
        (0.0, 4, 0, 2.5),
    ],
    ids=["one", "apart", "half alike", "one and the same", "opposed", "six", "seven", "twenty", "none"],
)
def test_the_multiplier_of_symbols_is_what_their_correlations_leave_and_2_5_at_most(
    rho: float, count: int, usable: int, expected: float
) -> None:
    weight = np.full(count, 1 / count)
    found = diversification(weight, alike(rho, count), np.arange(count) < usable)
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_symbol_that_is_not_usable_diversifies_nothing() -> None:
    weight, usable = np.array([0.5, 0.5, 0.25]), np.array([True, True, False])
    assert diversification(weight, alike(0.5, 3), usable) == pytest.approx(1.154700538)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_it_lies_between_one_and_its_cap_where_weights_sum_to_one(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    correlation = np.corrcoef(rng.normal(size=(count, count + 3))).reshape(count, count)
    found = diversification(rng.dirichlet(np.ones(count)), correlation, np.ones(count, dtype=np.bool_))
    assert 1.0 - 1e-9 <= found <= 2.5
