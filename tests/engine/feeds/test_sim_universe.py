"""The coins of the embedded market are a table that keeps its own promises, and its configuration names real days."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from engine.feeds.sim_config import SimConfig
from engine.feeds.sim_universe import UNIVERSE, Coin, perpetual
from engine.feeds.simulated import START_MS
from store.records import InstrumentKind


@pytest.mark.parametrize("coin", UNIVERSE, ids=lambda coin: coin.base)
def test_a_coin_has_steps_a_float_can_hold_and_a_price_of_many_ticks(coin: Coin) -> None:
    for step in (coin.tick, coin.lot):
        assert step == Decimal(10) ** step.adjusted()
        assert step <= 1
    assert coin.anchor_price / float(coin.tick) >= 10_000
    assert 0.6 < coin.correlation < 0.95
    assert coin.spread_bps / 1e4 * coin.anchor_price >= float(coin.tick)


def test_a_perpetual_carries_the_steps_of_its_coin() -> None:
    bitcoin = perpetual(UNIVERSE[0])
    assert (bitcoin.symbol, bitcoin.base, bitcoin.quote) == ("BTCUSDT", "BTC", "USDT")
    assert bitcoin.kind is InstrumentKind.PERPETUAL
    assert (bitcoin.tick, bitcoin.lot, bitcoin.min_quantity) == (
        Decimal("0.1"),
        Decimal("0.001"),
        Decimal("0.001"),
    )
    assert bitcoin.min_notional == 100


def test_symbols_are_unique() -> None:
    assert len({coin.symbol for coin in UNIVERSE}) == len(UNIVERSE) >= 12


def test_the_section_defaults_to_the_market_of_the_feed() -> None:
    config = SimConfig.model_validate({})
    assert config.start_ms == START_MS
    assert config.history_days == 600


@pytest.mark.parametrize(
    "fault", [{"history_days": 0}, {"history_days": 10**6}, {"start": "no day"}, {"seeed": 1}]
)
def test_the_section_refuses_what_it_cannot_mean(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SimConfig.model_validate(fault)
