"""A stored estimate says everything it was made of: whatever the numbers were, the same comes out of it again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import estimates
from engine.estimates import When
from store.weight_rows import WeightRow, unpack_inputs
from strategies.blend.selector import Measures, SelectorSettings
from strategies.blend.weighting.methods import weigh
from strategies.blend.weighting.settings import Method, WeightingSettings
from tests.strategies.blend.weighting.series import NAMES, Floats, samples

COUNTED = settings(max_examples=60, deadline=None)
WHEN = When(1_700_006_400_000, 1_700_010_000_000)


def answered(row: WeightRow) -> WeightRow:
    return replace(row, result=estimates.answer(row))


def asked(returns: Floats, method: Method) -> WeightRow:
    count = returns.shape[1]
    manual = np.full(count, 1 / count).tolist()
    days = np.arange(len(returns)) * 86_400_000
    chosen = WeightingSettings(method, least_days=10, floor=0.02, cap=0.5)
    return estimates.ask_signals("neutral", WHEN, NAMES[:count], manual, days, returns, chosen)


@COUNTED
@given(samples(silent=0.1), st.sampled_from(list(Method)))
def test_the_weights_of_a_row_are_those_of_its_returns(returns: Floats, method: Method) -> None:
    row = answered(asked(returns, method))
    np.testing.assert_array_equal(unpack_inputs(row, returns.shape[1]), returns)
    names = NAMES[: returns.shape[1]]
    chosen = WeightingSettings(method, least_days=10, floor=0.02, cap=0.5)
    found = weigh(names, returns, np.full(len(names), 1 / len(names)), chosen)
    assert estimates.shares(row) == dict(zip(names, found.share.tolist(), strict=True))
    assert json.loads(row.result)["why"] == dict(zip(names, found.why, strict=True))
    assert estimates.difference(row) == ""


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.booleans())
def test_the_choice_of_a_row_can_be_made_again(seed: int, count: int, by_volatility: bool) -> None:
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(0.1, 2.0, (5, count))
    numbers[rng.uniform(size=numbers.shape) < 0.1] = np.nan
    chosen = SelectorSettings(3, 1, 0.3, by_volatility)
    symbols = [f"S{n}" for n in range(count)]
    incumbent = rng.uniform(size=count) < 0.3
    row = answered(estimates.ask_instruments(WHEN, symbols, Measures(*numbers), incumbent, chosen))
    assert estimates.difference(row) == ""
    share = estimates.shares(row)
    assert share is None or sum(share.values()) == pytest.approx(1)


def test_a_question_without_an_answer_has_no_weights_and_no_fault() -> None:
    row = asked(np.zeros((20, 3)), Method.EQUAL)
    assert estimates.shares(row) is None
    assert estimates.difference(row) == ""


def test_the_hash_is_of_numbers_and_settings() -> None:
    returns = np.random.default_rng(1).normal(size=(30, 2))
    row = asked(returns, Method.EQUAL)
    assert asked(returns, Method.EQUAL).inputs_hash == row.inputs_hash
    assert asked(returns, Method.HIERARCHICAL).inputs_hash != row.inputs_hash
    returns[3, 1] = np.nextafter(returns[3, 1], 1)
    assert asked(returns, Method.EQUAL).inputs_hash != row.inputs_hash
