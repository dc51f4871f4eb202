"""Structures of options in one decision, by hand: what they hold, their deltas, and one factor for all their legs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.decision import STAGES, Decision, NeutralLegs, Readings, SignalSpec, SignalTable
from engine.decision_layout import GRANTED, LIMITED
from engine.feeds.feed import CLOSE, LEG_ROWS, VOLUME
from engine.leg_columns import HeldLegs, LegDecider
from engine.market_legs import LegMarket
from engine.option_legs import YEAR_MS, OptionListings
from engine.pairs import Pairs
from store.records import Instrument, InstrumentKind, OptionRight, SignalClass, SignalType, TradingState
from strategies.options.pricing import black_76
from strategies.registry import BUILT_IN
from strategies.signal import Signal
from tests.engine.decision_worlds import World, directional, flags
from tests.engine.test_leg_columns import PERPETUALS, coins_listed, world
from tests.engine.test_neutral_book import instrument

Floats = NDArray[np.float64]
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
COINS = ("BTC", "ETH", "SOL")
OPTIONED = COINS[:2]
SIGMA, DAYS = 0.6, (9, 30, 2)
"""Volatility of all options, and the days three series have to run; one that has expired is beside them."""
CONTRACTS = (
    (OptionRight.CALL, 1.0),
    (OptionRight.PUT, 1.0),
    (OptionRight.CALL, 1.25),
    (OptionRight.PUT, 0.8),
)
NOW_MS = 40 * DAY_MS
NEUTRAL, TARGET, ROUND = (STAGES.index(name) for name in ("neutral", "state", "round"))
FIRST_OPTION = len(COINS)
PER_COIN = 4 * (len(DAYS) + 1)


def signal(name: str) -> Signal:
    return next(kind.build(kind.settings()) for kind in BUILT_IN if kind.name == name)


def options_listed(coin: str) -> list[Instrument]:
    """By series, then as `CONTRACTS` says, in whole units."""
    plain = replace(
        instrument(f"{coin}USDT", InstrumentKind.OPTION),
        tick=Decimal("0.0001"),
        lot=Decimal(1),
        min_quantity=Decimal(1),
        min_notional=Decimal("0.0001"),
    )
    return [
        replace(
            plain,
            symbol=f"{coin}{days}{right.name[0]}{strike}",
            expiry_ms=NOW_MS + days * DAY_MS,
            strike=Decimal(str(strike)),
            right=right,
        )
        for days in (*DAYS, -5)
        for right, strike in CONTRACTS
    ]


LISTED = [*coins_listed(*COINS), *(leg for coin in OPTIONED for leg in options_listed(coin))]


def market(forward: float = 1.0) -> LegMarket:
    """Coins at 1, options as Black 1976 has them."""
    prices = np.ones(len(LISTED))
    for n, leg in enumerate(LISTED[FIRST_OPTION:], FIRST_OPTION):
        years = (leg.expiry_ms - NOW_MS) / YEAR_MS
        call = leg.right is OptionRight.CALL
        prices[n] = (
            np.nan if years < 0 else float(black_76(forward, float(leg.strike), years, SIGMA, call).price)
        )
    bars = np.repeat(prices[np.newaxis, np.newaxis], LEG_ROWS, axis=0)
    bars[VOLUME] = np.where(np.isnan(prices), np.nan, 1e9)
    made = LegMarket(LISTED, PERPETUALS, HOUR_MS)
    made.fold(NOW_MS - HOUR_MS, bars, made.instruments)
    assert bars[CLOSE].shape == (1, len(LISTED))
    return made


def column(coin: str, days: int, contract: int) -> int:
    """Among the universe and the legs."""
    place = OPTIONED.index(coin) * PER_COIN + 4 * (*DAYS, -5).index(days) + contract
    return len(COINS) + FIRST_OPTION + place


def just_expired(legs: LegMarket) -> LegMarket:
    """The same market as the series of two days expires."""
    legs.now_ms += 2 * DAY_MS
    return legs


def decide(
    name: str,
    value: tuple[float, ...],
    held: dict[int, float] | None = None,
    locked: tuple[int, ...] = (),
    made: World | None = None,
    perpetual_locked: tuple[int, ...] = (),
    forward: float = 1.0,
    missed: tuple[float, ...] = (0.0, 0.0, 0.0),
    at_expiry: bool = False,
) -> Decision:
    """What one signal that says `value` of the coins holds of equity 1,000,000 and a budget of a fifth; `held` and
    `locked` by column beyond the universe."""
    spec = SignalSpec(name, SignalClass.NEUTRAL, SignalType.VOLATILITY, 1.0)
    made = world() if made is None else made
    parameters = replace(made.parameters, signals=SignalTable((directional("only", 1.0), spec)))
    legs, said = market(forward), np.array(value)
    legs = just_expired(legs) if at_expiry else legs
    quantity = np.zeros(len(LISTED))
    for place, size in (held or {}).items():
        quantity[place - len(COINS)] = size
    listings = OptionListings(PERPETUALS, LISTED, True)
    wanted = listings.wanted((1,), [signal(name)], [(said, said)], np.ones(3), legs, quantity)
    readings = Readings(made.readings.value, made.readings.confidence)
    risk = replace(made.risk, locked=made.risk.locked | flags(3, *perpetual_locked))
    neutral = NeutralLegs(np.zeros((2, 3)), np.array([1.0, 1.37, 1.1]), 0, np.zeros(3))
    own = HeldLegs(quantity, np.zeros(len(LISTED)), flags(len(LISTED), *(at - len(COINS) for at in locked)))
    decider = LegDecider(parameters, legs, 3, rows=(1,))
    none = np.zeros((0, 3), dtype=np.int64)
    pairs = Pairs((), np.zeros((0, 3)), none, none)
    found = decider.decide(readings, made.market, made.portfolio, risk, neutral, pairs, own, wanted)
    decider.follow(found, np.array(missed), made.portfolio.equity, own, wanted.covered, wanted.resting)
    return found


def held_of(found: Decision) -> dict[int, float]:
    return {int(n): float(found.stages[TARGET, n]) for n in np.flatnonzero(found.stages[TARGET])}


@pytest.mark.parametrize("forward", [0.7, 1.0, 1.4])
def test_deltas_are_those_of_the_forward_that_call_and_put_imply(forward: float) -> None:
    legs = market(forward)
    delta = OptionListings(PERPETUALS, LISTED, True).deltas(legs)
    for n, leg in enumerate(LISTED):
        if leg.right is None or leg.expiry_ms < NOW_MS:
            assert np.isnan(delta[n])
            continue
        years, call = (leg.expiry_ms - NOW_MS) / YEAR_MS, leg.right is OptionRight.CALL
        exact = float(black_76(forward, float(leg.strike), years, SIGMA, call).delta)
        assert delta[n] == pytest.approx(exact, abs=1e-6)
    for coin in OPTIONED:
        bought, sold = (column(coin, 30, at) - len(COINS) for at in (0, 1))
        assert delta[bought] - delta[sold] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("forward", [0.9, 1.0, 1.2])
def test_a_straddle_is_two_halves_and_the_perpetual_against_their_deltas(sign: float, forward: float) -> None:
    found = decide("A9", (0.4 * sign, 0.0, 0.3 * sign), forward=forward)
    call, put = column("BTC", 30, 0), column("BTC", 30, 1)
    years = 30 * DAY_MS / YEAR_MS
    deltas = [float(black_76(forward, 1.0, years, SIGMA, is_call).delta) for is_call in (True, False)]
    held = held_of(found)
    assert held[call] == held[put] == pytest.approx(-sign * 0.2 * 0.4 / 2.0, abs=1e-12)
    assert held[0] == pytest.approx(sign * 0.2 * 0.4 / 2.0 * sum(deltas), abs=1e-8)
    assert set(held) == {0, call, put}


@pytest.mark.parametrize("missed", [0.004, -0.004])
def test_options_do_not_follow_what_the_band_of_the_perpetual_leaves_of_their_hedge(missed: float) -> None:
    """Bought, and the perpetual sold short against them: a coin would follow, an option has more than a delta."""
    plain, found = (decide("A9", (-0.4, 0.0, 0.0), forward=1.2, missed=(m, 0.0, 0.0)) for m in (0.0, missed))
    call = column("BTC", 30, 0)
    assert plain.stages[TARGET, 0] < 0.0 < plain.open_lots[call]
    np.testing.assert_array_equal(found.open_lots, plain.open_lots)


def test_what_is_held_of_a_series_is_kept_until_it_expires() -> None:
    found = held_of(decide("A9", (0.4, 0.4, 0.0), held={column("BTC", 2, 1): -30_000.0}))
    assert {column("BTC", 2, 0), column("BTC", 2, 1), column("ETH", 30, 0), column("ETH", 30, 1)} <= set(
        found
    )
    gone = held_of(decide("A9", (0.4, 0.0, 0.0), held={column("BTC", -5, 1): -30_000.0}))
    assert {column("BTC", 30, 0), column("BTC", 30, 1)} <= set(gone)


@pytest.mark.parametrize("name", ["A9", "C7", "C8"])
def test_after_an_expiry_what_is_new_waits_for_the_series_of_the_next_bar(name: str) -> None:
    """No option is sold, the coin of a covered call stays, and no other coin takes the share; what is held is kept."""
    spot, contract = len(COINS), {"A9": 0, "C7": 2, "C8": 3}[name]
    other = column("ETH", 30, contract)
    coins = {spot: 50_000.0, spot + 1: 50_000.0}
    kept = {other: -1_000.0, **(coins if name == "C7" else {})}
    found = decide(name, (1.0, 1.0, 0.0), held=kept, at_expiry=True)
    before = decide(name, (1.0, 1.0, 0.0), held=kept)
    btc = [column("BTC", days, at) for days in DAYS for at in range(4)]
    assert not found.open_lots[btc].any()
    assert before.open_lots[btc].any()
    assert found.open_lots[other] == pytest.approx(before.open_lots[other], rel=0.01) != 0
    assert not found.close_lots[spot]
    assert found.stages[TARGET, spot] == before.stages[TARGET, spot]


def test_what_holds_one_leg_back_holds_the_others_of_its_coin_and_no_other() -> None:
    whole = held_of(decide("A9", (0.4, 0.4, 0.0)))
    btc = {0, column("BTC", 30, 0), column("BTC", 30, 1)}
    for locked in btc - {0}:
        left = held_of(decide("A9", (0.4, 0.4, 0.0), locked=(locked,)))
        assert left == {n: size for n, size in whole.items() if n not in btc}
    found = decide("A9", (0.4, 0.4, 0.0), perpetual_locked=(0,))
    assert held_of(found) == {n: size for n, size in whole.items() if n not in btc}
    assert found.leg_shares[GRANTED, 1] == 0.0


@pytest.mark.parametrize("held", [-40_000.0, -10_000.0])
@pytest.mark.parametrize(
    "risk",
    [
        pytest.param({"state": TradingState.REDUCING}, id="reducing"),
        pytest.param({"cooldown_long": flags(3, 0)}, id="no new longs of it"),
        pytest.param({"locked": flags(3, 0)}, id="the perpetual is locked"),
    ],
)
def test_a_hedge_that_may_not_be_held_closes_no_options_and_lets_none_be_added(
    held: float, risk: Mapping[str, Any]
) -> None:
    call, put = column("BTC", 30, 0), column("BTC", 30, 1)
    made = world().with_risk(**risk)
    found = decide("A9", (0.4, 0.0, 0.0), {call: held, put: held}, made=made, forward=1.2)
    assert held_of(found) == {call: pytest.approx(held / 1e6), put: pytest.approx(held / 1e6)}
    assert found.neutral[0] == 0.0
    assert found.leg_shares[GRANTED, 1] == pytest.approx(held / -40_000.0)


@pytest.mark.parametrize("name", ["A9", "C7", "C8"])
def test_a_limit_scales_all_legs_by_one_factor(name: str) -> None:
    free = decide(name, (0.4, 0.0, 0.0))
    bound = decide(name, (0.4, 0.0, 0.0), made=world(max_symbol=0.01))
    factor = bound.leg_shares[LIMITED, 1]
    assert 0.0 < factor < free.leg_shares[LIMITED, 1] == 1.0
    np.testing.assert_allclose(bound.stages[NEUTRAL], factor * free.stages[NEUTRAL], atol=1e-12)


@pytest.mark.parametrize("coins", [0, 20_000, 50_000])
def test_a_call_is_sold_on_each_coin_that_is_held_and_nothing_is_hedged(coins: int) -> None:
    """A coin that is only ordered covers nothing: its order may fill in part, or not at all."""
    found = decide("C7", (0.5, -0.5, 0.0), held={len(COINS): float(coins)})
    spot, call = len(COINS), column("BTC", 30, 2)
    held = held_of(found)
    assert set(held) == {spot, call}
    assert held[spot] == pytest.approx(0.2 * 0.25, abs=1e-12)
    assert held[call] == pytest.approx(-0.2 * 0.25 * 1.25, abs=1e-12)
    assert (found.open_lots[spot], found.open_lots[call]) == (50_000 - coins, -coins)


def test_no_coin_is_sold_before_its_calls_are_bought_back() -> None:
    spot, call, old = len(COINS), column("BTC", 30, 2), column("BTC", 9, 2)
    found = decide("C7", (0.0, 0.0, 0.0), held={spot: 50_000.0, call: -30_000.0, old: -5_000.0})
    assert [found.close_lots[at] for at in (spot, call, old)] == [-15_000, 30_000, 5_000]
    assert not found.whole_close[spot]
    assert found.stages[ROUND, spot] == pytest.approx(0.035, abs=1e-12)
    assert decide("C7", (0.0, 0.0, 0.0), held={spot: 50_000.0}).whole_close[spot]


def test_what_is_too_little_to_be_sold_of_a_coin_stays_with_its_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spot, call = len(COINS), column("BTC", 30, 2)
    least = replace(LISTED[0], min_notional=Decimal(10**4))
    monkeypatch.setattr(f"{__name__}.LISTED", [least, *LISTED[1:]])
    found = decide("C7", (0.0, 0.0, 0.0), held={spot: 50_000.0, call: -49_000.0})
    assert (found.close_lots[spot], found.close_lots[call]) == (0, 49_000)
    assert found.stages[ROUND, spot] == pytest.approx(0.05, abs=1e-12)


@pytest.mark.parametrize("coins", [0, 1, 20_000])
def test_never_more_calls_than_coins_whatever_is_suppressed(coins: int) -> None:
    """An order for coins below the least notional is not sent, and calls that are sold on none are bought back."""
    spot, call = len(COINS), column("BTC", 30, 2)
    listed = list(LISTED)
    listed[0] = replace(listed[0], min_notional=Decimal(10**7))
    before, LISTED[:] = list(LISTED), listed
    try:
        found = decide("C7", (0.5, 0.0, 0.0), held={spot: float(coins), call: -30_000.0})
    finally:
        LISTED[:] = before
    assert found.open_lots[spot] == 0
    assert found.open_lots[call] == 0
    assert found.close_lots[call] == 30_000 - coins
    assert found.whole_close[call] == (coins == 0)
    assert found.stages[ROUND, call] == pytest.approx(-coins * 1.25 / 1e6, abs=1e-12)


def test_the_share_of_a_coin_is_set_aside_in_strikes_of_puts() -> None:
    found = decide("C8", (0.3, -0.2, 0.0))
    put = column("BTC", 30, 3)
    assert held_of(found) == {put: pytest.approx(-0.2 * 0.3, abs=1e-12)}
    assert found.open_lots[put] == -round(0.2 * 0.3 * 1e6 / 0.8)


def test_without_shorting_or_options_nothing_is_listed_for_them() -> None:
    assert OptionListings(PERPETUALS, LISTED, True).lists(signal("C7"))
    assert not OptionListings(PERPETUALS, LISTED, False).lists(signal("A9"))
    assert not OptionListings(PERPETUALS, coins_listed(*COINS), True).lists(signal("C8"))
    only = [leg for leg in LISTED if leg.kind is InstrumentKind.OPTION]
    assert OptionListings(PERPETUALS, only, True).lists(signal("C8"))
    assert not OptionListings(PERPETUALS, only, True).lists(signal("C7"))
