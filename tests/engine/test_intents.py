"""Orders from a decision: ids, sides, prices, protection."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.intents import (
    Protection,
    client_order_id,
    flatten_order,
    is_ours,
    offset_on_tick,
    protective_orders,
    target_orders,
)
from store.records import Instrument, InstrumentKind, OrderPurpose, OrderType, Side

D = Decimal
BTC = Instrument("BTCUSDT", InstrumentKind.PERPETUAL, "BTC", "USDT", D("0.1"), D("0.001"), D("0.001"), D(5))
T = 1_704_067_200_000


@given(st.integers(0, 4_102_444_800_000), st.text(min_size=1, max_size=40), st.sampled_from(OrderPurpose))
def test_ids_fit_the_narrowest_venue(ts_ms: int, symbol: str, purpose: OrderPurpose) -> None:
    identifier = client_order_id(ts_ms, symbol, purpose)
    assert len(identifier) <= 32
    assert identifier.isascii()
    assert identifier.isalnum()
    assert is_ours(identifier)


def test_an_id_is_the_decision_the_symbol_and_the_purpose() -> None:
    named = {
        client_order_id(ts, symbol, purpose)
        for ts in (T, T + 900_000)
        for symbol in (
            "BTCUSDT",
            "BTC/USDT",
            "BTC-USDT",
            "ETHUSDT",
            "VERYLONGSYMBOLNAMEUSDT",
            "VERYLONGSYMBOLNAMEUSDC",
        )
        for purpose in OrderPurpose
    }
    assert len(named) == 2 * 6 * len(OrderPurpose)
    assert client_order_id(T, "BTCUSDT", OrderPurpose.OPEN) == client_order_id(
        T, "BTCUSDT", OrderPurpose.OPEN
    )


def test_a_change_of_sign_is_a_close_and_then_an_open() -> None:
    close, opening = target_orders(BTC, T, close_lots=-3, open_lots=-2, reference_price=100.0, passive=False)
    assert (close.side, close.quantity, close.reduce_only) == (Side.SELL, D("0.003"), True)
    assert (opening.side, opening.quantity, opening.reduce_only) == (Side.SELL, D("0.002"), False)


@pytest.mark.parametrize(("lots", "price"), [(1, D("100.2")), (-1, D("100.3"))])
def test_passive_prices_lie_on_the_passive_tick(lots: int, price: Decimal) -> None:
    (order,) = target_orders(BTC, T, 0, lots, reference_price=100.27, passive=True)
    assert (order.type, order.price) == (OrderType.LIMIT, price)


def test_protection_guards_the_side_that_is_held() -> None:
    stop, target = protective_orders(BTC, T, Side.BUY, Protection(D(30), D(60)))
    assert (stop.side, stop.type, stop.trigger_offset) == (Side.SELL, OrderType.STOP_MARKET, D(30))
    assert (target.side, target.type, target.trigger_offset) == (Side.SELL, OrderType.TAKE_PROFIT, D(60))
    assert stop.whole_position
    assert stop.reduce_only
    assert protective_orders(BTC, T, Side.BUY, Protection(None, None)) == []


def test_flattening_takes_the_other_side_reduce_only() -> None:
    order = flatten_order("BTCUSDT", T, D("-0.5"))
    assert (order.side, order.quantity, order.reduce_only) == (Side.BUY, D("0.5"), True)


@pytest.mark.parametrize(("distance", "offset"), [(0.01, "0.1"), (0.1, "0.1"), (12.39, "12.3")])
def test_offsets_are_whole_ticks(distance: float, offset: str) -> None:
    assert offset_on_tick(BTC, distance) == D(offset)
