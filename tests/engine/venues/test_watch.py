"""A bar is called quiet only where playing it would change nothing but the clock."""

from decimal import Decimal

import pytest

from engine.venues.account import Account
from engine.venues.matching import play
from engine.venues.watch import watch
from store.records import Order, OrderType, Side
from tests.engine.venues.tables import (
    HOUR_MS,
    MISSING,
    Prices,
    account,
    buy,
    instrument,
    order,
    sell,
    step,
    stop,
    target,
)

BAR = (100.0, 101.0, 99.0, 100.0)
BUY, SELL = Side.BUY, Side.SELL


def books_with(*orders: Order) -> Account:
    books = account(instrument(leverage=Decimal(3)))
    play(books, step(0, BAR))
    for one in orders:
        books.accept(one)
    play(books, step(1, BAR))
    return books


LONG, SHORT = buy("b", "1"), sell("s", "1")
ENTRY = order("e", BUY, OrderType.STOP_MARKET, "1", price=110)

BARS: list[tuple[str, tuple[Order, ...], Prices, bool]] = [
    ("nothing held, nothing working", (), (50.0, 200.0, 10.0, 50.0), True),
    ("held, far from everything", (LONG, stop("x", SELL, 5), target("t", SELL, 5)), BAR, True),
    ("a missing bar", (LONG, stop("x", SELL, 5)), MISSING, True),
    ("the stop is reached", (LONG, stop("x", SELL, 5)), (100.0, 101.0, 95.1, 100.0), False),
    ("the target is passed", (LONG, target("t", SELL, 5)), (100.0, 105.2, 99.0, 100.0), False),
    ("a short's stop is reached", (SHORT, stop("x", BUY, 5)), (100.0, 104.9, 99.0, 100.0), False),
    ("a short's target is passed", (SHORT, target("t", BUY, 5)), (100.0, 101.0, 94.8, 100.0), False),
    ("a long is liquidated", (LONG,), (100.0, 101.0, 67.0, 100.0), False),
    ("a short is liquidated", (SHORT,), (100.0, 133.0, 99.0, 100.0), False),
    ("an entry waits at its price", (ENTRY,), BAR, True),
    ("an entry is reached", (ENTRY,), (100.0, 110.0, 99.0, 100.0), False),
]


@pytest.mark.parametrize(("title", "orders", "bar", "quiet"), BARS, ids=[row[0] for row in BARS])
def test_quiet(title: str, orders: tuple[Order, ...], bar: Prices, quiet: bool) -> None:
    books = books_with(*orders)
    move = step(2, bar, before=[BAR])
    assert watch(books).quiet(move) is quiet
    told = books.sequence
    play(books, move)
    assert (books.sequence == told) is quiet, "and playing it agrees"


def test_funding_of_what_is_held_is_not_quiet() -> None:
    held, flat = books_with(LONG), books_with()
    move = step(2, BAR, funding=[(HOUR_MS // 2, 0.0001)])
    assert not watch(held).quiet(move)
    assert watch(flat).quiet(move)


@pytest.mark.parametrize(
    "waiting", [buy("m", "1", after=1), buy("l", "1", after=1, price=90), stop("x", BUY, 5, after=1)]
)
def test_an_order_that_the_next_bar_decides_is_not_quiet(waiting: Order) -> None:
    books = books_with()
    books.accept(waiting)
    assert not watch(books).quiet(step(2, BAR))
