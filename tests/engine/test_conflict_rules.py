"""Contradiction among signals: what is left of a forecast, whose word counts, who may forbid, when to change sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import STAGES, Readings, SignalSpec, SignalTable
from store.records import SignalClass, SignalType, TradingState
from strategies.blend.rules import BlendRules
from strategies.blend.veto import OverlaySide
from tests.engine.decision_worlds import World, directional, random_world, simple_world
from tests.engine.test_decision_reference import check

BLEND, CONFLICT, STATE = (STAGES.index(name) for name in ("blend", "conflict", "state"))
NAN = float("nan")


def ruled(world: World, rules: BlendRules) -> World:
    return replace(world, parameters=replace(world.parameters, rules=rules))


def opinions(values: list[float], confidences: list[float], weights: list[float], rules: BlendRules) -> World:
    """One symbol, and a directional signal for each value."""
    table = tuple(directional(f"d{k}", weight) for k, weight in enumerate(weights))
    world = simple_world(np.zeros(1), np.zeros(1))
    readings = Readings(np.array([values]).T, np.array([confidences]).T)
    world = replace(
        world, readings=readings, parameters=replace(world.parameters, signals=SignalTable(table))
    )
    return ruled(world, rules)


def vetoing(
    readings: list[float],
    held: list[float],
    side: OverlaySide,
    target: list[float],
    below: float = -0.5,
    weight: float = 1.0,
) -> list[float]:
    """What may be wanted of `target` where one overlay of that side, that multiplies by 1, has these readings."""
    world = simple_world(np.array(target), np.array(held) * 1000.0)
    overlay = SignalSpec("over", SignalClass.OVERLAY, SignalType.FLOW, weight, side=side)
    value = np.array([target, readings])
    table = SignalTable((directional("only", 1.0), overlay))
    world = replace(world, readings=Readings(value, np.ones_like(value)))
    world = replace(world, parameters=replace(world.parameters, signals=table))
    decision = ruled(world, BlendRules(veto_below=below)).decide()
    return [round(x, 12) for x in decision.stages[STATE].tolist()]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 9),
    st.integers(0, 6),
    st.integers(0, 2),
    st.integers(0, 3),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from([-1.0, -0.3, 0.4]),
    st.sampled_from([0.0, 0.1, 0.6]),
)
def test_the_step_follows_any_rules(
    seed: int,
    symbols: int,
    signals: int,
    neutral: int,
    overlays: int,
    floor: float,
    by_confidence: bool,
    veto: float,
    margin: float,
) -> None:
    world = random_world(seed, symbols, signals, neutral, overlays)
    leaning = np.random.default_rng(seed).integers(-1, 2, symbols).astype(np.float64)
    rules = BlendRules(floor, by_confidence, veto, margin)
    check(ruled(world.with_portfolio(leaning=leaning), rules))


def test_the_plain_rules_look_at_no_past() -> None:
    """To the last bit, whatever side a symbol was on before, and whatever overlays read."""
    for seed in range(40):
        world = random_world(seed, symbols=6, signals=4, neutral=1, overlays=2)
        leaning = np.random.default_rng(seed).choice([-1.0, 1.0], 6)
        plain, with_past = world.decide(), world.with_portfolio(leaning=leaning).decide()
        assert plain.stages.tobytes() == with_past.stages.tobytes()
        assert plain.bound.tobytes() == with_past.bound.tobytes()


@pytest.mark.parametrize(
    ("values", "weights", "agreement", "netted"),
    [
        ([0.9, 0.9, -0.15], [0.4, 0.4, 0.2], 0.69 / 0.75, 0.06),
        ([0.5, 0.5], [0.5, 0.5], 1.0, 0.0),
        ([0.5, -0.5], [0.5, 0.5], 0.0, 0.5),
        ([0.0, 0.0], [0.5, 0.5], 1.0, 0.0),
        ([NAN, 0.7], [0.5, 0.5], 1.0, 0.0),
        ([NAN, NAN], [0.5, 0.5], 1.0, 0.0),
    ],
)
def test_agreement_and_what_was_netted_out(
    values: list[float], weights: list[float], agreement: float, netted: float
) -> None:
    decision = opinions(values, [1.0] * len(values), weights, BlendRules()).decide()
    assert decision.agreement[0] == pytest.approx(agreement)
    assert decision.netted[0] == pytest.approx(netted, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_netting_never_exceeds_what_was_said(seed: int, by_confidence: bool) -> None:
    world = random_world(seed, symbols=5, signals=5, neutral=0, overlays=0)
    decision = ruled(world, BlendRules(confidence_netting=by_confidence)).decide()
    assert ((decision.agreement >= 0) & (decision.agreement <= 1 + 1e-12)).all()
    assert ((decision.netted >= 0) & (decision.netted <= 1)).all()
    np.testing.assert_array_equal(decision.netted[decision.hold], 0.0)


@pytest.mark.parametrize(("floor", "left"), [(0.5, 0.75), (0.0, 0.5), (1.0, 1.0)])
def test_the_floor_is_what_contradiction_leaves(floor: float, left: float) -> None:
    """0.6 against 0.2: they agree by half."""
    decision = opinions([0.6, -0.2], [1, 1], [0.5, 0.5], BlendRules(agreement_floor=floor)).decide()
    assert decision.stages[CONFLICT, 0] == pytest.approx(0.2 * left)


@pytest.mark.parametrize(
    ("confidences", "plain", "by_confidence"),
    [
        ([1.0, 1.0], 0.1, 0.1),
        ([0.9, 0.1], 0.25, (0.9 * 0.54 - 0.1 * 0.04)),
        ([1.0, 0.0], 0.3, 0.6),
        ([0.0, 0.0], 0.0, 0.0),
    ],
)
def test_a_confident_opinion_has_the_larger_say(
    confidences: list[float], plain: float, by_confidence: float
) -> None:
    """0.6 against -0.4 at equal weights."""
    for netting, expected in ((False, plain), (True, by_confidence)):
        rules = BlendRules(confidence_netting=netting)
        decision = opinions([0.6, -0.4], confidences, [0.5, 0.5], rules).decide()
        assert decision.stages[BLEND, 0] == pytest.approx(expected)
        assert decision.coverage[0] == 1.0


@pytest.mark.parametrize(
    ("side", "target", "allowed"),
    [
        (OverlaySide.LONG, [0.2, 0.2, 0.2, -0.2], [0.0, 0.1, 0.2, -0.2]),
        (OverlaySide.SHORT, [-0.2, 0.2, -0.2, 0.2], [0.0, 0.2, -0.2, 0.2]),
        (OverlaySide.BOTH, [0.2, 0.2, -0.2, -0.2], [0.0, 0.1, -0.2, 0.0]),
    ],
)
def test_an_overlay_forbids_new_exposure_on_its_side(
    side: OverlaySide, target: list[float], allowed: list[float]
) -> None:
    """The third symbol's reading is above the veto; the second holds a long of 0.1, which may stay, not grow."""
    assert vetoing([-0.6, -0.6, -0.4, -0.9], [0, 0.1, 0, 0], side, target) == allowed


