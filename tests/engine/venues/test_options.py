"""Options at the venue: the premium, the margin of what is sold, and what they are worth at their expiry."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ledger import Ledger
from engine.venues.account import Account
from engine.venues.filters import check
from engine.venues.flattening import close_out
from engine.venues.margin import initial_margin, is_liquidated, liquidation_bound, liquidation_price
from engine.venues.matching import play
from engine.venues.rows import from_text, to_text
from engine.venues.venue import Refused
from store.records import ZERO, Fill, Instrument, InstrumentKind, OptionRight, Position, Side
from tests.engine.venues.tables import (
    COSTS,
    HOUR_MS,
    MISSING,
    SYMBOL,
    Prices,
    account,
    buy,
    instrument,
    sell,
    step,
)

STRIKE = 1_000
CALM: Prices = (50.0, 52.0, 48.0, 50.0)
EXPIRES = 3
"""The bar whose close is the expiry."""
CASH = Decimal(100_000)


def option(right: OptionRight = OptionRight.CALL, leverage: int = 3, bar: int = EXPIRES) -> Instrument:
    return instrument(
        SYMBOL,
        kind=InstrumentKind.OPTION,
        expiry_ms=(bar + 1) * HOUR_MS,
        strike=Decimal(STRIKE),
        right=right,
        leverage=Decimal(leverage),
        maintenance_margin_rate=Decimal("0.05"),
    )


def worth(right: OptionRight, index: float) -> float:
    return max(right.sign * (index - STRIKE), 0.0)


def last(right: OptionRight, index: float) -> Prices:
    """The last bar of an option whose coin ends at `index`."""
    end = worth(right, index)
    return (50.0, max(50.0, end), min(50.0, end), end)


def fills_of(books: Account) -> list[Fill]:
    return [event.fill for event in books.recent if event.fill is not None]


def settled(right: OptionRight, side: Side, index: float, quantity: str = "2") -> Account:
    """Bought or sold at 50, half a spread of 150 bps worse, and held to the expiry."""
    books = account(option(right))
    play(books, step(0, CALM))
    books.accept((buy if side is Side.BUY else sell)("a", quantity))
    play(books, step(1, CALM))
    play(books, step(2, CALM))
    play(books, step(EXPIRES, last(right, index), before=[CALM]))
    return books


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("right", list(OptionRight))
@pytest.mark.parametrize(
    "index",
    [
        pytest.param(1_080.5, id="above"),
        pytest.param(920.0, id="below"),
        pytest.param(1_000.0, id="at the strike"),
    ],
)
def test_what_is_held_is_settled_at_what_it_is_worth_against_the_index(
    right: OptionRight, side: Side, index: float
) -> None:
    """Exercised where that pays, else worthless: cash moves by premium, its fee and what it is worth."""
    books = settled(right, side, index)
    opened, ended = fills_of(books)
    end = Decimal(repr(worth(right, index)))
    premium = Decimal("50.8") if side is Side.BUY else Decimal("49.2")
    assert opened.price == premium
    assert (ended.price, ended.quantity, ended.side) == (end, Decimal(2), side.opposite)
    assert (ended.fee, ended.reduce_only, ended.liquidation) == (ZERO, True, False)
    assert ended.ts_ms == (EXPIRES + 1) * HOUR_MS
    assert ended.client_order_id.startswith("exp")
    assert books.position(SYMBOL).quantity == books.position(SYMBOL).cost == ZERO
    assert books.cash == CASH + 2 * side.sign * (end - premium) - Decimal("0.001") * 2 * premium


@pytest.mark.parametrize("right", list(OptionRight))
@pytest.mark.parametrize("index", [900.0, 1_100.0])
def test_settled_once_and_nothing_can_be_ordered_after_it(right: OptionRight, index: float) -> None:
    books = settled(right, Side.SELL, index)
    for bar in range(EXPIRES + 1, EXPIRES + 4):
        play(books, step(bar, MISSING, before=[CALM]))
    assert len(fills_of(books)) == 2
    with pytest.raises(Refused, match="expired"):
        check(books, buy("b", "1", after=EXPIRES))


def test_without_a_bar_at_its_expiry_it_is_settled_at_the_last_price_there_was() -> None:
    books = account(option())
    play(books, step(0, CALM))
    books.accept(sell("a", "2"))
    play(books, step(1, CALM))
    play(books, step(EXPIRES, MISSING, before=[CALM]))
    assert fills_of(books)[-1].price == Decimal(50)


def test_a_close_out_buys_back_what_was_sold_at_its_own_spread() -> None:
    books = account(option())
    play(books, step(0, CALM))
    books.accept(sell("a", "2"))
    play(books, step(1, CALM))
    (bought,) = close_out(books, keep_positions=False).fills
    assert (bought.side, bought.price, bought.quantity) == (Side.BUY, Decimal("50.8"), Decimal(2))


def test_selling_needs_a_part_of_the_strike_and_buying_the_premium() -> None:
    """Of 100,000: 300 strikes of 1,000 at leverage 3, or 1,968 premiums of 50 and their fee."""
    books = account(option())
    play(books, step(0, CALM))
    check(books, sell("a", "299"))
    with pytest.raises(Refused, match="margin"):
        check(books, sell("b", "300"))
    check(books, buy("c", "1990"))
    with pytest.raises(Refused, match="margin"):
        check(books, buy("d", "2000"))
    secured = account(option(leverage=1))
    play(secured, step(0, CALM))
    with pytest.raises(Refused, match="margin"):
        check(secured, sell("e", "100"))


def test_what_was_sold_is_taken_away_where_its_margin_is_used_up_and_what_was_bought_never() -> None:
    """Sold at 50: 1,000 / 3 + 50 - 5 % of 1,000 = 333.3 is lost at 333.3."""
    short, long = (Position(SYMBOL, Decimal(sign), Decimal(50 * sign)) for sign in (-1, 1))
    assert not is_liquidated(option(), short, Decimal("333.3"))
    assert is_liquidated(option(), short, Decimal("333.4"))
    assert liquidation_bound(option(), short) == pytest.approx(333.3333 - 0.1, abs=1e-3)
    assert not is_liquidated(option(), long, Decimal("0.1"))
    assert liquidation_bound(option(), long) is None
    shown = liquidation_price(option(), short)
    assert shown is not None
    assert f"{shown:.4f}" == "333.3333"
    assert liquidation_price(option(), long) is None


@settings(max_examples=200, deadline=None)
@given(
    quantity=st.integers(-500, 500),
    mark=st.integers(1, 20_000),
    orders=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 400)), max_size=5),
    leverage=st.integers(1, 5),
)
def test_margin_covers_whatever_may_fill(
    quantity: int, mark: int, orders: list[tuple[bool, bool, int]], leverage: int
) -> None:
    """At least what the position would need after any of its orders alone, never below 0, and no more for an order that
    can only reduce; what was sold at leverage 1 has its strike whole."""
    made, held, price = option(leverage=leverage), Decimal(quantity), Decimal(mark) / 10
    asked = [
        replace((buy if buys else sell)(f"o{n}", str(size)), reduce_only=reduces)
        for n, (buys, reduces, size) in enumerate(orders)
    ]
    margin = initial_margin(made, held, price, asked)
    alone = initial_margin(made, held, price, [])
    strike = Decimal(STRIKE)
    assert alone == (held * price if quantity >= 0 else -held * strike / leverage)
    assert margin >= alone
    for one in asked:
        if not one.reduce_only:
            after = held + one.side.sign * one.quantity
            assert margin >= initial_margin(made, after, price, [])
        elif one.side.sign * quantity < 0 and one.quantity <= abs(quantity):
            assert initial_margin(made, held, price, [one]) == alone


@settings(max_examples=60, deadline=None)
@given(
    entry=st.integers(1, 5_000),
    quantity=st.integers(1, 500),
    price=st.integers(1, 20_000),
    leverage=st.integers(1, 5),
)
def test_nothing_is_taken_away_below_its_bound(entry: int, quantity: int, price: int, leverage: int) -> None:
    made, at = option(leverage=leverage), Decimal(price) / 10
    cost = -Decimal(quantity) * Decimal(entry) / 10
    short = Position(SYMBOL, Decimal(-quantity), cost)
    bound = liquidation_bound(made, short)
    assert bound is not None
    if is_liquidated(made, short, at):
        assert float(at) >= bound
    else:
        assert float(at) <= bound + 2.0 * float(made.tick)


@settings(max_examples=40, deadline=None)
@given(
    right=st.sampled_from(OptionRight),
    trades=st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=8),
    index=st.integers(9_000, 11_000),
)
def test_the_books_of_venue_and_ledger_are_equal_to_the_last_digit(
    right: OptionRight, trades: list[tuple[bool, int]], index: int
) -> None:
    expires = len(trades) + 1
    books, ledger = account(option(right, bar=expires)), Ledger(CASH)
    play(books, step(0, CALM))
    for bar, (buys, lots) in enumerate(trades):
        size = f"{Decimal(lots) * Decimal('0.01') + Decimal('0.3')}"
        books.accept((buy if buys else sell)(f"o{bar}", size, after=bar))
        play(books, step(bar + 1, CALM))
    play(books, step(expires, last(right, index / 10), before=[CALM]))
    for fill in fills_of(books):
        ledger.apply_fill(fill)
    totals = ledger.totals(ZERO)
    assert books.position(SYMBOL).quantity == ZERO
    assert totals.equity == totals.initial + totals.realised - totals.fees == books.cash


def test_the_file_keeps_what_an_option_is() -> None:
    for made in (option(), option(OptionRight.PUT), instrument()):
        assert from_text(Instrument, to_text(made)) == made


def test_its_spread_is_its_own() -> None:
    assert COSTS.half_spread_bps == 10
    books = account(option())
    assert books.taker_cost(SYMBOL, Decimal(1), 24_000.0, 0.02) == pytest.approx(0.015)


def test_a_file_of_a_version_that_knew_no_options_is_read() -> None:
    """As its books hold the instruments they were opened with."""
    written = json.loads(to_text(option()))
    known = json.dumps({name: value for name, value in written.items() if name not in ("strike", "right")})
    assert from_text(Instrument, known) == replace(option(), strike=Decimal(0), right=None)
