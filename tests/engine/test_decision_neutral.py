"""The market-neutral book: legs that stay together, hedged, beside the directional one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import STAGES, NeutralLegs, Readings, SignalSpec, SignalTable
from store.records import SignalClass, SignalType, TradingState
from tests.engine.decision_worlds import Floats, World, directional, flags, random_world, simple_world

NEUTRAL = STAGES.index("neutral")
STATE = STAGES.index("state")


def neutral_world(
    legs: list[float],
    reading: float = 1.0,
    target: float = 0.0,
    beta: list[float] | None = None,
    hedge: int = -1,
    budget: float = 0.2,
) -> World:
    """A directional signal that wants `target` everywhere, and one neutral signal with `legs`."""
    symbols = len(legs)
    world = simple_world(np.full(symbols, target), np.zeros(symbols))
    value = np.array([[target] * symbols, [reading] * symbols])
    table = SignalTable(
        (directional("only", 1.0), SignalSpec("pair", SignalClass.NEUTRAL, SignalType.CARRY, 1.0))
    )
    parameters = replace(
        world.parameters, signals=table, risk=replace(world.parameters.risk, neutral_budget=budget)
    )
    return replace(
        world,
        readings=Readings(value, np.ones_like(value)),
        parameters=parameters,
        neutral=NeutralLegs(
            legs=np.array([[0.0] * symbols, legs]),
            beta=np.array(beta or [0.0] * symbols),
            hedge=hedge,
            held=np.zeros(symbols),
        ),
    )


def z(world: World) -> list[float]:
    return [round(x, 12) for x in world.decide().stages[NEUTRAL].tolist()]


def target(world: World) -> list[float]:
    return [round(x, 12) for x in world.decide().stages[STATE].tolist()]


def test_legs_are_weight_times_budget_times_reading() -> None:
    assert z(neutral_world([0.5, -0.5])) == [0.1, -0.1]
    assert z(neutral_world([0.5, -0.5], reading=-0.3)) == [-0.03, 0.03]


def test_a_silent_neutral_signal_has_no_legs() -> None:
    assert z(neutral_world([0.5, -0.5], reading=np.nan)) == [0.0, 0.0]


def test_without_legs_nothing_is_neutral() -> None:
    assert z(replace(neutral_world([0.5, -0.5]), neutral=None)) == [0.0, 0.0]


@pytest.mark.parametrize(
    "limits",
    [{"max_symbol": 0.05}, {"type_limits": {**dict.fromkeys(SignalType, 9.0), SignalType.CARRY: 0.05}}],
)
def test_the_largest_leg_scales_all_of_them(limits: dict[str, object]) -> None:
    world = neutral_world([0.5, -0.25, -0.25]).with_limits(**limits)
    assert z(world) == [0.05, -0.025, -0.025]
    assert world.decide().bound[NEUTRAL].all()


def test_the_hedge_takes_the_beta_out() -> None:
    world = neutral_world([0.0, 0.5, -0.5], beta=[1.0, 1.2, 0.7], hedge=0)
    assert z(world) == [-0.05, 0.1, -0.1]


def test_legs_that_cannot_be_hedged_or_traded_are_not_held() -> None:
    world = neutral_world([0.0, 0.5, -0.5], beta=[1.0, 1.2, 0.7], hedge=0)
    for symbol in range(3):
        assert z(world.with_market(tradable=~flags(3, symbol))) == [0.0, 0.0, 0.0]
    unknown = replace(world, neutral=replace(world.neutral, beta=np.array([1.0, np.nan, 0.7])))  # type: ignore[type-var]
    assert z(unknown) == [0.0, 0.0, 0.0]


def test_gross_counts_both_books_and_scales_both() -> None:
    """0.2 neutral and 0.6 directional under a cap of 0.4: half of each remains."""
    world = neutral_world([0.5, -0.5], target=0.3).with_limits(max_gross=0.4)
    assert target(world) == [0.2, 0.1]


def test_the_earlier_caps_see_only_the_directional_book() -> None:
    world = neutral_world([0.5, -0.5], target=0.3).with_limits(max_net=0.6, max_cluster=0.3)
    assert target(world.with_market(cluster=np.array([0, -1]))) == [0.4, 0.2]


def test_the_drawdown_scales_both_books() -> None:
    world = neutral_world([0.5, -0.5], target=0.3).with_risk(guard_multiplier=0.5)
    assert target(world) == [0.2, 0.1]


def test_a_lock_on_one_leg_shrinks_the_pair() -> None:
    """Nothing is held, so the locked leg may not be opened, and the other is not left alone."""
    world = neutral_world([0.5, -0.5])
    assert target(world) == [0.1, -0.1]
    assert target(world.with_risk(locked=flags(2, 1))) == [0.0, 0.0]


def test_a_pair_that_is_partly_held_keeps_that_part_when_reducing() -> None:
    world = neutral_world([0.5, -0.5]).with_portfolio(quantity=np.array([50.0, -80.0]))
    assert target(world.with_risk(state=TradingState.REDUCING)) == [0.05, -0.05]


def test_a_held_symbol_keeps_its_directional_part_beside_its_legs() -> None:
    """0.1 is held for a leg and 0.05 for the directional book, which has fallen silent."""
    world = neutral_world([0.5, -0.5], target=np.nan).with_portfolio(quantity=np.array([150.0, -100.0]))
    world = replace(world, neutral=replace(world.neutral, held=np.array([0.1, -0.1])))  # type: ignore[type-var]
    assert world.decide().hold.all()
    assert target(world) == [0.15, -0.1]


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_the_neutral_book_has_no_beta_and_its_legs_stay_in_proportion(seed: int) -> None:
    world = random_world(seed, symbols=6, signals=2, neutral=1, overlays=0)
    neutral = world.neutral
    assert neutral is not None
    neutral = replace(neutral, beta=np.where(np.arange(6) == 0, 1.0, neutral.beta), hedge=0)
    decision = replace(world, neutral=neutral).decide()
    for legs in (decision.stages[NEUTRAL], decision.neutral):
        assert abs(float(legs @ neutral.beta)) <= 1e-12
    assert collinear(decision.stages[NEUTRAL], decision.neutral)


def collinear(a: Floats, b: Floats) -> bool:
    """Whether b is a multiple of a, between 0 and 1 times it."""
    size = float(a @ a)
    factor = float(a @ b) / size if size else 0.0
    return -1e-12 <= factor <= 1 + 1e-12 and bool(np.allclose(b, factor * a, atol=1e-12))
