"""What holds for every decision, whatever the readings: caps, safety, scale, order of symbols, broken numbers."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.decision import STAGES, Decider, Decision, Parameters, Readings, SignalTable
from store.records import SignalClass, SignalType, TradingState
from tests.engine.decision_worlds import Floats, World, directional, loose_limits, random_world, worlds

EXAMPLES = 200
ROOM = 1 + 1e-9


def stage(decision: Decision, name: str) -> Floats:
    row: Floats = decision.stages[STAGES.index(name)]
    return row


def final_quantity(world: World, decision: Decision) -> Floats:
    """What the orders lead to, in units."""
    kept = np.where(
        decision.whole_close, 0.0, world.portfolio.quantity + decision.close_lots * world.market.lot
    )
    return np.array(kept + decision.open_lots * world.market.lot)


def assert_same(a: Decision, b: Decision) -> None:
    """Equal to the last bit."""
    for field in fields(Decision):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_no_cap_is_exceeded_after_its_stage(world: World) -> None:
    decision, limits = world.decide(), world.parameters.risk
    for kind, contribution in type_contributions(world, decision).items():
        assert np.all(np.abs(contribution) <= limits.type_limits[kind] * ROOM), kind
    symbol, cluster = stage(decision, "symbol"), stage(decision, "cluster")
    assert np.all(np.abs(symbol) <= limits.max_symbol)
    assert np.all(symbol[~world.market.shortable] >= 0.0)
    for label in set(world.market.cluster.tolist()) - {-1}:
        assert np.abs(cluster[world.market.cluster == label]).sum() <= limits.max_cluster * ROOM
    assert abs(stage(decision, "net").sum()) <= limits.max_net * ROOM
    largest = min(limits.max_gross, world.risk.kelly)
    assert np.abs(stage(decision, "gross")).sum() + np.abs(decision.neutral).sum() <= largest * ROOM


def type_contributions(world: World, decision: Decision) -> dict[SignalType, Floats]:
    """x_s times the share of each type in the blend of its symbol."""
    specs = world.parameters.signals.signals
    reading = np.nan_to_num(world.readings.value * world.readings.confidence)
    scaled = np.clip(reading * np.array([s.scalar for s in specs])[:, None], -1, 1)
    weighted = (
        scaled * np.array([s.weight * (s.signal_class is SignalClass.DIRECTIONAL) for s in specs])[:, None]
    )
    total = weighted.sum(axis=0)
    shares = {}
    for kind in SignalType:
        part = weighted[[s.signal_type is kind for s in specs]].sum(axis=0)
        share = np.divide(part, total, out=np.zeros_like(total), where=np.abs(total) > 1e-9)
        shares[kind] = stage(decision, "type") * share
    return shares


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_a_later_cap_never_loosens_an_earlier_one(world: World) -> None:
    decision = world.decide()
    order = ("symbol", "cluster", "net", "gross", "drawdown")
    for before, after in pairwise(order):
        assert np.all(np.abs(stage(decision, after)) <= np.abs(stage(decision, before)) * ROOM), after


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_reducing_never_raises_exposure(world: World) -> None:
    world = world.with_risk(state=TradingState.REDUCING)
    decision = world.decide()
    held = world.portfolio.quantity
    final = final_quantity(world, decision)
    assert not decision.open_lots.any()
    assert np.all(np.abs(final) <= np.abs(held))
    assert np.all(final * held >= 0.0)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_locked_and_stale_symbols_are_only_reduced(world: World) -> None:
    world = world.with_risk(state=TradingState.ACTIVE)
    decision = world.decide()
    barred = world.risk.locked | world.market.stale
    assert not decision.open_lots[barred].any()
    assert np.all(np.abs(final_quantity(world, decision)[barred]) <= np.abs(world.portfolio.quantity[barred]))


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_a_cooldown_bars_its_own_side_alone(world: World) -> None:
    decision = world.with_risk(state=TradingState.ACTIVE).decide()
    opens = decision.open_lots
    assert not (
        world.risk.cooldown_long & (opens > 0) & (stage(decision, "drawdown") + decision.neutral > 0)
    ).any()
    assert not (
        world.risk.cooldown_short & (opens < 0) & (stage(decision, "drawdown") + decision.neutral < 0)
    ).any()


@settings(max_examples=EXAMPLES)
@given(worlds(neutral=False))
def test_zero_readings_end_every_position_exactly(world: World) -> None:
    shape = world.readings.value.shape
    world = replace(world, readings=Readings(np.zeros(shape), np.zeros(shape)))
    decision = world.decide()
    free = world.market.tradable
    np.testing.assert_array_equal(final_quantity(world, decision)[free], 0.0)
    np.testing.assert_array_equal(stage(decision, "round")[free], 0.0)
    np.testing.assert_array_equal(decision.whole_close[free], world.portfolio.quantity[free] != 0.0)


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_halted_wants_nothing_and_says_so(world: World) -> None:
    decision = world.with_risk(state=TradingState.HALTED).decide()
    assert decision.state is TradingState.HALTED
    np.testing.assert_array_equal(stage(decision, "state"), 0.0)
    np.testing.assert_array_equal(stage(decision, "round"), 0.0)


@settings(max_examples=EXAMPLES)
@given(worlds(), st.sampled_from([2.0**-7, 0.5, 1024.0]))
def test_prices_scaled_by_a_power_of_two_change_quantities_alone(world: World, k: float) -> None:
    """Units shrink as prices grow: a hundredth of a coin at a hundred times the price is the same position."""
    scaled = world.with_market(
        price=world.market.price * k, lot=world.market.lot / k, min_quantity=world.market.min_quantity / k
    ).with_portfolio(quantity=world.portfolio.quantity / k)
    assert_same(world.decide(), scaled.decide())


@settings(max_examples=EXAMPLES)
@given(worlds(), st.floats(1e-4, 1e4))
def test_prices_scaled_by_anything_change_targets_by_rounding_errors(world: World, k: float) -> None:
    scaled = world.with_market(
        price=world.market.price * k, lot=world.market.lot / k, min_quantity=world.market.min_quantity / k
    ).with_portfolio(quantity=world.portfolio.quantity / k)
    before, after = world.decide(), scaled.decide()
    row = STAGES.index("buffer")
    np.testing.assert_allclose(after.stages[:row], before.stages[:row], rtol=1e-9, atol=1e-12)


@settings(max_examples=EXAMPLES)
@given(worlds(), st.integers(0, 2**32 - 1))
def test_the_order_of_symbols_does_not_matter(world: World, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(world.symbols).tolist()
    before, after = world.decide(), permuted(world, order).decide()
    np.testing.assert_allclose(after.stages, before.stages[:, order], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(after.hold, before.hold[order])
    np.testing.assert_array_equal(after.close_lots, before.close_lots[order])
    np.testing.assert_array_equal(after.open_lots, before.open_lots[order])
    assert after.idm == pytest.approx(before.idm, rel=1e-12)


def permuted(world: World, order: list[int]) -> World:
    """The same world with its symbols in another order."""

    def arranged(part: object) -> dict[str, Any]:
        arrays = {f.name: getattr(part, f.name) for f in fields(part)}  # type: ignore[arg-type]
        return {n: a[..., order] for n, a in arrays.items() if isinstance(a, np.ndarray)}

    market = replace(world.market, **arranged(world.market))
    neutral = world.neutral
    if neutral is not None:
        hedge = order.index(neutral.hedge) if neutral.hedge >= 0 else -1
        neutral = replace(neutral, **arranged(neutral), hedge=hedge)
    return replace(
        world,
        readings=Readings(**arranged(world.readings)),
        market=replace(market, correlation=world.market.correlation[np.ix_(order, order)]),
        portfolio=replace(world.portfolio, **arranged(world.portfolio)),
        risk=replace(world.risk, **arranged(world.risk)),
        neutral=neutral,
    )


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_decision_depends_on_its_arguments_alone(seed: int, other_seed: int) -> None:
    """A decider that has decided other bars decides this one as a new one would."""
    world, other = (random_world(s, symbols=6, signals=4, neutral=2, overlays=1) for s in (seed, other_seed))
    used = Decider(world.parameters, world.symbols)
    replace(other, parameters=world.parameters).decide(used)
    assert_same(world.decide(used), world.decide())


@given(worlds())
def test_deciding_changes_none_of_its_arguments(world: World) -> None:
    copies = [
        (array, array.copy())
        for part in (world.readings, world.market, world.portfolio, world.risk, world.neutral)
        if part is not None
        for array in (getattr(part, f.name) for f in fields(part))
        if isinstance(array, np.ndarray)
    ]
    first = world.decide()
    second = world.decide()
    assert_same(first, second)
    for array, copy in copies:
        np.testing.assert_array_equal(array, copy)


BROKEN = st.sampled_from([np.nan, np.inf, -np.inf])
MARKET_ARRAYS = ("price", "sigma", "lot", "min_quantity", "min_notional", "instrument_weight", "cost_band")


@settings(max_examples=EXAMPLES)
@given(worlds(), st.data())
def test_a_broken_number_never_reaches_an_order(world: World, data: st.DataObject) -> None:
    part, name = data.draw(
        st.sampled_from(
            [("market", n) for n in (*MARKET_ARRAYS, "correlation")]
            + [("portfolio", "quantity"), ("portfolio", "hold_age_ms")]
            + [("readings", "value"), ("readings", "confidence")]
        )
    )
    array = getattr(getattr(world, part), name).copy()
    assume(array.size > 0)
    array.flat[data.draw(st.integers(0, array.size - 1))] = data.draw(BROKEN)
    broken = replace(world, **{part: replace(getattr(world, part), **{name: array})})
    decision = broken.decide()
    assert np.isfinite(decision.stages).all()
    assert np.isfinite(decision.neutral).all()
    assert np.abs(decision.open_lots).max() < 2**53
    if name in ("price", "lot", "quantity"):
        symbol = ~np.isfinite(array)
        assert not decision.open_lots[symbol].any()
        assert not decision.close_lots[symbol].any()
        assert not decision.whole_close[symbol].any()


@given(worlds(neutral=True), BROKEN, st.sampled_from(["legs", "beta", "held"]))
def test_a_broken_leg_never_reaches_an_order(world: World, number: float, name: str) -> None:
    assume(world.neutral is not None)
    array = getattr(world.neutral, name).copy()
    array.flat[0] = number
    decision = replace(world, neutral=replace(world.neutral, **{name: array})).decide()  # type: ignore[type-var]
    assert np.isfinite(decision.stages).all()


@pytest.mark.parametrize("field", ["fdm", "kelly", "guard_multiplier", "regime_multiplier"])
@given(world=worlds(), number=BROKEN)
@settings(max_examples=10)
def test_a_broken_number_for_the_whole_book_is_refused(world: World, number: float, field: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        world.with_risk(**{field: number}).decide()


@pytest.mark.parametrize("field", ["equity", "high_water_mark"])
def test_without_equity_there_is_no_decision(field: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        random_world(1, 3, 2, 0, 0).with_portfolio(**{field: np.nan}).decide()


def test_weights_that_do_not_sum_to_one_are_refused() -> None:
    world = random_world(3, 3, 4, 0, 0)
    doubled = tuple(replace(s, weight=2 * s.weight) for s in world.parameters.signals.signals)
    table = replace(world.parameters.signals, signals=doubled)
    with pytest.raises(ValueError, match="must sum to 1"):
        Decider(Parameters(table, world.parameters.risk), world.symbols)


@pytest.mark.parametrize("broken", [{"weight": -0.5}, {"scalar": np.nan}, {"up": np.inf}])
def test_signals_that_are_no_numbers_are_refused(broken: dict[str, Any]) -> None:
    table = SignalTable((directional("whole", 1.0), replace(directional("broken", 0.0), **broken)))
    with pytest.raises(ValueError, match="must be >= 0"):
        Decider(Parameters(table, loose_limits()), 3)


@pytest.mark.parametrize("part", ["price", "correlation", "cluster", "tradable"])
def test_a_wrong_shape_is_refused(part: str) -> None:
    world = random_world(1, 3, 2, 0, 0)
    array = getattr(world.market, part)
    decider = Decider(world.parameters, 3)
    with pytest.raises(ValueError, match="shape"):
        world.with_market(**{part: array[:1]}).decide(decider)
