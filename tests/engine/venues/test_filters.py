"""What the venue refuses, and which filter it names."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.venues.account import Account
from engine.venues.filters import check
from engine.venues.matching import play
from engine.venues.venue import Refused
from store.records import InstrumentKind, Order, OrderType, Side
from tests.engine.venues.tables import account, buy, close, instrument, order, sell, step, stop, target, trail

BAR = (100.0, 101.0, 99.0, 100.0, 1_000_000.0)
BUY, SELL = Side.BUY, Side.SELL


def holding(quantity: str = "0", cash: str = "100000", **terms: object) -> Account:
    """One bar old, with a position bought or sold in its second bar."""
    books = account(instrument(**terms), cash=cash)
    play(books, step(0, BAR))
    if Decimal(quantity):
        side = BUY if Decimal(quantity) > 0 else SELL
        books.accept(order("entry", side, OrderType.MARKET, quantity.lstrip("-")))
    play(books, step(1, BAR))
    return books


REFUSED = [
    ("an unknown symbol", replace(buy("a", "1"), symbol="XYZUSDT"), "symbol"),
    ("an id with a hyphen", buy("a-1", "1"), "client order id"),
    ("an id too long", buy("a" * 33, "1"), "client order id"),
    ("no id", buy("", "1"), "client order id"),
    ("a price between ticks", buy("a", "1", price="99.95"), "tick"),
    ("a price of zero", buy("a", "1", price="0"), "tick"),
    ("a quantity between lots", buy("a", "1.001"), "lot"),
    ("no quantity", buy("a", "0"), "lot"),
    ("a quantity below the minimum", buy("a", "0.04"), "min quantity"),
    ("a notional below the minimum", buy("a", "0.09"), "min notional"),
    ("a notional below the minimum at its limit", buy("a", "0.1", price="99.9"), "min notional"),
    ("a limit without a price", order("a", BUY, OrderType.LIMIT, "1"), "price"),
    ("a stop without a trigger", order("a", SELL, OrderType.STOP_MARKET, "1"), "price"),
    ("a market order that must make", buy("a", "1", post_only=True), "post-only"),
    (
        "a market order over the whole position",
        replace(stop("a", SELL, 5), type=OrderType.MARKET),
        "whole position",
    ),
    ("protection at no distance", stop("a", SELL, 0), "trigger offset"),
    ("a trailing stop at no distance", trail("a", SELL, 0), "trigger offset"),
    ("a trailing stop over a part", replace(trail("a", SELL, 5), whole_position=False), "trailing stop"),
    ("a reduction of nothing", close("a", SELL, "1"), "reduce-only"),
    ("more than the margin allows", buy("a", "3000"), "margin"),
]


@pytest.mark.parametrize(("title", "wanted", "filter_name"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_by_name(title: str, wanted: Order, filter_name: str) -> None:
    books = holding()
    with pytest.raises(Refused, match=f"^{filter_name}:"):
        check(books, wanted)
    assert not books.orders


ACCEPTED = [
    ("the least notional", "0", buy("a", "0.1")),
    ("a quantity written with other digits", "0", replace(buy("a", "1"), quantity=Decimal("1E+0"))),
    ("a stop before its position exists", "0", stop("a", SELL, 5)),
    ("a target before its position exists", "0", target("a", SELL, 5)),
    ("a trailing stop before its position exists", "0", trail("a", SELL, 5)),
    ("a whole position below every minimum", "0.04", close("a", SELL, "0.04")),
    ("more than the whole position, reduce-only", "0.04", close("a", SELL, "0.05")),
    ("a reduction however little margin is free", "2900", close("a", SELL, "1000")),
    ("the other side of a position", "-2900", buy("a", "2900")),
    ("a reduce-only stop before its position exists", "0",
     order("a", SELL, OrderType.STOP_MARKET, "1", price=90, reduce_only=True)),
]  # fmt: skip


@pytest.mark.parametrize(("title", "held", "wanted"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_accepted(title: str, held: str, wanted: Order) -> None:
    books = holding(held)
    assert books.position(wanted.symbol).quantity == Decimal(held)
    check(books, wanted)


def test_dust_that_is_not_the_whole_position_is_refused() -> None:
    with pytest.raises(Refused, match="min quantity"):
        check(holding("1"), close("a", SELL, "0.04"))


def test_a_reduction_of_the_wrong_side_is_refused() -> None:
    with pytest.raises(Refused, match="a buy would reduce"):
        check(holding("1"), close("a", BUY, "1"))


def test_nothing_is_known_before_the_first_bar() -> None:
    with pytest.raises(Refused, match="has not traded yet"):
        check(account(), buy("a", "1"))


class TestMargin:
    """Equity 1000 at leverage 3 carries 3000 of notional, less the fee of the order itself."""

    def test_to_the_last_lot(self) -> None:
        books = holding(cash="1000")
        check(books, buy("a", "29.91"))
        with pytest.raises(Refused, match=r"margin: 1000\.33 USDT needed, 1000\.00 free"):
            check(books, buy("b", "29.92"))

    def test_working_orders_tie_it_up(self) -> None:
        books = holding(cash="1000")
        books.accept(buy("a", "20", price=99))
        check(books, buy("b", "9"))
        with pytest.raises(Refused, match="margin"):
            check(books, buy("b", "11"))

    def test_either_side_alone(self) -> None:
        books = holding(cash="1000")
        books.accept(buy("a", "20", price=99))
        check(books, sell("b", "20", price=101))

    def test_other_symbols_count(self) -> None:
        books = account(instrument(), instrument("ETHUSDT"), cash="1000")
        play(books, step(0, BAR, BAR))
        books.accept(replace(buy("a", "20"), symbol="ETHUSDT"))
        with pytest.raises(Refused, match="margin"):
            check(books, buy("b", "11"))

    def test_losses_count(self) -> None:
        books = holding("10", cash="1000")
        play(books, step(2, (80.0, 81.0, 79.0, 80.0)))
        with pytest.raises(Refused, match="margin"):
            check(books, buy("b", "20"))

    def test_spot_is_paid_in_full(self) -> None:
        books = holding(cash="1000", kind=InstrumentKind.SPOT)
        check(books, buy("a", "9.9"))
        with pytest.raises(Refused, match="margin"):
            check(books, buy("a", "10"))


def test_spot_is_sold_once() -> None:
    books = holding("1", kind=InstrumentKind.SPOT)
    books.accept(sell("a", "0.6", price=120))
    check(books, sell("b", "0.4"))
    with pytest.raises(Refused, match=r"balance: 0\.40 BTC are free to be sold"):
        check(books, sell("b", "0.5"))
