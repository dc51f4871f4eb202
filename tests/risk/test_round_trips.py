"""Round trips: where they begin and end, and that no cent is lost between them."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.round_trips import OpenTrips, RoundTrip, apply_fill, apply_funding
from store.records import Fill, FundingPayment, Side
from tests.risk.guard_fixtures import fill

BUY, SELL = Side.BUY, Side.SELL


def fold(entries: list[Fill | FundingPayment]) -> tuple[OpenTrips, list[RoundTrip]]:
    trips: OpenTrips = {}
    closed = []
    for entry in entries:
        if isinstance(entry, FundingPayment):
            trips = apply_funding(trips, entry)
        else:
            trips, done = apply_fill(trips, entry)
            closed += [done] if done else []
    return trips, closed


def funding(amount: str, symbol: str = "C1USDT") -> FundingPayment:
    return FundingPayment("p", symbol, Decimal(1), Decimal(100), Decimal("0.0001"), Decimal(amount), 0)


@pytest.mark.parametrize(
    ("entries", "results", "open_quantity"),
    [
        ([fill(BUY, "2", "100"), fill(SELL, "2", "110")], ["20"], None),
        ([fill(SELL, "2", "100"), fill(BUY, "2", "110")], ["-20"], None),
        ([fill(BUY, "1", "100", fee="0.5"), fill(SELL, "1", "110", fee="0.7")], ["8.8"], None),
        ([fill(BUY, "1", "100"), fill(BUY, "1", "120"), fill(SELL, "2", "115")], ["10"], None),
        ([fill(BUY, "2", "100"), fill(SELL, "1", "90"), fill(SELL, "1", "130")], ["20"], None),
        ([fill(BUY, "2", "100"), fill(SELL, "1", "110")], [], "1"),
        ([fill(BUY, "1", "100"), fill(SELL, "3", "110", fee="0.9")], ["9.7"], "-2"),
        ([fill(BUY, "1", "100"), fill(SELL, "2", "110"), fill(BUY, "1", "100")], ["10", "10"], None),
        ([fill(BUY, "1", "100"), funding("-3"), fill(SELL, "1", "110")], ["7"], None),
        ([funding("-3"), fill(BUY, "1", "100"), fill(SELL, "1", "110")], ["10"], None),
    ],
    ids=[
        "long",
        "short",
        "fees of both sides",
        "grown before it closed",
        "closed in two parts",
        "a reduction closes nothing",
        "through zero, fee split by quantity",
        "through zero and back",
        "funding belongs to the trip",
        "funding of no position belongs to none",
    ],
)
def test_round_trips(
    entries: list[Fill | FundingPayment], results: list[str], open_quantity: str | None
) -> None:
    trips, closed = fold(entries)
    assert [trip.result for trip in closed] == [Decimal(result) for result in results]
    left = trips.get("C1USDT")
    assert (None if left is None else str(left.quantity)) == open_quantity


def test_a_trip_knows_its_side_and_its_times() -> None:
    _, (long, short) = fold([fill(BUY, "1", ts_ms=10), fill(SELL, "2", ts_ms=20), fill(BUY, "1", ts_ms=30)])
    assert (long.direction, long.opened_ts_ms, long.closed_ts_ms) == (1, 10, 20)
    assert (short.direction, short.opened_ts_ms, short.closed_ts_ms) == (-1, 20, 30)


def test_symbols_are_apart() -> None:
    trips, closed = fold([fill(BUY, "1"), fill(SELL, "1", symbol="C2USDT")])
    assert set(trips) == {"C1USDT", "C2USDT"}
    assert closed == []


QUANTITIES = st.decimals("0.001", "5", places=3)
PRICES = st.decimals("0.01", "1000", places=2)
FILLS = st.builds(
    fill,
    side=st.sampled_from(Side),
    quantity=QUANTITIES.map(str),
    price=PRICES.map(str),
    fee=st.decimals("0", "1", places=8).map(str),
    symbol=st.sampled_from(["C1USDT", "C2USDT"]),
)


@given(st.lists(FILLS, max_size=40))
def test_nothing_is_lost_between_trips(fills: list[Fill]) -> None:
    trips, closed = fold(list(fills))
    flow = sum((-f.side.sign * f.quantity * f.price - f.fee for f in fills), Decimal(0))
    assert sum(t.result for t in closed) + sum(t.cash for t in trips.values()) == flow
    for symbol in ("C1USDT", "C2USDT"):
        positions = [Decimal(0)]
        for one in fills:
            if one.symbol == symbol:
                positions.append(positions[-1] + one.side.sign * one.quantity)
        ended = sum(before != 0 and before * after <= 0 for before, after in itertools.pairwise(positions))
        assert sum(t.symbol == symbol for t in closed) == ended
        left = trips.get(symbol)
        assert (left.quantity if left else Decimal(0)) == positions[-1]
