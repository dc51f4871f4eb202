"""A stored estimate says everything it was made of: whatever the numbers were, the same comes out of it again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

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


def told(share: dict[str, float], estimated_ms: int = 1, **changes: Any) -> WeightRow:
    """An answered row of A, B and C with these shares."""
    settings = {
        "names": ["A", "B", "C"],
        "manual": [0.5, 0.3, 0.2],
        "method": "equal-risk",
        "floor": 0.1,
        "cap": 0.5,
    }
    result = {
        "share": share, "why": dict.fromkeys(share, "equal-risk"), "days": 60, "bets": 1.8,
        "pair": ["A", "B"], "correlation": 0.4, "shrinkage": 0.1,
    }  # fmt: skip
    told = json.dumps(result | changes)
    return WeightRow("directional", estimated_ms, 2, "equal-risk", json.dumps(settings), b"", "", told)


def test_what_an_estimate_changed_is_told_against_the_one_before() -> None:
    first = estimates.standing(told({"A": 0.4, "B": 0.35, "C": 0.25}), None)
    assert first.change == pytest.approx({"A": -0.1, "B": 0.05, "C": 0.05})
    second = estimates.standing(told({"A": 0.45, "C": 0.55}, 9), first)
    assert second.change == pytest.approx({"A": 0.05, "C": 0.3})
    assert (second.bets, second.pair, second.correlation) == (1.8, ("A", "B"), 0.4)


def test_a_share_says_which_bound_holds_it_or_what_kept_it_out() -> None:
    late = {"A": "equal-risk", "B": "equal-risk", "C": "12 of 60 days known"}
    known = estimates.standing(told({"A": 0.5, "B": 0.5, "C": 0.0}, why=late), None)
    assert known.why == {"A": "at the cap", "B": "at the cap", "C": "12 of 60 days known"}
    alone = late | {"B": "it never moved"}
    assert (
        estimates.standing(told({"A": 1.0, "B": 0.0, "C": 0.0}, why=alone), None).why["A"] == "the only one"
    )
    assert estimates.standing(told({"A": 0.5, "B": 0.4, "C": 0.1}), None).why == {
        "A": "at the cap",
        "B": "",
        "C": "at the floor",
    }


def test_an_estimate_without_an_answer_leaves_what_stood_and_says_so() -> None:
    first = estimates.standing(told({"A": 0.4, "B": 0.35, "C": 0.25}), None)
    failed = replace(told({}), result=json.dumps({"fault": "it cannot be done"}))
    stands = estimates.standing(failed, first)
    assert (stands.fault, stands.share, stands.in_force) == ("it cannot be done", first.share, True)
    assert estimates.standing(failed, None).in_force is False
    nothing = told({"A": 0.5, "B": 0.3, "C": 0.2}, days=0)
    assert estimates.shares_in_force([estimates.standing(nothing, None)]) == {}
    assert estimates.shares_in_force([first]) == {first.kind: first.share}


def test_an_estimate_of_too_few_days_leaves_what_stood_and_gives_nothing_to_what_it_could_not_see() -> None:
    first = estimates.standing(told({"A": 0.6, "B": 0.4}), None)
    late = told({"D": 1.0}, days=0, why={"D": "1 of 60 days known"})
    stands = estimates.standing(late, first)
    assert estimates.shares_in_force([stands]) == {first.kind: first.share}
    assert (stands.fault, stands.why["D"]) == (estimates.TOO_FEW, "1 of 60 days known")
    assert estimates.standing(told({"D": 1.0}), stands).share == {"D": 1.0}


def test_the_configured_weights_take_over_from_an_estimate_however_few_days_are_known() -> None:
    first = estimates.standing(told({"A": 0.6, "B": 0.4}), None)
    manual = replace(told({"A": 0.5, "B": 0.5}, days=0), method="manual")
    stands = estimates.standing(manual, first)
    assert (stands.method, stands.in_force) == ("manual", False)
    assert estimates.shares_in_force([stands]) == {}


def test_estimates_by_another_method_or_without_an_answer_do_not_stand() -> None:
    rows = [told({"A": 0.4, "B": 0.35, "C": 0.25}), replace(told({}), result="")]
    assert estimates.standings(rows, Method.EQUAL_RISK)["directional"].estimated_ms == 1
    assert estimates.standings(rows, Method.EQUAL) == {}
