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
