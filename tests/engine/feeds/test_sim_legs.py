"""Coins on the embedded spot market: the price its input says, moving inside a bar as the perpetual does."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.feeds.feed import CLOSE, HIGH, LOW, OPEN, VOLUME, BarBlock
from engine.feeds.sim_legs import SPOT_SHARE
from engine.feeds.simulated import DAY_MS, HOUR_MS, SimulatedFeed
from engine.market import rows
from store.records import InstrumentKind

FloatArray = NDArray[np.float64]
SYMBOLS = ("BTCUSDT", "XRPUSDT", "TRXUSDT")
INPUTS = ("spot_price", "index_price")
DAYS = 20


def read(first: int = 0, days: int = DAYS, bar_ms: int = HOUR_MS) -> BarBlock:
    feed = SimulatedFeed(7, bar_ms, symbols=SYMBOLS, inputs=INPUTS)
    return feed.read(feed.first_open_ms + first * DAY_MS, days * DAY_MS // bar_ms)


@pytest.fixture(scope="module")
def block() -> BarBlock:
    return read()


def legs_of(block: BarBlock) -> FloatArray:
    assert block.legs is not None
    return block.legs[:, :, : len(SYMBOLS)]


def test_a_coin_closes_at_the_spot_price_that_signals_read(block: BarBlock) -> None:
    np.testing.assert_array_equal(legs_of(block)[CLOSE], block.inputs["spot_price"])


def test_a_bar_holds_its_open_and_its_close_and_every_price_is_on_the_tick(block: BarBlock) -> None:
    bars = legs_of(block)
    assert bars.shape == (5, len(block), len(SYMBOLS))
    assert (bars[HIGH] >= np.maximum(bars[OPEN], bars[CLOSE])).all()
    assert (bars[LOW] <= np.minimum(bars[OPEN], bars[CLOSE])).all()
    ticks = bars[:VOLUME] * np.array([10.0, 1e5, 1e6])
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)


def test_it_moves_inside_an_hour_as_the_perpetual_does(block: BarBlock) -> None:
    """By one factor an hour, but for the tick: the range of both is the same part of the price."""
    bars, factor = legs_of(block), legs_of(block)[CLOSE] / block.close
    np.testing.assert_allclose(bars[HIGH], block.high * factor, rtol=2e-5)
    np.testing.assert_allclose(bars[LOW], block.low * factor, rtol=2e-5)
    assert np.abs(factor - 1.0).max() < 0.01
    assert len(np.unique(factor[:, 0])) > DAYS


def test_a_share_of_the_perpetuals_volume_is_traded(block: BarBlock) -> None:
    share = legs_of(block)[VOLUME].sum() / block.volume.sum()
    assert share == pytest.approx(SPOT_SHARE, rel=0.01)


def test_any_range_is_the_same_range_of_one_long_read(block: BarBlock) -> None:
    part = legs_of(read(first=7, days=5))
    np.testing.assert_array_equal(part, legs_of(block)[:, 7 * 24 : 12 * 24])
    row = rows(block)[31]
    assert row.legs is not None
    np.testing.assert_array_equal(row.legs[:, : len(SYMBOLS)], legs_of(block)[:, 31])


def test_bars_of_a_day_show_the_same_market(block: BarBlock) -> None:
    hours, days = legs_of(block).reshape(5, DAYS, 24, -1), legs_of(read(bar_ms=DAY_MS))
    np.testing.assert_array_equal(days[OPEN], hours[OPEN, :, 0])
    np.testing.assert_array_equal(days[CLOSE], hours[CLOSE, :, -1])
    np.testing.assert_array_equal(days[HIGH], hours[HIGH].max(axis=1))
    np.testing.assert_array_equal(days[LOW], hours[LOW].min(axis=1))
    np.testing.assert_allclose(days[VOLUME], hours[VOLUME].sum(axis=1))


def test_spot_is_listed_once_a_coin_and_not_in_a_market_that_shows_nothing_beside_its_prices() -> None:
    feed = SimulatedFeed(7, symbols=SYMBOLS, inputs=INPUTS)
    assert [(leg.symbol, leg.kind, leg.base) for leg in feed.legs[: len(SYMBOLS)]] == [
        ("BTCSPOT", InstrumentKind.SPOT, "BTC"),
        ("XRPSPOT", InstrumentKind.SPOT, "XRP"),
        ("TRXSPOT", InstrumentKind.SPOT, "TRX"),
    ]
    plain = SimulatedFeed(7, symbols=SYMBOLS)
    assert plain.legs == ()
    assert plain.read(plain.first_open_ms, 3).legs is None


def future_columns(feed: SimulatedFeed, open_ms: int) -> dict[int, int]:
    """By expiry, where bitcoin's futures stand in the bar that opens then."""
    legs = feed.legs_at(open_ms)
    return {
        leg.expiry_ms: n
        for n, leg in enumerate(legs)
        if leg.kind is InstrumentKind.FUTURE and leg.base == "BTC"
    }


