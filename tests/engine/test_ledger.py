"""The Decimal ledger: average cost, exact identity, idempotence."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bookstate import BookState
from engine.ledger import FORGOTTEN_AT_ONCE, REMEMBERED_IDS, Ledger, book
from store.records import Fill, FundingPayment, Position, Side

D = Decimal


def fill(number: int, side: Side, quantity: str, price: str, fee: str = "0") -> Fill:
    return Fill(f"f{number}", f"o{number}", "BTCUSDT", side, D(price), D(quantity), D(fee), False, number)


BOOKINGS = [
    # held, cost, trade, price -> held, cost, realised
    ("0", "0", "2", "100", "2", "200", "0"),
    ("2", "200", "1", "130", "3", "330", "0"),
    ("3", "330", "-1", "120", "2", "220", "10"),
    ("3", "330", "-3", "120", "0", "0", "30"),
    ("3", "330", "-5", "120", "-2", "-240", "30"),
    ("-2", "-240", "1", "100", "-1", "-120", "20"),
    ("-2", "-240", "3", "100", "1", "100", "40"),
    # 1/3 of 100 is released half-even at 1e-8
    ("3", "100", "-1", "40", "2", "66.66666667", "6.66666667"),
]


@pytest.mark.parametrize(("held", "cost", "trade", "price", "held_after", "cost_after", "realised"), BOOKINGS)
def test_average_cost_booking(
    held: str, cost: str, trade: str, price: str, held_after: str, cost_after: str, realised: str
) -> None:
    after, gained = book(Position("BTCUSDT", D(held), D(cost)), D(trade), D(price))
    assert (after.quantity, after.cost, gained) == (D(held_after), D(cost_after), D(realised))


def test_a_fill_counts_once() -> None:
    ledger = Ledger(D(1000))
    assert ledger.apply_fill(fill(1, Side.BUY, "1", "100", "0.05")) is not None
    assert ledger.apply_fill(fill(1, Side.BUY, "1", "100", "0.05")) is None
    assert ledger.quantity("BTCUSDT") == 1
    assert ledger.fees == D("0.05")


def test_funding_counts_once() -> None:
    ledger = Ledger(D(1000))
    payment = FundingPayment("p1", "BTCUSDT", D(1), D(100), D("0.0001"), D("-0.01"), 1)
    assert ledger.apply_funding(payment)
    assert not ledger.apply_funding(payment)
    assert ledger.mark({}).equity == D("999.99")


def test_an_id_is_forgotten_only_where_the_venue_cannot_list_it_again() -> None:
    """However many there are: fills of a stretch in which the books never agreed are all read back."""
    ledger, count = Ledger(D(1_000)), REMEMBERED_IDS + FORGOTTEN_AT_ONCE + 10
    ledger.restore((), BookState(), [(f"f{number}", number) for number in range(count)])
    ledger.forget_old(proven_ms=5)
    assert [number for number in range(count) if not ledger.knows(f"f{number}")] == [0, 1, 2, 3, 4]
    ledger.forget_old(proven_ms=count)
    assert not ledger.knows(f"f{count - REMEMBERED_IDS - 1}")
    assert all(ledger.knows(f"f{number}") for number in range(count - REMEMBERED_IDS, count))


def test_the_high_water_mark_only_rises() -> None:
    ledger = Ledger(D(1000))
    ledger.apply_fill(fill(1, Side.BUY, "1", "100"))
    assert ledger.mark({"BTCUSDT": D(150)}).high_water_mark == D(1050)
    assert ledger.mark({"BTCUSDT": D(50)}).high_water_mark == D(1050)


TRADES = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.integers(1, 5_000).map(lambda lots: D(lots) * D("0.001")),
        st.integers(1, 10_000_000).map(lambda ticks: D(ticks) * D("0.01")),
        st.integers(0, 10_000).map(lambda units: D(units) * D("0.00000001")),
    ),
    min_size=1,
    max_size=40,
)


@given(TRADES, st.integers(1, 10_000_000).map(lambda ticks: D(ticks) * D("0.01")))
def test_equity_is_what_the_trades_and_the_mark_say(
    trades: list[tuple[Side, Decimal, Decimal, Decimal]], mark: Decimal
) -> None:
    """Against exact fractions: money paid and received, fees, and what is held at the mark."""
    ledger = Ledger(D(1_000_000))
    cash, held = Fraction(1_000_000), Fraction(0)
    for number, (side, quantity, price, fee) in enumerate(trades):
        ledger.apply_fill(Fill(f"f{number}", "o", "BTCUSDT", side, price, quantity, fee, False, number))
        cash -= Fraction(price * quantity) * side.sign + Fraction(fee)
        held += Fraction(quantity) * side.sign
    totals = ledger.mark({"BTCUSDT": mark})
    assert totals.equity == (
        totals.initial + totals.realised + totals.unrealised - totals.fees + totals.funding
    )
    assert Fraction(totals.equity) == cash + held * Fraction(mark)
