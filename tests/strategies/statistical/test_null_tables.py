"""Stored nulls: whole, in order, of the stated definition, with the known quantiles; and p read from them."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.nulls import UNIT, at_least, at_most
from strategies.statistical.null_tables import null_ranks, null_table, packed, unpacked
from tests.strategies.null_tables import NULLS, WINDOWS, Null

EACH = pytest.mark.parametrize("null", NULLS, ids=lambda null: null.name)


@EACH
def test_a_table_is_whole_and_of_its_definition(null: Null) -> None:
    table = null_table(null.name)
    assert table.shape == (WINDOWS,)
    assert (np.diff(table) >= 0).all()
    assert null.version == importlib.import_module(f"strategies.statistical.nulls.{null.name}").VERSION


@EACH
def test_a_table_can_be_made_again(null: Null) -> None:
    some = null.values(200)
    assert np.isin(some, null_table(null.name)).all()


@pytest.mark.slow
@EACH
def test_a_table_is_made_again_to_the_last_unit(null: Null) -> None:
    np.testing.assert_array_equal(null.values(), null_table(null.name))


@pytest.mark.parametrize(
    ("name", "mean", "low", "lowest", "within"),
    [
        ("permutation_500_4", 0.99351, 0.98902, 0.98620, 0.0003),
        ("permutation_250_3", 0.99615, 0.98990, 0.98463, 0.0003),
        ("spectral_256", 0.91354, 0.89677, 0.88885, 0.0006),
    ],
)
def test_known_quantiles(name: str, mean: float, low: float, lowest: float, within: float) -> None:
    values = null_table(name) * UNIT
    assert values.mean() == pytest.approx(mean, abs=within)
    assert np.quantile(values, [0.05, 0.01]) == pytest.approx([low, lowest], abs=within)


def test_spread_of_the_exponent_is_about_the_asymptotic_one() -> None:
    assert np.sqrt(np.mean((null_table("hurst_1024") * UNIT) ** 2)) == pytest.approx(0.037, rel=0.1)


@given(values=st.lists(st.integers(0, 50), min_size=1, max_size=40), observed=st.integers(0, 60))
def test_p_counts_what_is_at_least_as_extreme(values: list[int], observed: int) -> None:
    least = min(values)
    ranks = np.array([least, *(sum(v <= units for v in values) for units in range(least, max(values) + 1))])
    below, above = sum(v <= observed for v in values), sum(v >= observed for v in values)
    assert at_most(ranks, observed * UNIT) == (1 + below) / (1 + len(values))
    assert at_least(ranks, observed * UNIT) == (1 + above) / (1 + len(values))


@EACH
def test_ranks_count_the_values(null: Null) -> None:
    table, ranks = null_table(null.name), null_ranks(null.name)
    assert ranks[0] == table[0]
    assert ranks[-1] == WINDOWS
    some = np.array([table[0], table[17], table[9_999] + 1, table[-1]])
    assert ranks[1 + some - table[0]].tolist() == [int((table <= units).sum()) for units in some]


@given(values=st.lists(st.integers(0, 2**30), max_size=60))
def test_packing_loses_nothing(values: list[int]) -> None:
    table = np.sort(np.array(values, dtype=np.int64))
    np.testing.assert_array_equal(unpacked(packed(table)), table)
