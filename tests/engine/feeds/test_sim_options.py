"""Options of the embedded market as instruments: what is listed when, what it costs, and what it is worth at last."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.feeds.feed import CLOSE, HIGH, LOW, OPEN, VOLUME, BarBlock
from engine.feeds.sim_options import CONTRACTS, LIFE_MS, PLACES
from engine.feeds.simulated import DAY_MS, HOUR_MS, OPTIONS_BEFORE_MS, SimulatedFeed
from store.records import Instrument, InstrumentKind, OptionRight
from strategies.options.pricing import black_76, implied_volatility

FloatArray = NDArray[np.float64]
SYMBOLS = ("SOLUSDT", "BTCUSDT", "ETHUSDT")
BTC, ETH = 1, 2
HISTORY, DAYS = 60, 45
START_MS = int(datetime(2024, 3, 11, tzinfo=UTC).timestamp()) * 1000
TICK = {"BTC": 0.1, "ETH": 0.01}
YEAR_MS = 365 * DAY_MS
FIRST = len(SYMBOLS) + 2 * 3


def feed(bar_ms: int = HOUR_MS) -> SimulatedFeed:
    inputs = ("index_price", "implied_volatility")
    return SimulatedFeed(7, bar_ms, START_MS, HISTORY, SYMBOLS, inputs, options=True)


@pytest.fixture(scope="module")
def market() -> tuple[SimulatedFeed, BarBlock]:
    made = feed()
    return made, made.read(START_MS, DAYS * 24)


def legs_of(block: BarBlock) -> FloatArray:
    assert block.legs is not None
    return block.legs


def listed(market: tuple[SimulatedFeed, BarBlock], n: int) -> dict[int, Instrument]:
    """By column, the options in the `n`th bar."""
    legs = market[0].legs_at(market[1].first_open_ms + n * HOUR_MS)
    return {column: leg for column, leg in enumerate(legs) if leg.kind is InstrumentKind.OPTION}


def test_five_series_trade_and_the_one_that_expired_last_keeps_its_place(
    market: tuple[SimulatedFeed, BarBlock],
) -> None:
    places: dict[str, set[int]] = {}
    for n in range(0, len(market[1]), 5):
        open_ms = START_MS + n * HOUR_MS
        options = listed(market, n)
        assert list(options) == list(range(FIRST, FIRST + 2 * PLACES * len(CONTRACTS)))
        expiries = {leg.expiry_ms for leg in options.values()}
        assert sorted(at_ms > open_ms for at_ms in expiries) == [False, *[True] * 5]
        assert max(expiries) - open_ms <= LIFE_MS
        for column, leg in options.items():
            places.setdefault(leg.symbol, set()).add(column)
            when = datetime.fromtimestamp(leg.expiry_ms / 1000, UTC)
            assert (when.weekday(), when.hour, when.minute) == (4, 8, 0)
            letter, strike = "C" if leg.right is OptionRight.CALL else "P", f"{leg.strike:f}"
            assert leg.symbol == f"{leg.base}{when:%y%m%d}{letter}{strike}"
    assert all(len(columns) == 1 for columns in places.values())


def test_the_same_listing_is_the_same_object(market: tuple[SimulatedFeed, BarBlock]) -> None:
    made, _ = market
    assert made.legs is made.legs_at(START_MS) is made.legs_at(made.first_open_ms)
    assert made.legs_at(START_MS + 30 * DAY_MS) is not made.legs


def test_none_is_quoted_long_before_trading_starts() -> None:
    made = feed()
    before = legs_of(made.read(START_MS - OPTIONS_BEFORE_MS - DAY_MS, 48))[:, :, FIRST:]
    assert np.isnan(before[:, :24]).all()
    assert (np.isfinite(before[CLOSE, 24:]).sum(axis=1) == 2 * 5 * 4).all()


def test_any_range_is_the_same_range_of_one_long_read(market: tuple[SimulatedFeed, BarBlock]) -> None:
    for first, count in ((0, 30), (300, 200), (907, 1)):
        part = legs_of(feed().read(START_MS + first * HOUR_MS, count))
        np.testing.assert_array_equal(part, legs_of(market[1])[:, first : first + count])
    other = feed()
    far_ms = START_MS + 31 * DAY_MS
    assert other.legs_at(far_ms) == market[0].legs_at(far_ms)


@pytest.mark.parametrize(("history_days", "bar_ms"), [(0, HOUR_MS), (1, 12 * HOUR_MS), (40, DAY_MS)])
def test_a_market_without_a_past_lists_them_too(history_days: int, bar_ms: int) -> None:
    made = SimulatedFeed(3, bar_ms, START_MS, history_days, ("BTCUSDT",), ("index_price",), options=True)
    block = made.read(START_MS, 20 * DAY_MS // bar_ms)
    assert np.isfinite(legs_of(block)[CLOSE, -1, 4:]).sum() == 5 * len(CONTRACTS)


def test_a_bar_holds_its_prices_which_lie_on_the_tick(market: tuple[SimulatedFeed, BarBlock]) -> None:
    bars = legs_of(market[1])[:, :, FIRST:]
    there = np.isfinite(bars[CLOSE])
    assert (bars[HIGH] >= np.maximum(bars[OPEN], bars[CLOSE]))[there].all()
    assert (bars[LOW] <= np.minimum(bars[OPEN], bars[CLOSE]))[there].all()
    assert (bars[VOLUME][there] > 0.0).all()
    assert np.isnan(bars[:, ~there]).all()
    ticks = bars[:VOLUME, :, : PLACES * 4][:, there[:, : PLACES * 4]] * 10.0
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)


def test_days_show_the_market_that_hours_show(market: tuple[SimulatedFeed, BarBlock]) -> None:
    days = legs_of(feed(DAY_MS).read(START_MS, 30))[:, :, FIRST:]
    hours = legs_of(market[1])[:, : 30 * 24, FIRST:].reshape(5, 30, 24, -1)
    legs = [feed(DAY_MS).legs_at(START_MS + day * DAY_MS)[FIRST:] for day in range(30)]
    whole = [
        (d, o)
        for d in range(30)
        for o, leg in enumerate(legs[d])
        if leg.expiry_ms > START_MS + (d + 1) * DAY_MS
    ]
    same = [(d, o) for d, o in whole if np.isfinite(hours[CLOSE, d, :, o]).all()]
    assert len(same) > 900
    for d, o in same:
        assert days[CLOSE, d, o] == hours[CLOSE, d, -1, o]
        assert days[HIGH, d, o] == hours[HIGH, d, :, o].max()


def test_the_strikes_are_those_the_signals_ask_for(market: tuple[SimulatedFeed, BarBlock]) -> None:
    """At the hour a series is listed: within half a step of strikes at the forward and of delta .30."""
    made, _ = market
    for day in range(11, 40, 7):
        open_ms = START_MS + day * DAY_MS + 8 * HOUR_MS - 7 * DAY_MS
        bars = legs_of(made.read(open_ms, 1))[:, 0]
        fresh = [
            (n, leg)
            for n, leg in enumerate(made.legs_at(open_ms))
            if leg.expiry_ms == open_ms + LIFE_MS and leg.right
        ]
        assert len(fresh) == 2 * len(CONTRACTS)
        for coin in (fresh[:4], fresh[4:]):
            price = {leg.symbol: bars[OPEN, n] for n, leg in coin}
            call, put, far_call, far_put = (leg for _, leg in coin)
            assert call.strike == put.strike
            forward = float(call.strike) + price[call.symbol] - price[put.symbol]
            for leg, wanted in ((call, 0.5), (put, 0.5), (far_call, 0.3), (far_put, 0.3)):
                is_call, strike = leg.right is OptionRight.CALL, float(leg.strike)
                years = LIFE_MS / YEAR_MS
                sigma = implied_volatility(price[leg.symbol], forward, strike, years, is_call).volatility
                delta = abs(float(black_76(forward, strike, years, sigma, is_call).delta))
                # At the forward itself a call's delta is a little above a half, a put's below.
                above = leg.right.sign * 0.2 * sigma * np.sqrt(years) if leg.right and wanted == 0.5 else 0.0
                assert delta == pytest.approx(wanted + above, abs=0.05)


def test_call_less_put_is_forward_less_strike(market: tuple[SimulatedFeed, BarBlock]) -> None:
    """And the forward of one expiry is one, whatever is asked about it, and ends at the index."""
    bars, block = legs_of(market[1]), market[1]
    checked = 0
    for n in range(0, len(block), 7):
        options, close_ms = listed(market, n), START_MS + (n + 1) * HOUR_MS
        for coin, base in ((BTC, "BTC"), (ETH, "ETH")):
            index = block.inputs["index_price"][n, coin]
            alive = [(o, leg) for o, leg in options.items() if leg.base == base and leg.expiry_ms > close_ms]
            for call, put in zip(alive[0::4], alive[1::4], strict=True):
                strike = float(call[1].strike)
                forward = strike + bars[CLOSE, n, call[0]] - bars[CLOSE, n, put[0]]
                years = (call[1].expiry_ms - close_ms) / YEAR_MS
                assert abs(np.log(forward / index)) < 0.5 * years + 2.0 * TICK[base] / index
                checked += 1
    assert checked > 1_000


def test_it_costs_what_the_chain_says(market: tuple[SimulatedFeed, BarBlock]) -> None:
    """Between bid and ask, where the chain shows its strike and its expiry."""
    made, block = market
    bars, found = legs_of(block), 0
    for n in (5, 200, 500):
        chain = made.option_chain(START_MS + n * HOUR_MS, "BTCUSDT")
        for column, leg in listed(market, n).items():
            at = (chain.expiry_ms == leg.expiry_ms) & (chain.strike == float(leg.strike))
            at &= chain.call == (leg.right is OptionRight.CALL)
            if leg.base == "BTC" and at.any():
                found += 1
                assert chain.bid[at][0] - 0.1 <= bars[CLOSE, n, column] <= chain.ask[at][0] + 0.1
    assert found > 15


def test_at_its_expiry_it_is_worth_what_it_is_against_the_index_and_then_it_is_no_more(
    market: tuple[SimulatedFeed, BarBlock],
) -> None:
    bars, block = legs_of(market[1]), market[1]
    ended, worthless = 0, 0
    for n in range(len(block) - 1):
        close_ms = START_MS + (n + 1) * HOUR_MS
        for column, leg in listed(market, n).items():
            coin = BTC if leg.base == "BTC" else ETH
            if leg.expiry_ms == close_ms:
                assert leg.right is not None
                worth = max(leg.right.sign * (block.inputs["index_price"][n, coin] - float(leg.strike)), 0.0)
                assert bars[CLOSE, n, column] == pytest.approx(
                    round(worth / TICK[leg.base]) * TICK[leg.base], abs=1e-9
                )
                assert np.isnan(bars[CLOSE, n + 1, column])
                ended, worthless = ended + 1, worthless + (worth == 0.0)
            elif leg.expiry_ms > close_ms and np.isfinite(bars[CLOSE, n, column]):
                assert bars[CLOSE, n, column] >= TICK[leg.base]
    assert ended == 6 * 8
    assert 0 < worthless < ended
