"""Pairs of a coin and its perpetual in one decision, by hand: under every limit together, each coin by itself, and
never a coin bought whose perpetual was not sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.decision import STAGES, Decision, NeutralLegs, Readings, SignalSpec, SignalTable
from engine.decision_layout import GRANTED, LIMITED
from engine.feeds.feed import LEG_ROWS
from engine.leg_book import LegBook
from engine.leg_columns import HeldLegs, LegDecider, universe_part, with_pairs
from engine.market_legs import LegMarket
from engine.neutral_book import NeutralBook, Parts
from engine.pairs import PairListings, Pairs
from store.records import Instrument, InstrumentKind, SignalClass, SignalType, TradingState
from strategies.registry import BUILT_IN
from tests.engine.decision_worlds import World, directional, flags, random_world, simple_world
from tests.engine.test_neutral_book import StillMarket, days_with_betas, instrument, said

Floats = NDArray[np.float64]
HOUR_MS = 3_600_000
COINS = ("BTC", "ETH", "SOL")
PERPETUALS = [instrument(f"{coin}USDT") for coin in COINS]
SPOT = slice(3, 6)
A4 = next(kind.build(kind.settings()) for kind in BUILT_IN if kind.name == "A4")
CARRY = SignalSpec("A4", SignalClass.NEUTRAL, SignalType.CARRY, 1.0)
NEUTRAL, TARGET, BUFFER, ROUND = (STAGES.index(name) for name in ("neutral", "state", "buffer", "round"))


def coins_listed(*coins: str) -> list[Instrument]:
    plain = [replace(instrument(f"{coin}USDT", InstrumentKind.SPOT), symbol=f"{coin}SPOT") for coin in coins]
    return [replace(coin, lot=Decimal(1), min_quantity=Decimal(1), min_notional=Decimal(1)) for coin in plain]


def leg_market(prices: Floats, volume: float = 1e6, hour: int = 0) -> LegMarket:
    """Every coin at the price of its perpetual."""
    made = LegMarket(coins_listed(*COINS), PERPETUALS, HOUR_MS)
    bars = np.repeat(prices[np.newaxis, :], LEG_ROWS, axis=0)[:, np.newaxis]
    bars[-1] = volume
    made.fold(hour * HOUR_MS, bars, made.instruments)
    return made


def world(
    target: tuple[float, ...] = (0.0, 0.0, 0.0), held: tuple[float, ...] = (0.0, 0.0, 0.0), **limits: Any
) -> World:
    """Equity 1,000,000 in whole units of 1; a directional signal that wants `target`, beside funding carry."""
    made = simple_world(np.array(target), np.array(held), equity=1_000_000.0)
    table = SignalTable((directional("only", 1.0), CARRY))
    made = replace(
        made,
        readings=Readings(np.vstack([made.readings.value, np.ones(3)]), np.ones((2, 3))),
        parameters=replace(made.parameters, signals=table),
    )
    return made.with_limits(**{"neutral_budget": 0.2, **limits})


def decide(
    made: World,
    amount: tuple[float, ...],
    spot: tuple[float, ...] = (0.0, 0.0, 0.0),
    locked: tuple[int, ...] = (),
    for_legs: tuple[float, ...] = (0.0, 0.0, 0.0),
    missed: tuple[float, ...] = (0.0, 0.0, 0.0),
    legs: LegMarket | None = None,
) -> Decision:
    """Of the three coins; `for_legs`: what of the perpetuals is held for legs, `missed`: what of them will differ from
    what was wanted (x equity)."""
    legs = leg_market(np.ones(3)) if legs is None else legs
    decider = LegDecider(made.parameters, legs, 3, rows=(1,))
    pairs = Pairs((1,), np.array([amount]), np.array([[3, 4, 5]]), np.array([[0, 1, 2]]))
    neutral = NeutralLegs(np.zeros((2, 3)), np.array([1.0, 1.5, np.nan]), 0, np.array(for_legs))
    held = HeldLegs(np.array(spot), np.zeros(3), flags(3, *locked))
    found = decider.decide(made.readings, made.market, made.portfolio, made.risk, neutral, pairs, held)
    decider.follow(found, np.array(missed), made.portfolio.equity, held)
    return found


@pytest.mark.parametrize(
    ("universe", "wanted"),
    [
        pytest.param(
            [replace(PERPETUALS[0], kind=InstrumentKind.SPOT), PERPETUALS[1]], [0.0, 1.0], id="spot"
        ),
        pytest.param([PERPETUALS[0], replace(instrument("BTCUSDC"), base="BTC")], [1.0, 0.0], id="twice"),
    ],
)
def test_a_pair_stands_on_the_first_perpetual_of_its_coin_or_nowhere(
    universe: list[Instrument], wanted: list[float]
) -> None:
    listings = PairListings(universe, coins_listed(*{each.base: "" for each in universe}), True)
    ones = np.ones(2)
    assert listings.lists(A4)
    pairs = listings.wanted((1,), [A4], [(ones, ones)], 0, np.zeros(2))
    assert pairs.amount.tolist() == [wanted]
    assert not PairListings(universe[:1], coins_listed(), True).lists(A4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 5))
def test_bars_missing_in_a_row_are_counted_alike_in_any_parts_until_the_expiry(
    there: list[bool], size: int
) -> None:
    ends = replace(instrument("BTCUSDT"), kind=InstrumentKind.FUTURE, expiry_ms=8 * HOUR_MS)
    made = LegMarket((*coins_listed("BTC"), ends), PERPETUALS, HOUR_MS)
    bars = np.where(np.array(there)[:, np.newaxis], 1.0, np.nan) * np.ones((LEG_ROWS, 1, 2))
    for start in range(0, len(there), size):
        made.fold(start * HOUR_MS, bars[:, start : start + size], made.instruments)
    run = there[::-1].index(True) if any(there) else 0
    assert made.missing_run.tolist() == [run, run if len(there) < 8 else 0]


def test_half_of_a_coins_share_is_bought_and_half_is_sold_of_its_perpetual() -> None:
    """0.2 x 0.5 and 0.2 x 0.2 of 1,000,000, halved; of the third coin no beta is known, so nothing is held of it."""
    found = decide(world(), (0.5, 0.2, 0.3))
    assert found.stages[NEUTRAL] == pytest.approx([-0.05, -0.02, 0.0, 0.05, 0.02, 0.0], abs=1e-12)
    assert found.open_lots.tolist() == [-50_000, -20_000, 0, 50_000, 20_000, 0]
    assert found.stages[ROUND] == pytest.approx(found.stages[TARGET], abs=1e-12)


def test_both_sides_are_kept_within_the_limit_of_a_symbol_and_other_pairs_are_left_alone() -> None:
    found = decide(world(max_symbol=0.03), (0.5, 0.2, 0.0))
    assert found.stages[TARGET] == pytest.approx([-0.03, -0.02, 0.0, 0.03, 0.02, 0.0], abs=1e-12)
    assert found.leg_shares[LIMITED].tolist() == [1.0, pytest.approx(0.6)]


def test_the_gross_cap_counts_both_sides() -> None:
    found = decide(world(max_gross=0.07), (0.5, 0.2, 0.0))
    assert found.stages[TARGET] == pytest.approx([-0.025, -0.01, 0.0, 0.025, 0.01, 0.0], abs=1e-12)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"locked": (0,)}, id="the coin is locked"),
        pytest.param({"risk": {"locked": flags(3, 0)}}, id="the perpetual is locked"),
        pytest.param({"risk": {"cooldown_short": flags(3, 0)}}, id="no new shorts of it"),
        pytest.param({"market": {"stale": flags(3, 0)}}, id="no fresh bar"),
        pytest.param({"market": {"tradable": ~flags(3, 0)}}, id="too young"),
    ],
)
def test_what_befalls_one_side_takes_the_other_and_no_other_pair(trouble: Mapping[str, Any]) -> None:
    made = world().with_risk(**trouble.get("risk", {})).with_market(**trouble.get("market", {}))
    found = decide(made, (0.5, 0.2, 0.0), locked=trouble.get("locked", ()))
    assert found.open_lots.tolist() == [0, -20_000, 0, 0, 20_000, 0]


def test_a_coin_that_did_not_trade_is_not_sold_against() -> None:
    found = decide(world(), (0.5, 0.2, 0.0), legs=leg_market(np.ones(3), volume=0.0))
    assert not found.open_lots.any()


def test_a_future_that_has_expired_is_wanted_no_more() -> None:
    """Whatever its last bar says: the contract of one coin ended with it, that of another runs on."""
    legs = leg_market(np.ones(3))
    ended, runs_on = (replace(leg, expiry_ms=n * HOUR_MS) for n, leg in enumerate(legs.instruments[:2], 1))
    legs.fold(0, np.ones((LEG_ROWS, 1, 3)) * 1e6, (ended, runs_on, legs.instruments[2]))
    legs.last_close = np.ones(3)
    assert decide(world(), (0.5, 0.2, 0.0), legs=legs).open_lots.tolist() == [0, -20_000, 0, 0, 20_000, 0]


def test_a_leg_that_was_liquidated_rests_on_both_sides() -> None:
    market: Any = SimpleNamespace(symbols=("A", "B"), legs=leg_market(np.ones(3)))
    book = LegBook(market, carry_book(*COINS), world().parameters)
    restricted = flags(5, 0, 2), flags(5, 1), flags(5, 3)
    assert book.held(np.zeros(5), None, restricted).locked.tolist() == [True, True, False]


def test_while_reducing_what_is_held_stays_and_nothing_is_added() -> None:
    made = world(held=(-30_000.0, 0.0, 0.0)).with_risk(state=TradingState.REDUCING)
    found = decide(made, (0.5, 0.2, 0.0), spot=(30_000.0, 0.0, 0.0), for_legs=(-0.03, 0.0, 0.0))
    assert found.stages[TARGET] == pytest.approx([-0.03, 0.0, 0.0, 0.03, 0.0, 0.0], abs=1e-12)
    assert not found.open_lots.any()
    assert found.leg_shares[GRANTED].tolist() == [1.0, 0.0]


def test_what_was_not_sold_short_is_not_bought() -> None:
    """Of 0.05 and 0.02 short the bands of the perpetuals swallow 0.01 and all."""
    found = decide(world(), (0.5, 0.2, 0.0), missed=(0.01, 0.02, 0.0))
    assert found.stages[TARGET, SPOT] == pytest.approx([0.05, 0.02, 0.0])
    assert found.stages[ROUND, SPOT] == pytest.approx([0.04, 0.0, 0.0], abs=1e-6)


def test_what_is_still_short_is_not_sold_and_nothing_is_bought_for_it() -> None:
    """0.03 too much is short of both: of the first coin as much is held beyond what is wanted, of the second nothing;
    and a coin that nobody wants is sold whatever its perpetual is."""
    found = decide(world(), (0.5, 0.2, 0.0), (80_000.0, 20_000.0, 9_000.0), missed=(-0.03, -0.03, -0.03))
    assert found.stages[ROUND, SPOT] == pytest.approx([0.08, 0.02, 0.0], abs=1e-6)


def test_a_directional_position_is_not_taken_for_the_pairs() -> None:
    """0.3 long and 0.05 short for the pair are 0.25 long: the coin stands against the 0.05."""
    found = decide(world((0.3, 0.0, 0.0)), (0.5, 0.0, 0.0))
    assert found.stages[TARGET] == pytest.approx([0.25, 0.0, 0.0, 0.05, 0.0, 0.0], abs=1e-12)
    assert found.open_lots.tolist() == [250_000, 0, 0, 50_000, 0, 0]


def test_a_coin_nobody_wants_is_sold_whole_down_to_less_than_a_lot() -> None:
    found = decide(world(), (0.0, 0.0, 0.0), spot=(30_000.0, 0.004, 0.0))
    assert found.close_lots.tolist() == [0, 0, 0, -30_000, 0, 0]
    assert found.whole_close.tolist() == [False, False, False, True, True, False]


def test_a_small_change_of_a_coin_is_not_worth_an_order() -> None:
    made = world(held=(-50_000.0, 0.0, 0.0), buffer_fraction=0.1).with_market(instrument_weight=np.zeros(3))
    found = decide(made, (0.5, 0.0, 0.0), spot=(46_000.0, 0.0, 0.0), for_legs=(-0.05, 0.0, 0.0))
    assert not found.open_lots.any()
    assert found.stages[BUFFER, SPOT] == pytest.approx([0.046, 0.0, 0.0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_without_pairs_the_universe_is_decided_as_if_there_were_no_legs(seed: int) -> None:
    """To the last bit, whatever is held of the coins."""
    made = random_world(seed, symbols=3, signals=4, neutral=2, overlays=1)
    draw = np.random.default_rng(seed)
    legs = leg_market(made.market.price * draw.uniform(0.99, 1.01, 3))
    neutral = made.neutral
    assert neutral is not None
    nothing = Pairs((), np.empty((0, 3)), *(np.empty((0, 3), dtype=np.int64) for _ in range(2)))
    held = HeldLegs(np.zeros(3), np.zeros(3), flags(3))
    decider = LegDecider(made.parameters, legs, 3)
    wide = decider.decide(made.readings, made.market, made.portfolio, made.risk, neutral, nothing, held)
    decider.follow(wide, np.zeros(3), made.portfolio.equity, held)
    own, plain = universe_part(wide, 3), made.decide()
    for name in ("stages", "bound", "close_lots", "open_lots", "whole_close", "neutral", "leg_shares"):
        np.testing.assert_array_equal(getattr(own, name), getattr(plain, name), err_msg=name)
    assert own.gross_factor == plain.gross_factor
    assert not wide.open_lots[3:].any()


def test_a_pair_has_a_row_for_each_coin_and_their_weights_are_the_signals() -> None:
    table = with_pairs(SignalTable((directional("only", 1.0), replace(CARRY, weight=0.4))), (1,), 3)
    assert [spec.name for spec in table.signals] == ["only", "A4", "A4 0", "A4 1", "A4 2"]
    assert [spec.weight for spec in table.signals] == [1.0, 0.0, *[pytest.approx(0.4 / 3)] * 3]


def carry_book(*coins: str, allow_short: bool = True) -> NeutralBook:
    still = StillMarket((0,), days_with_betas(1.0, 1.5, 0.5), np.ones(3), tuple(p.symbol for p in PERPETUALS))
    made = NeutralBook(PERPETUALS, still, allow_short, coins_listed(*coins))  # type: ignore[arg-type]
    made.weigh([A4], SignalTable((CARRY,)))
    return made


def test_the_coins_share_the_budget_and_none_is_sold_that_is_not_owned() -> None:
    """Values of 0.8, 0.7 and -0.5 come to 2.0: 0.4, 0.35 x half sure, and nothing of the coin that would be short."""
    made = carry_book(*COINS)
    made.join(said(([0.8, 0.7, -0.5], 0.5)), 0, np.zeros(3), 1000.0)
    assert made.pairs(0, np.zeros(3)).amount == pytest.approx(np.array([[0.2, 0.175, 0.0]]))
    assert made.pairs(0, np.zeros(3)).first.tolist() == [[3, 4, 5]]
    assert made.pairs(0, np.zeros(3)).second.tolist() == [[0, 1, 2]]
    assert [made.holders(column) for column in range(6)] == [("A4",), ("A4",), (), ("A4",), ("A4",), ()]


def test_a_coin_that_is_not_listed_has_no_pair_and_a_signal_without_any_is_named() -> None:
    assert carry_book("ETH").pairs(0, np.zeros(1)).first.tolist() == [[-1, 3, -1]]
    for idle in (carry_book(), carry_book(*COINS, allow_short=False)):
        assert idle.pair_rows == ()
        assert (idle.fresh_idle(), idle.fresh_idle()) == (["A4"], [])


def test_what_is_held_of_a_coin_is_held_for_its_pair() -> None:
    assert carry_book(*COINS).parts(4, 12.5) == Parts(0.0, 12.5)


def test_legs_are_folded_alike_one_by_one_and_all_at_once() -> None:
    draw = np.random.default_rng(5)
    bars = draw.uniform(1.0, 2.0, (LEG_ROWS, 60, 3))
    bars[:, 57:, 1] = np.nan
    one, other = (LegMarket(coins_listed(*COINS), PERPETUALS, HOUR_MS) for _ in range(2))
    one.fold(0, bars[:, :31], one.instruments)
    one.fold(31 * HOUR_MS, bars[:, 31:], one.instruments)
    for hour in range(60):
        other.fold(hour * HOUR_MS, bars[:, hour : hour + 1], other.instruments)
    for name in ("last_close", "volume", "volume_24h"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.last_close[1] == bars[3, 56, 1]
    assert one.volume_24h[0] == pytest.approx(bars[4, 36:, 0].sum())
