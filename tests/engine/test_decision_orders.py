"""From a target to orders: the band, whole lots, minima, closes; each row of a table is one symbol.

One unit costs 1 and equity is 1000, so that a fraction of 0.001 is one lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from engine.decision import STAGES, Decision
from tests.engine.decision_worlds import simple_world

BUFFER, ROUND = STAGES.index("buffer"), STAGES.index("round")


def decided(target: float, quantity: float, **limits: float) -> Decision:
    world = simple_world(np.array([target]), np.array([quantity]))
    return world.with_limits(**limits).decide()


@dataclass(frozen=True)
class Case:
    says: str
    target: float
    quantity: float
    close: int
    open: int
    whole: bool = False


CASES = [
    Case("nothing wanted, nothing held", 0.0, 0, 0, 0),
    Case("open long", 0.25, 0, 0, 250),
    Case("open short", -0.25, 0, 0, -250),
    Case("increase", 0.25, 100, 0, 150),
    Case("reduce: a reduce-only order", 0.1, 250, -150, 0),
    Case("reduce a short", -0.1, -250, 150, 0),
    Case("close a long whole", 0.0, 250, -250, 0, True),
    Case("close a short whole", 0.0, -250, 250, 0, True),
    Case("turn: close whole, then open", -0.1, 250, -250, -100, True),
    Case("turn a short", 0.1, -250, 250, 100, True),
    Case("less than a lot is nothing", 0.0009, 0, 0, 0),
    Case("less than a lot ends what is held", 0.0009, 5, -5, 0, True),
    Case("rounded towards nothing", 0.2509, 0, 0, 250),
    Case("a short rounded towards nothing", -0.2509, 0, 0, -250),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_orders(case: Case) -> None:
    decision = decided(case.target, case.quantity)
    assert decision.close_lots.tolist() == [case.close]
    assert decision.open_lots.tolist() == [case.open]
    assert decision.whole_close.tolist() == [case.whole]
    left = 0 if case.whole else case.quantity + case.close
    assert decision.stages[ROUND, 0] == pytest.approx((left + case.open) / 1000, abs=1e-15)


def test_three_tenths_are_three_lots_of_a_tenth() -> None:
    """0.3 / 0.1 is 2.9999999999999996."""
    world = simple_world(np.array([0.3]), np.zeros(1), equity=1.0).with_market(
        lot=np.array([0.1]), min_quantity=np.zeros(1)
    )
    assert world.decide().open_lots.tolist() == [3]


@dataclass(frozen=True)
class Minimum:
    says: str
    target: float
    quantity: float
    close: int
    open: int
    suppressed: bool


MINIMA = [
    Minimum("an opening order below it is not sent", 0.009, 0, 0, 0, True),
    Minimum("at the minimum it is", 0.010, 0, 0, 10, False),
    Minimum("an increase below it is not sent", 0.109, 100, 0, 0, True),
    Minimum("a reduction below it is not sent", 0.091, 100, 0, 0, True),
    Minimum("a close of the whole is, however small", 0.0, 4, -4, 0, False),
    Minimum("a turn closes and leaves the small opening away", -0.004, 100, -100, 0, True),
]


@pytest.mark.parametrize("kind", ["min_quantity", "min_notional"])
@pytest.mark.parametrize("case", MINIMA, ids=lambda case: case.says)
def test_minima(case: Minimum, kind: str) -> None:
    world = simple_world(np.array([case.target]), np.array([float(case.quantity)]))
    decision = world.with_market(**{kind: np.array([10.0])}).decide()
    assert decision.close_lots.tolist() == [case.close]
    assert decision.open_lots.tolist() == [case.open]
    assert decision.bound[ROUND].tolist() == [case.suppressed]


def test_a_whole_close_takes_what_no_lot_measures() -> None:
    """Dust below a lot is held: there is no lot to order, but the position must end."""
    decision = decided(0.0, 0.4)
    assert decision.whole_close.tolist() == [True]
    assert decision.close_lots.tolist() == [0]
    assert decision.stages[ROUND, 0] == 0.0


@pytest.mark.parametrize(
    ("target", "quantity", "working", "close", "opening", "whole"),
    [
        (0.25, 0.0, 250.0, 0, 0, False),
        (0.25, 0.0, 100.0, 0, 150, False),
        (0.25, 0.0, 400.0, 0, -150, False),
        (0.0, 250.0, -250.0, 0, 0, False),
        (0.0, 250.0, -100.0, -150, 0, False),
        (-0.1, 250.0, -350.0, 0, 0, False),
        (-0.1, 250.0, -100.0, -150, -100, False),
    ],
)
def test_working_orders_count(
    target: float, quantity: float, working: float, close: int, opening: int, whole: bool
) -> None:
    world = simple_world(np.array([target]), np.array([quantity])).with_portfolio(working=np.array([working]))
    decision = world.decide()
    assert (decision.close_lots[0], decision.open_lots[0]) == (close, opening)
    assert decision.whole_close[0] == whole


@pytest.mark.parametrize(
    ("says", "target", "quantity", "buffered"),
    [
        ("inside the band of a tenth of the target", 0.50, 460.0, 0.46),
        ("on its edge", 0.50, 450.0, 0.45),
        ("outside: to half a band below", 0.50, 400.0, 0.475),
        ("outside: to half a band above", 0.50, 600.0, 0.525),
        ("a small target has the band of an average position", 0.10, 80.0, 0.08),
        ("a target of 0 has none", 0.0, 1.0, 0.0),
        ("nothing held and less than a band wanted", 0.02, 0.0, 0.0),
    ],
)
def test_the_band(says: str, target: float, quantity: float, buffered: float) -> None:
    """The average position is half the largest: 0.5."""
    decision = decided(target, quantity, buffer_fraction=0.1, volatility_target=0.25)
    assert decision.average[0] == 0.5
    assert decision.stages[BUFFER, 0] == pytest.approx(buffered, abs=1e-12)
    traded = buffered != quantity / 1000
    assert bool(decision.open_lots[0] or decision.close_lots[0]) == traded


def test_the_band_shrinks_with_the_drawdown_and_not_with_a_small_target() -> None:
    world = simple_world(np.array([0.1]), np.zeros(1)).with_limits(buffer_fraction=0.1)
    halved = world.with_risk(guard_multiplier=0.5).decide()
    assert halved.stages[BUFFER, 0] == pytest.approx(0.05 - 0.1 * 0.5 * halved.average[0] / 2)


@pytest.mark.parametrize("enabled", [False, True])
def test_the_cost_band_is_off_by_default(enabled: bool) -> None:
    world = simple_world(np.array([0.5]), np.zeros(1)).with_market(cost_band=np.array([0.2]))
    world = world.with_limits(cost_band=enabled) if enabled else world
    assert world.decide().stages[BUFFER, 0] == pytest.approx(0.4 if enabled else 0.5)


def test_a_position_that_is_not_traded_stays_to_the_last_digit() -> None:
    decision = decided(0.5, 460.37, buffer_fraction=0.1)
    assert not decision.open_lots.any()
    assert not decision.close_lots.any()
    assert decision.stages[ROUND, 0] == decision.current[0]


def test_a_bankrupt_book_halts_and_closes_everything() -> None:
    world = simple_world(np.array([0.5, 0.5]), np.array([100.0, -7.0])).with_portfolio(
        equity=-1.0, high_water_mark=1000.0
    )
    decision = world.decide()
    assert decision.halt
    assert decision.close_lots.tolist() == [-100, 7]
    assert decision.whole_close.tolist() == [True, True]
    assert not decision.open_lots.any()
