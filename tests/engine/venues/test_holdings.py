"""Average-cost books and isolated margin, exact to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger import book
from engine.venues.holdings import after_fill, cash_change, released_cost
from engine.venues.margin import initial_margin, is_liquidated, liquidation_bound
from store.records import Fill, InstrumentKind, Order, Position, Side
from tests.engine.venues.tables import SYMBOL, buy, close, instrument, sell

ONE = Decimal(1)

RELEASED = [
    ("a third", "100", "1", "3", "33.33333333"),
    ("two thirds round up", "100", "2", "3", "66.66666667"),
    ("a tie goes to the even digit below", "0.00000005", "1", "2", "0.00000002"),
    ("a tie goes to the even digit above", "0.00000003", "1", "2", "0.00000002"),
    ("a short's cost is negative", "-100", "-2", "-3", "-66.66666667"),
    ("a short's tie", "-0.00000005", "-1", "-2", "-0.00000002"),
    ("more digits than a Decimal context holds", "99999999999.99999999", "123456789.123", "987654321.321",
     "12499999894.48484378"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "cost", "closed", "held", "expected"), RELEASED, ids=[r[0] for r in RELEASED]
)
def test_released_cost(title: str, cost: str, closed: str, held: str, expected: str) -> None:
    exact = Fraction(cost) * Fraction(closed) / Fraction(held)
    assert Fraction(expected) == Fraction(round(exact * 10**8), 10**8), "the table itself is half-even"
    assert released_cost(Decimal(cost), Decimal(closed), Decimal(held)) == Decimal(expected)


def fill(side: Side, quantity: str, price: str, fee: str = "0") -> Fill:
    size, paid = Decimal(quantity), Decimal(fee)
    return Fill("f", "o", SYMBOL, side, Decimal(price), size, paid, maker=False, ts_ms=7)


TRADES = [
    ("opens", "0", "0", Side.BUY, "2", "10", "2", "20", "0"),
    ("adds", "2", "20", Side.BUY, "1", "13", "3", "33", "0"),
    ("reduces", "3", "33", Side.SELL, "1", "12", "2", "22", "1"),
    ("closes", "3", "33", Side.SELL, "3", "10", "0", "0", "-3"),
    ("flips", "3", "33", Side.SELL, "5", "12", "-2", "-24", "3"),
    ("covers a short at a gain", "-2", "-24", Side.BUY, "1", "10", "-1", "-12", "2"),
    ("flips a short", "-2", "-24", Side.BUY, "3", "13", "1", "13", "-2"),
]


@pytest.mark.parametrize("row", TRADES, ids=[row[0] for row in TRADES])
def test_a_trade(row: tuple[str, str, str, Side, str, str, str, str, str]) -> None:
    _, held, cost, side, quantity, price, quantity_after, cost_after, realised = row
    before = Position(SYMBOL, Decimal(held), Decimal(cost), opened_ts_ms=3)
    after = after_fill(before, fill(side, quantity, price, "0.5"), ONE)
    assert (after.quantity, after.cost) == (Decimal(quantity_after), Decimal(cost_after))
    assert after.realised == Decimal(realised)
    assert cash_change(before, after) == Decimal(realised) - Decimal("0.5")
    same_side = before.quantity * after.quantity > 0
    assert after.opened_ts_ms == (3 if same_side else 7 if after.quantity else 0)


trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 10**6), st.integers(1, 10**7)), min_size=1, max_size=30
)


@given(trades)
def test_agrees_with_the_engine_s_ledger(story: list[tuple[Side, int, int]]) -> None:
    """Two books written apart: the venue's, and the engine's that is compared with it while trading."""
    ours, realised = Position(SYMBOL), Decimal(0)
    theirs = Position(SYMBOL)
    for side, lots, ticks in story:
        one = fill(side, f"{lots / 1000:.3f}", f"{ticks / 100:.2f}")
        ours = after_fill(ours, one, ONE)
        theirs, gained = book(theirs, one.quantity * side.sign, one.price)
        realised += gained
        assert (ours.quantity, ours.cost, ours.realised) == (theirs.quantity, theirs.cost, realised)


LIQUIDATIONS = [
    ("long, above", "10", "1001", "67.1", False),
    ("long, below", "10", "1001", "67.0", True),
    ("short, below", "-10", "-999", "132.5", False),
    ("short, above", "-10", "-999", "132.6", True),
    ("flat", "0", "0", "1", False),
]


@pytest.mark.parametrize(
    ("title", "held", "cost", "price", "gone"), LIQUIDATIONS, ids=[r[0] for r in LIQUIDATIONS]
)
def test_liquidation(title: str, held: str, cost: str, price: str, gone: bool) -> None:
    position = Position(SYMBOL, Decimal(held), Decimal(cost))
    assert is_liquidated(instrument(), position, Decimal(price)) is gone


@given(
    st.integers(-(10**6), 10**6).filter(bool), st.integers(1, 10**6), st.integers(1, 3), st.integers(1, 10**6)
)
def test_the_bound_never_lies_beyond_a_liquidation(lots: int, ticks: int, leverage: int, worst: int) -> None:
    traded = instrument(leverage=Decimal(leverage))
    quantity = lots * traded.lot
    position = Position(SYMBOL, quantity, quantity * ticks * traded.tick)
    bound = liquidation_bound(traded, position)
    assert bound is not None
    if is_liquidated(traded, position, worst * traded.tick):
        reached = worst * float(traded.tick)
        assert reached <= bound if lots > 0 else reached >= bound


def reducing(side: Side, quantity: str) -> Order:
    return close(f"c{side}", side, quantity)


MARGINS = [
    ("a position", "3", [], "100"),
    ("an order", "0", [buy("b", "3")], "100"),
    ("both on one side", "3", [buy("b", "3")], "200"),
    ("an order against the position", "3", [sell("s", "3")], "100"),
    ("an order through the position", "3", [sell("s", "9")], "200"),
    ("both sides, whichever is larger", "0", [buy("b", "3"), sell("s", "6")], "200"),
    ("a limit at its price", "0", [buy("b", "3", price=90)], "90"),
    ("a close before what opens the other side", "3", [reducing(Side.SELL, "3"), sell("s", "6")], "200"),
    ("a close of more than there is", "3", [reducing(Side.SELL, "30"), sell("s", "6")], "200"),
    ("the same of a short", "-3", [reducing(Side.BUY, "30"), buy("b", "6")], "200"),
]


@pytest.mark.parametrize(("title", "held", "orders", "tied_up"), MARGINS, ids=[row[0] for row in MARGINS])
def test_initial_margin(title: str, held: str, orders: list[Order], tied_up: str) -> None:
    traded = instrument(leverage=Decimal(3))
    assert initial_margin(traded, Decimal(held), Decimal(100), orders) == Decimal(tied_up)


def test_spot_is_never_liquidated() -> None:
    spot = instrument(kind=InstrumentKind.SPOT)
    position = Position(SYMBOL, Decimal(1), Decimal(100))
    assert not is_liquidated(spot, position, Decimal("0.1"))
    assert liquidation_bound(spot, position) is None
