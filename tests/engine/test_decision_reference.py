"""The compiled step against the same rules in plain NumPy, on random worlds in which every rule binds often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from engine.decision import STAGES
from tests.engine.decision_reference import reference
from tests.engine.decision_worlds import World, random_world, worlds


def check(world: World) -> None:
    decision, expected = world.decide(), reference(world)
    for row, name in enumerate(STAGES):
        np.testing.assert_allclose(
            decision.stages[row], expected.stages[name], rtol=1e-9, atol=1e-12, err_msg=name
        )
    np.testing.assert_allclose(decision.coverage, expected.coverage, atol=1e-12)
    np.testing.assert_array_equal(decision.hold, expected.hold)
    assert decision.idm == pytest.approx(expected.idm, rel=1e-12)
    assert decision.drawdown == pytest.approx(expected.drawdown, abs=1e-15)
    assert decision.multiplier == pytest.approx(expected.multiplier, abs=1e-12)
    assert decision.halt == expected.halt
    np.testing.assert_array_equal(decision.close_lots, expected.close)
    np.testing.assert_array_equal(decision.open_lots, expected.open)
    np.testing.assert_array_equal(decision.whole_close, expected.whole)


@settings(max_examples=300)
@given(worlds())
def test_the_step_follows_the_rules(world: World) -> None:
    check(world)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(worlds())
def test_the_step_follows_the_rules_many_times(world: World) -> None:
    check(world)


def test_every_stage_binds_in_some_of_the_worlds() -> None:
    """Agreement would mean little if the random worlds never reached a rule."""
    bound = np.zeros(len(STAGES), dtype=int)
    orders = np.zeros(3, dtype=int)
    for seed in range(200):
        decision = random_world(seed, symbols=8, signals=4, neutral=2, overlays=2).decide()
        bound += decision.bound.any(axis=1)
        orders += [decision.close_lots.any(), decision.open_lots.any(), decision.whole_close.any()]
    silent = [name for name, count in zip(STAGES, bound, strict=True) if count < 10 and name != "volatility"]
    assert silent == []
    assert orders.min() >= 40