@pytest.fixture(scope="module")
def quarter() -> tuple[SimulatedFeed, BarBlock]:
    """160 days around two expiries."""
    feed = SimulatedFeed(7, symbols=SYMBOLS, inputs=(*INPUTS, "future_price", "future_days"))
    return feed, feed.read(feed.first_open_ms, 160 * 24)


def test_the_next_two_futures_and_the_last_stand_in_their_places(
    quarter: tuple[SimulatedFeed, BarBlock],
) -> None:
    """Each keeps its place from half a year before its expiry until a quarter after it."""
    feed, block = quarter
    places: dict[int, set[int]] = {}
    for n in range(0, len(block), 8):
        open_ms = block.first_open_ms + n * HOUR_MS
        columns = future_columns(feed, open_ms)
        assert sorted(columns.values()) == [3, 4, 5]
        assert sum(expiry_ms > open_ms for expiry_ms in columns) == 2
        assert feed.legs_at(open_ms) is feed.legs_at(open_ms)
        for expiry_ms, column in columns.items():
            places.setdefault(expiry_ms, set()).add(column)
    assert len(places) == 5
    assert all(len(columns) == 1 for columns in places.values())
    assert {leg.symbol for leg in feed.legs if leg.kind is InstrumentKind.FUTURE} == {
        "BTC231229", "BTC240329", "BTC240628"
    }  # fmt: skip


def test_a_future_costs_what_signals_read_of_it_ends_at_the_index_and_is_no_more(
    quarter: tuple[SimulatedFeed, BarBlock],
) -> None:
    feed, block = quarter
    assert block.legs is not None
    ended = 0
    for n in range(len(block)):
        open_ms = block.first_open_ms + n * HOUR_MS
        columns, close_ms = future_columns(feed, open_ms), open_ms + HOUR_MS
        read_ms = round(close_ms + block.inputs["future_days"][n, 0] * DAY_MS)
        assert block.legs[CLOSE, n, columns[read_ms]] == block.inputs["future_price"][n, 0]
        for expiry_ms, column in columns.items():
            assert np.isnan(block.legs[CLOSE, n, column]) == (expiry_ms < close_ms)
            assert (block.legs[VOLUME, n, column] > 0.0) == (expiry_ms >= close_ms)
            if expiry_ms == close_ms:
                ended += 1
                index = block.inputs["index_price"][n, 0]
                assert block.legs[CLOSE, n, column] == round(index * 10) / 10
    assert ended == 2


def test_the_day_of_an_expiry_ends_with_it(quarter: tuple[SimulatedFeed, BarBlock]) -> None:
    feed, hours = quarter
    assert hours.legs is not None
    days = SimulatedFeed(7, DAY_MS, symbols=SYMBOLS, inputs=INPUTS).read(feed.first_open_ms, 160).legs
    assert days is not None
    expiry_ms = min(at_ms for at_ms in future_columns(feed, feed.first_open_ms) if at_ms > feed.first_open_ms)
    day, hour = ((expiry_ms - feed.first_open_ms) // size for size in (DAY_MS, HOUR_MS))
    column = future_columns(feed, feed.first_open_ms + day * DAY_MS)[expiry_ms]
    inside = hours.legs[:, day * 24 : hour, column]
    assert inside.shape == (5, 8)
    assert days[CLOSE, day, column] == inside[CLOSE, -1]
    assert days[HIGH, day, column] == inside[HIGH].max()
    assert days[VOLUME, day, column] == pytest.approx(inside[VOLUME].sum())
    assert np.isnan(days[CLOSE, day + 1, column])
