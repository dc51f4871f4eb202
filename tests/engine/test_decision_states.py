"""Holds, drawdown and trading states: what a symbol without an opinion does, and what may not be wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.decision import STAGES, Decision, Readings, SignalTable
from store.records import TradingState
from tests.engine.decision_worlds import World, directional, flags, simple_world

DAY_MS = 86_400_000.0
NAN = np.nan


def row(decision: Decision, name: str) -> list[float]:
    return [round(x, 12) for x in decision.stages[STAGES.index(name)].tolist()]


def held_world(quantity: float = 100.0) -> World:
    """Two symbols: the first without an opinion, the second wanting 0.3."""
    return simple_world(np.array([NAN, 0.3]), np.array([quantity, 0.0]))


def covered_world(*weights: float) -> World:
    """One symbol held at 0.1, one signal for each weight; only the first has an opinion."""
    world = simple_world(np.array([0.4]), np.array([100.0]))
    value = np.full((len(weights), 1), NAN)
    value[0] = 0.4
    table = SignalTable(tuple(directional(f"s{k}", weight) for k, weight in enumerate(weights)))
    parameters = replace(world.parameters, signals=table)
    return replace(world, readings=Readings(value, np.ones_like(value)), parameters=parameters)


def test_half_the_weight_is_enough_to_speak_for_all() -> None:
    decision = covered_world(0.5, 0.5).decide()
    assert not decision.hold[0]
    assert row(decision, "blend") == [0.4]


def test_less_than_half_the_weight_holds() -> None:
    decision = covered_world(0.49, 0.51).decide()
    assert decision.hold[0]
    assert decision.coverage[0] == pytest.approx(0.49)
    assert row(decision, "blend") == [0.0]
    assert row(decision, "round") == [0.1]


def test_ten_signals_of_a_tenth_are_five_for_half() -> None:
    """Ten weights of 0.1 sum to less than half in floating point; it still is half."""
    world = covered_world(*[0.1] * 10)
    value = np.where(np.arange(10)[:, None] < 5, 0.4, NAN)
    assert not replace(world, readings=Readings(value, np.ones_like(value))).decide().hold[0]


def test_a_flat_reading_is_an_opinion_and_silence_is_none() -> None:
    flat = simple_world(np.array([0.0, NAN]), np.array([100.0, 100.0]))
    assert flat.decide().hold.tolist() == [False, True]


@pytest.mark.parametrize("part", ["value", "confidence"])
def test_an_opinion_needs_both_value_and_confidence(part: str) -> None:
    world = simple_world(np.array([0.4]), np.zeros(1))
    silent = replace(world.readings, **{part: np.full((1, 1), NAN)})
    assert replace(world, readings=silent).decide().hold[0]


def test_a_hold_enters_at_its_own_position_and_is_not_traded() -> None:
    decision = held_world().decide()
    assert row(decision, "type")[0] == 0.0
    assert row(decision, "symbol")[0] == 0.1
    assert row(decision, "round")[0] == 0.1
    assert decision.close_lots[0] == 0
    assert decision.open_lots[1] == 300


def test_the_caps_count_a_hold_and_may_shrink_it() -> None:
    decision = held_world().with_limits(max_gross=0.2).decide()
    assert row(decision, "gross") == [0.05, 0.15]
    assert decision.close_lots[0] == -50


def test_a_drawdown_does_not_wear_a_hold_down() -> None:
    decision = held_world().with_risk(guard_multiplier=0.5).decide()
    assert row(decision, "drawdown") == [0.1, 0.15]


@pytest.mark.parametrize(("age_days", "kept"), [(0.0, True), (3.0, True), (3.001, False)])
def test_a_hold_older_than_three_days_ends(age_days: float, kept: bool) -> None:
    decision = held_world().with_portfolio(hold_age_ms=np.array([age_days * DAY_MS, 99 * DAY_MS])).decide()
    assert row(decision, "state") == [0.1 if kept else 0.0, 0.3]
    assert decision.whole_close[0] == (not kept)


def test_a_symbol_that_is_not_tradable_is_held_and_weighs_nothing() -> None:
    world = simple_world(np.array([0.4, 0.4]), np.array([100.0, 0.0]))
    decision = world.with_market(tradable=~flags(2, 0)).decide()
    assert decision.hold.tolist() == [True, False]
    assert decision.average[0] == 0.0
    assert row(decision, "round")[0] == 0.1


def test_without_any_directional_signal_positions_end() -> None:
    world = simple_world(np.array([0.4]), np.array([100.0]))
    shadow = SignalTable(tuple(replace(s, weight=0.0) for s in world.parameters.signals.signals))
    decision = replace(world, parameters=replace(world.parameters, signals=shadow)).decide()
    assert not decision.hold.any()
    assert decision.whole_close.tolist() == [True]


def test_a_hold_that_may_not_be_short_is_closed() -> None:
    world = held_world(quantity=-100.0).with_market(shortable=flags(2))
    assert row(world.decide(), "symbol") == [0.0, 0.3]


def test_shorting_off_in_the_parameters_is_shorting_off() -> None:
    world = simple_world(np.array([-0.4, 0.3]), np.zeros(2)).with_limits(allow_short=False)
    assert row(world.decide(), "symbol") == [0.0, 0.3]


@pytest.mark.parametrize(
    ("equity", "multiplier", "halted"),
    [
        (1000.0, 1.0, False),
        (900.0, 1.0, False),
        (875.0, 0.625, False),
        (850.001, 0.25, False),
        (850.0, 0.0, True),
        (500.0, 0.0, True),
        (1100.0, 1.0, False),
    ],
)
def test_drawdown(equity: float, multiplier: float, halted: bool) -> None:
    """From 10 % positions shrink, at 15 % this very decision is one of a halted book."""
    world = simple_world(np.array([0.4]), np.array([100.0])).with_limits(dd_start=0.1, dd_halt=0.15)
    decision = world.with_portfolio(equity=equity, high_water_mark=1000.0).decide()
    assert decision.drawdown == pytest.approx(1 - equity / 1000)
    assert decision.multiplier == pytest.approx(multiplier, abs=1e-4)
    assert decision.halt == halted
    assert decision.state is (TradingState.HALTED if halted else TradingState.ACTIVE)
    assert (row(decision, "state") == [0.0]) == halted


def test_the_limit_itself_halts() -> None:
    world = simple_world(np.array([0.4]), np.array([100.0])).with_limits(dd_start=0.125, dd_halt=0.25)
    decision = world.with_portfolio(equity=750.0, high_water_mark=1000.0).decide()
    assert decision.drawdown == 0.25
    assert decision.halt
    assert decision.multiplier == 0.0


@pytest.mark.parametrize(
    ("says", "target", "quantity", "allowed"),
    [
        ("more of the same is not wanted", 0.3, 100.0, 0.1),
        ("less is", 0.05, 100.0, 0.05),
        ("the other side is only an end", -0.3, 100.0, 0.0),
        ("nothing held stays nothing", 0.3, 0.0, 0.0),
        ("a short likewise", -0.3, -100.0, -0.1),
        ("a short's other side", 0.3, -100.0, 0.0),
    ],
)
@pytest.mark.parametrize("why", ["reducing", "locked", "stale"])
def test_reduce_only(says: str, target: float, quantity: float, allowed: float, why: str) -> None:
    world = simple_world(np.array([target]), np.array([quantity]))
    world = {
        "reducing": world.with_risk(state=TradingState.REDUCING),
        "locked": world.with_risk(locked=flags(1, 0)),
        "stale": world.with_market(stale=flags(1, 0)),
    }[why]
    assert row(world.decide(), "state") == [allowed]


@pytest.mark.parametrize(
    ("side", "target", "quantity", "allowed"),
    [
        ("long", 0.3, 0.0, 0.0),
        ("long", 0.3, 100.0, 0.1),
        ("long", -0.3, 100.0, -0.3),
        ("short", -0.3, 0.0, 0.0),
        ("short", 0.3, -100.0, 0.3),
    ],
)
def test_a_cooldown_bars_one_side(side: str, target: float, quantity: float, allowed: float) -> None:
    world = simple_world(np.array([target]), np.array([quantity]))
    decision = world.with_risk(**{f"cooldown_{side}": flags(1, 0)}).decide()
    assert row(decision, "state") == [allowed]


def test_the_worst_state_and_the_worst_multiplier_win_together() -> None:
    world = simple_world(np.array([0.4]), np.array([100.0])).with_risk(
        state=TradingState.REDUCING, guard_multiplier=0.5, regime_multiplier=0.5
    )
    decision = world.decide()
    assert decision.multiplier == 0.25
    assert row(decision, "drawdown") == row(decision, "state") == [0.1]