@pytest.mark.parametrize(
    ("reading", "below", "weight"), [(NAN, -0.5, 1.0), (-1.0, -1.0, 1.0), (-1.0, 0.5, 0.0)]
)
def test_silence_the_default_and_an_overlay_that_is_off_forbid_nothing(
    reading: float, below: float, weight: float
) -> None:
    assert vetoing([reading], [0], OverlaySide.BOTH, [0.2], below, weight) == [0.2]


def test_a_veto_lets_a_position_shrink_and_close() -> None:
    held, wanted = [0.3, 0.3, 0.3], [0.1, 0.0, -0.2]
    assert vetoing([-0.9] * 3, held, OverlaySide.BOTH, wanted) == [0.1, 0.0, 0.0]
    assert vetoing([-0.9] * 3, held, OverlaySide.LONG, wanted) == [0.1, 0.0, -0.2]


@pytest.mark.parametrize(
    ("leaning", "forecast", "left"),
    [
        (1.0, -0.10, 0.0),
        (1.0, -0.20, -0.20),
        (1.0, -0.25, -0.25),
        (1.0, 0.05, 0.05),
        (-1.0, 0.10, 0.0),
        (-1.0, -0.10, -0.10),
        (0.0, -0.01, -0.01),
    ],
)
def test_a_change_of_sides_needs_its_margin(leaning: float, forecast: float, left: float) -> None:
    world = ruled(simple_world(np.array([forecast]), np.zeros(1)), BlendRules(flip_margin=0.2))
    decision = world.with_portfolio(leaning=np.array([leaning])).decide()
    assert decision.stages[CONFLICT, 0] == left
    assert decision.bound[CONFLICT, 0] == (left != forecast)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.integers(1, 4), st.sampled_from(list(TradingState)))
def test_the_neutral_book_has_no_beta_wherever_its_hedge_can_be_traded(
    seed: int, symbols: int, neutral: int, state: TradingState
) -> None:
    """After the stage itself, and after whatever scaled, restricted or stopped the book."""
    world = random_world(seed, symbols, 2, neutral, 1).with_risk(state=state)
    assert world.neutral is not None
    hedge = seed % symbols
    beta = world.neutral.beta.copy()
    beta[hedge] = 1.0
    tradable = world.market.tradable.copy()
    tradable[hedge] = True
    world = replace(world, neutral=replace(world.neutral, beta=beta, hedge=hedge)).with_market(
        tradable=tradable
    )
    decision = world.decide()
    assert abs(float(decision.stages[STAGES.index("neutral")] @ beta)) <= 1e-9
    assert abs(float(decision.neutral @ beta)) <= 1e-9
