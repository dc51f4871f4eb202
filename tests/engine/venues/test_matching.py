"""The fill rules as tables. Bar 0 is the bar whose close is decided on; orders act from bar 1 on."""

from decimal import Decimal

import pytest

from engine.venues.config import VenueConfig
from store.records import InstrumentKind, Order, OrderType, Side
from tests.engine.venues.tables import (
    COSTS,
    HOUR_MS,
    MISSING,
    SYMBOL,
    Case,
    Prices,
    assert_exact,
    buy,
    close,
    instrument,
    order,
    play_case,
    sell,
    stop,
    target,
    told_ends,
    told_fills,
)

FLAT = (100.0, 101.0, 99.0, 100.0)
THIN = (100.0, 101.0, 99.0, 100.0, 20.0)
WIDE = VenueConfig(half_spread_bps=10, impact_coefficient=1.0)
LATE = VenueConfig(half_spread_bps=10, impact_coefficient=0, latency_bars=1)
RESTING = VenueConfig(half_spread_bps=10, impact_coefficient=0, limit_life_bars=0)
TWO_BARS = VenueConfig(half_spread_bps=10, impact_coefficient=0, limit_life_bars=2)

BUY, SELL = Side.BUY, Side.SELL
VOLUME = "beyond its share of the volume"
NO_BAR = "nothing traded in its bar"
CLOSED = "the position it protected is closed"
UNUSED = "no position to protect"
LAPSED = "not filled within its time"

MARKET_ORDERS = [
    Case("a buy pays half the spread", [FLAT, FLAT], [buy("b", "1")], ["1 b buy 1.00 @ 100.1 taker"]),
    Case("a sale gives half the spread", [FLAT, FLAT], [sell("s", "1")], ["1 s sell 1.00 @ 99.9 taker"]),
    Case(
        "the price is that of the next open, wherever the bar went",
        [FLAT, (103.0, 120.0, 90.0, 95.0)],
        [buy("b", "1")],
        ["1 b buy 1.00 @ 103.2 taker"],
    ),
    Case(
        "rounded to the tick against us",
        [FLAT, (100.04, 101.0, 99.0, 100.0), (100.04, 101.0, 99.0, 100.0)],
        [buy("b", "1"), sell("s", "1", after=1)],
        ["1 b buy 1.00 @ 100.2 taker", "2 s sell 1.00 @ 99.9 taker"],
    ),
    Case(
        "impact: volatility 2 % a day times the root of 60 of a day's 24,000",
        [FLAT, FLAT],
        [buy("b", "60")],
        ["1 b buy 60.00 @ 100.2 taker"],
        config=WIDE,
    ),
    Case(
        "a tenth of the decision bar's volume fills, the rest is over at the close",
        [THIN, FLAT, FLAT],
        [buy("b", "5")],
        ["1 b buy 2.00 @ 100.1 taker"],
        {"b": f"canceled: {VOLUME}"},
    ),
    Case(
        "the decision bar's volume counts, not that of the bar that fills",
        [FLAT, THIN],
        [buy("b", "5")],
        ["1 b buy 5.00 @ 100.1 taker"],
    ),
    Case(
        "the share is rounded down to whole lots",
        [(100.0, 101.0, 99.0, 100.0, 0.59), FLAT],
        [buy("b", "5")],
        ["1 b buy 0.05 @ 100.1 taker"],
        {"b": f"canceled: {VOLUME}"},
    ),
    Case(
        "orders of one symbol and bar share the volume, closes first",
        [(100.0, 101.0, 99.0, 100.0, 50.0), (100.0, 101.0, 99.0, 100.0, 30.0), FLAT],
        [buy("a", "4"), sell("s", "2", after=1), close("c", SELL, "2", after=1)],
        ["1 a buy 4.00 @ 100.1 taker", "2 c sell 2.00 @ 99.9 taker", "2 s sell 1.00 @ 99.9 taker"],
        {"s": f"canceled: {VOLUME}"},
    ),
    Case(
        "market and limit orders share it too",
        [THIN, (100.0, 101.0, 98.0, 100.0)],
        [buy("l", "5", price=99), buy("m", "1.5")],
        ["1 m buy 1.50 @ 100.1 taker", "1 l buy 0.50 @ 99.0 maker"],
        {"l": f"expired: {LAPSED}"},
    ),
    Case(
        "a bar that is missing fills nothing and ends the order",
        [FLAT, MISSING, FLAT],
        [buy("b", "1"), buy("l", "1", price=99)],
        [],
        {"b": f"canceled: {NO_BAR}", "l": f"expired: {LAPSED}"},
    ),
    Case(
        "a bar without volume is missing",
        [FLAT, (100.0, 101.0, 99.0, 100.0, 0.0)],
        [buy("b", "1")],
        [],
        {"b": f"canceled: {NO_BAR}"},
    ),
    Case(
        "after a missing decision bar no volume is known",
        [FLAT, MISSING, FLAT],
        [buy("b", "1", after=1)],
        [],
        {"b": f"canceled: {VOLUME}"},
    ),
    Case(
        "a bar of latency",
        [FLAT, (102.0, 103.0, 101.0, 102.0), (105.0, 106.0, 104.0, 105.0)],
        [buy("b", "1")],
        ["2 b buy 1.00 @ 105.2 taker"],
        config=LATE,
    ),
]

REDUCE_ONLY = [
    Case(
        "never more than the position",
        [FLAT, FLAT, FLAT],
        [buy("b", "1"), close("c", SELL, "5", after=1)],
        ["1 b buy 1.00 @ 100.1 taker", "2 c sell 1.00 @ 99.9 taker"],
        {"c": "canceled: nothing left to reduce"},
    ),
    Case(
        "two closes cannot flip it",
        [FLAT, FLAT, FLAT],
        [buy("b", "1"), close("c", SELL, "1", after=1), close("d", SELL, "1", after=1)],
        ["1 b buy 1.00 @ 100.1 taker", "2 c sell 1.00 @ 99.9 taker"],
        {"d": "canceled: nothing left to reduce"},
    ),
    Case(
        "a change of sign: the close first, whichever was sent first",
        [FLAT, FLAT, FLAT],
        [buy("b", "1"), sell("o", "2", after=1), close("c", SELL, "1", after=1)],
        [
            "1 b buy 1.00 @ 100.1 taker",
            "2 c sell 1.00 @ 99.9 taker",
            "2 o sell 2.00 @ 99.9 taker",
        ],
    ),
]

LIMIT_ORDERS = [
    Case(
        "touching is not enough",
        [FLAT, (100.0, 101.0, 99.0, 100.0)],
        [buy("b", "1", price=99), sell("s", "1", price=101)],
        [],
        {"b": f"expired: {LAPSED}", "s": f"expired: {LAPSED}"},
    ),
    Case(
        "traded through it makes at its limit",
        [FLAT, (100.0, 101.2, 98.9, 100.0)],
        [buy("b", "1", price=99), sell("s", "1", price=101)],
        ["1 b buy 1.00 @ 99.0 maker", "1 s sell 1.00 @ 101.0 maker"],
    ),
    Case(
        "crossed at the open it takes there, with the cost of taking",
        [FLAT, FLAT],
        [buy("b", "1", price=105), sell("s", "1", price=95)],
        ["1 b buy 1.00 @ 100.1 taker", "1 s sell 1.00 @ 99.9 taker"],
    ),
    Case(
        "and never beyond its limit",
        [FLAT, FLAT],
        [buy("b", "1", price=100), sell("s", "1", price=100)],
        ["1 b buy 1.00 @ 100.0 taker", "1 s sell 1.00 @ 100.0 taker"],
    ),
    Case(
        "an open at the limit that the market never trades through fills nothing",
        [FLAT, (100.0, 101.0, 100.0, 100.0)],
        [buy("b", "1", price=100)],
        [],
        {"b": f"expired: {LAPSED}"},
    ),
    Case(
        "post-only never takes",
        [FLAT, FLAT],
        [buy("b", "1", price=100, post_only=True), sell("s", "1", price="99.5", post_only=True)],
        [],
        {
            "b": "expired: post-only: it would have taken at the open",
            "s": "expired: post-only: it would have taken at the open",
        },
    ),
    Case(
        "post-only makes like any other",
        [FLAT, (100.0, 101.0, 98.0, 100.0)],
        [buy("b", "1", price=99, post_only=True)],
        ["1 b buy 1.00 @ 99.0 maker"],
    ),
    Case(
        "good for one bar",
        [FLAT, FLAT, (100.0, 101.0, 98.0, 100.0)],
        [buy("b", "1", price=99)],
        [],
        {"b": f"expired: {LAPSED}"},
    ),
    Case(
        "good for two bars",
        [FLAT, FLAT, (100.0, 101.0, 98.0, 100.0)],
        [buy("b", "1", price=99)],
        ["2 b buy 1.00 @ 99.0 maker"],
        config=TWO_BARS,
    ),
    Case(
        "good until cancelled, filling in parts",
        [THIN, (100.0, 101.0, 98.0, 100.0, 10.0), FLAT, (100.0, 101.0, 98.0, 100.0)],
        [buy("b", "4", price=99)],
        ["1 b buy 2.00 @ 99.0 maker", "3 b buy 2.00 @ 99.0 maker"],
        config=RESTING,
    ),
]

LONG = buy("b", "1")
SHORT = sell("s", "1")

STOPS = [
    Case(
        "a stop lives within the bar its position was opened in, on its average entry",
        [FLAT, (100.0, 101.0, 95.1, 96.0)],
        [LONG, stop("x", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "1 x sell 1.00 @ 95.0 taker"],
    ),
    Case(
        "reached is enough, not reached is not",
        [FLAT, (100.0, 101.0, 95.2, 96.0), (96.0, 97.0, 95.1, 96.0)],
        [LONG, stop("x", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "2 x sell 1.00 @ 95.0 taker"],
    ),
    Case(
        "a gap fills at the open",
        [FLAT, FLAT, (90.0, 91.0, 89.0, 90.0)],
        [LONG, stop("x", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "2 x sell 1.00 @ 89.9 taker"],
    ),
    Case(
        "a short is stopped above",
        [FLAT, (100.0, 105.0, 99.0, 100.0)],
        [SHORT, stop("x", BUY, 5)],
        ["1 s sell 1.00 @ 99.9 taker", "1 x buy 1.00 @ 105.1 taker"],
    ),
    Case(
        "whole, whatever the volume",
        [FLAT, (100.0, 101.0, 99.0, 100.0, 1.0), (95.0, 96.0, 94.0, 95.0)],
        [buy("b", "50"), stop("x", SELL, 5)],
        ["1 b buy 50.00 @ 100.1 taker", "2 x sell 50.00 @ 94.9 taker"],
    ),
    Case(
        "a target is filled once traded through, at its price",
        [FLAT, (100.0, 105.1, 99.0, 105.0), (105.0, 105.2, 104.0, 105.0)],
        [LONG, target("t", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "2 t sell 1.00 @ 105.1 maker"],
    ),
    Case(
        "an open beyond the target takes there, at no cost but the fee",
        [FLAT, FLAT, (107.0, 108.0, 106.0, 107.0)],
        [LONG, target("t", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "2 t sell 1.00 @ 107.0 taker"],
    ),
    Case(
        "a short's target lies below",
        [FLAT, (100.0, 101.0, 94.8, 95.0)],
        [SHORT, target("t", BUY, 5)],
        ["1 s sell 1.00 @ 99.9 taker", "1 t buy 1.00 @ 94.9 maker"],
    ),
    Case(
        "both in one bar: the stop, and the target is over",
        [FLAT, (100.0, 110.0, 90.0, 100.0)],
        [LONG, target("t", SELL, 5), stop("x", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "1 x sell 1.00 @ 95.0 taker"],
        {"t": f"expired: {CLOSED}"},
    ),
    Case(
        "it follows size and average entry",
        [
            FLAT,
            FLAT,
            (110.0, 111.0, 109.0, 110.0),
            (100.3, 101.0, 100.2, 100.3),
            (101.0, 102.0, 100.1, 101.0),
        ],
        [LONG, stop("x", SELL, 5), buy("c", "1", after=1)],
        [
            "1 b buy 1.00 @ 100.1 taker",
            "2 c buy 1.00 @ 110.2 taker",
            "4 x sell 2.00 @ 99.9 taker",
        ],
    ),
    Case(
        "a trigger between two ticks moves to the one a sale is rounded to",
        [FLAT, FLAT, (100.1, 101.0, 99.0, 100.0), (97.0, 98.0, 95.2, 97.0), (97.0, 98.0, 95.1, 97.0)],
        [LONG, stop("x", SELL, 5), buy("c", "1", after=1)],
        ["1 b buy 1.00 @ 100.1 taker", "2 c buy 1.00 @ 100.3 taker", "3 x sell 2.00 @ 95.1 taker"],
    ),
    Case(
        "after a limit's fill inside the bar the stop lives at once",
        [FLAT, (100.0, 101.0, 93.0, 96.0)],
        [buy("l", "1", price=99), stop("x", SELL, 5)],
        ["1 l buy 1.00 @ 99.0 maker", "1 x sell 1.00 @ 93.9 taker"],
    ),
    Case(
        "the target from the next bar",
        [FLAT, (100.0, 110.0, 98.0, 100.0), (100.0, 110.0, 98.0, 100.0)],
        [buy("l", "1", price=99), target("t", SELL, 5)],
        ["1 l buy 1.00 @ 99.0 maker", "2 t sell 1.00 @ 104.0 maker"],
    ),
    Case(
        "after a limit crossed at the open the target lives at once",
        [FLAT, (100.0, 110.0, 98.0, 100.0)],
        [buy("l", "1", price=105), target("t", SELL, 5)],
        ["1 l buy 1.00 @ 100.1 taker", "1 t sell 1.00 @ 105.1 maker"],
    ),
    Case(
        "a missing bar triggers nothing and leaves protection in place",
        [FLAT, FLAT, MISSING, (90.0, 91.0, 89.0, 90.0)],
        [LONG, stop("x", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "3 x sell 1.00 @ 89.9 taker"],
    ),
    Case(
        "without a position of its side it is over when the bar is",
        [FLAT, MISSING, FLAT],
        [LONG, stop("x", SELL, 5), target("t", SELL, 5)],
        [],
        {
            "b": f"canceled: {NO_BAR}",
            "x": f"expired: {UNUSED}",
            "t": f"expired: {UNUSED}",
        },
    ),
    Case(
        "it is over when its position is closed",
        [FLAT, FLAT, FLAT],
        [LONG, stop("x", SELL, 5), close("c", SELL, "1", after=1)],
        ["1 b buy 1.00 @ 100.1 taker", "2 c sell 1.00 @ 99.9 taker"],
        {"x": f"expired: {CLOSED}"},
    ),
    Case(
        "and when it flips, while that of the new side begins",
        [FLAT, FLAT, (100.0, 101.0, 99.0, 100.0), (106.0, 107.0, 105.0, 106.0)],
        [LONG, stop("x", SELL, 5), sell("s", "3", after=1), stop("y", BUY, 5, after=1)],
        [
            "1 b buy 1.00 @ 100.1 taker",
            "2 s sell 3.00 @ 99.9 taker",
            "3 y buy 2.00 @ 106.2 taker",
        ],
        {"x": f"expired: {CLOSED}"},
    ),
    Case(
        "latency: it waits with the order it protects",
        [FLAT, (100.0, 101.0, 90.0, 100.0), (100.0, 101.0, 90.0, 100.0)],
        [LONG, stop("x", SELL, 5)],
        ["2 b buy 1.00 @ 100.1 taker", "2 x sell 1.00 @ 95.0 taker"],
        config=LATE,
    ),
    Case(
        "of two stops the one the market reaches first",
        [FLAT, FLAT, (100.0, 101.0, 90.0, 91.0)],
        [LONG, stop("far", SELL, 8), stop("near", SELL, 5)],
        ["1 b buy 1.00 @ 100.1 taker", "2 near sell 1.00 @ 95.0 taker"],
        {"far": f"expired: {CLOSED}"},
    ),
    Case(
        "a stop with a price and a quantity of its own",
        [FLAT, FLAT, (100.0, 101.0, 96.0, 97.0)],
        [buy("b", "2"), order("x", SELL, OrderType.STOP_MARKET, "1", price=97, reduce_only=True)],
        ["1 b buy 2.00 @ 100.1 taker", "2 x sell 1.00 @ 96.9 taker"],
    ),
    Case(
        "which ends with nothing left to reduce",
        [FLAT, FLAT, (100.0, 101.0, 96.0, 97.0)],
        [buy("b", "1"), order("x", SELL, OrderType.STOP_MARKET, "3", price=97, reduce_only=True)],
        ["1 b buy 1.00 @ 100.1 taker", "2 x sell 1.00 @ 96.9 taker"],
        {"x": "expired: nothing left to reduce"},
    ),
    Case(
        "a take-profit with a price of its own",
        [FLAT, FLAT, (100.0, 103.0, 99.0, 100.0)],
        [buy("b", "2"), order("t", SELL, OrderType.TAKE_PROFIT, "1", price="102.5", reduce_only=True)],
        ["1 b buy 2.00 @ 100.1 taker", "2 t sell 1.00 @ 102.5 maker"],
    ),
    Case(
        "a stop may open a position, and the position's own stop lives at once",
        [FLAT, (100.0, 104.0, 95.0, 96.0)],
        [order("e", BUY, OrderType.STOP_MARKET, "1", price=103), stop("x", SELL, 5)],
        ["1 e buy 1.00 @ 103.2 taker", "1 x sell 1.00 @ 98.1 taker"],
    ),
]


@pytest.mark.parametrize(
    "case", [*MARKET_ORDERS, *REDUCE_ONLY, *LIMIT_ORDERS, *STOPS], ids=lambda case: case.title
)
def test_bars_in_fills_out(case: Case) -> None:
    books = play_case(case)
    assert told_fills(books) == list(case.fills)
    assert told_ends(books) == dict(case.ends)
    assert_exact(books)


FUNDING = [
    ("at the open: on the position carried in, not on what opens there", {1: [(0, 0.01)]}, []),
    ("inside the bar: on what the open left", {1: [(HOUR_MS // 2, 0.01)]}, ["-1.00000000 on 1.00 at 100.0"]),
    ("a long receives a negative rate", {2: [(0, -0.01)]}, ["1.10000000 on 1.00 at 110.0"]),
    (
        "marked at the last close, twice a bar where it settles twice",
        {2: [(0, 0.01), (1, 0.01)]},
        ["-1.10000000 on 1.00 at 110.0", "-1.10000000 on 1.00 at 110.0"],
    ),
    ("settled though the bar is missing", {3: [(0, 0.01)]}, ["-1.20000000 on 1.00 at 120.0"]),
]


@pytest.mark.parametrize(("title", "funding", "expected"), FUNDING, ids=lambda value: str(value)[:40])
def test_funding(title: str, funding: dict[int, list[tuple[int, float]]], expected: list[str]) -> None:
    bars = [FLAT, (100.0, 111.0, 99.0, 110.0), (110.0, 121.0, 109.0, 120.0), MISSING]
    books = play_case(Case(title, bars, [LONG], funding=funding))
    payments = [event.funding for event in books.recent if event.funding is not None]
    assert [f"{p.amount} on {p.quantity} at {p.mark_price}" for p in payments] == expected
    assert_exact(books)


def test_funding_comes_before_limits_and_after_market_orders() -> None:
    bars = [FLAT, (100.0, 101.0, 98.0, 100.0)]
    orders = [buy("l", "1", price=99), buy("m", "1")]
    books = play_case(Case("order of a bar", bars, orders, funding={1: [(0, 0.1), (60_000, 0.01)]}))
    told = [event.fill or event.funding for event in books.recent if event.report is None]
    assert [getattr(fact, "client_order_id", "funding") for fact in told if fact] == ["m", "funding", "l"]


FEES = [
    ("a taker", LONG, FLAT, "0.10010000"),
    ("a maker", buy("l", "1", price=99), (100.0, 101.0, 98.0, 100.0), "0.01980000"),
    ("half-even: 0.012357345 is a tie", buy("b", "0.12345"), FLAT, "0.01235734"),
    ("half-even: 0.012377365 is a tie", buy("b", "0.12365"), FLAT, "0.01237736"),
]


@pytest.mark.parametrize(("title", "entry", "bar", "fee"), FEES, ids=[row[0] for row in FEES])
def test_fees_are_a_rate_of_notional(title: str, entry: Order, bar: Prices, fee: str) -> None:
    fine = instrument(lot=Decimal("0.00001"))
    books = play_case(Case(title, [FLAT, bar], [entry], instrument=fine))
    assert str(books.positions[SYMBOL].fees) == fee


def liquidation_price(bar: tuple[float, ...], side: Side, **orders: object) -> list[str]:
    entry = buy("b", "10") if side is BUY else sell("b", "10")
    extra = [stop("x", side.opposite, float(str(orders["stop"])))] if "stop" in orders else []
    books = play_case(
        Case("", [FLAT, FLAT, bar], [entry, *extra], instrument=instrument(leverage=Decimal(3)))
    )
    assert_exact(books)
    return told_fills(books)[1:]


class TestLiquidation:
    """Ten bought at 100.1, margin a third of that: gone where 667.33 > 10 p (1 - 0.005) fails, at 67.06 and below."""

    def test_not_at_a_price_that_leaves_maintenance_margin(self) -> None:
        assert liquidation_price((100.0, 101.0, 67.1, 68.0), BUY) == []

    def test_at_the_worst_price_of_the_bar_with_a_penalty(self) -> None:
        books = play_case(Case("", [FLAT, FLAT, (100.0, 101.0, 67.0, 100.0)], [buy("b", "10")]))
        fill = [event.fill for event in books.recent if event.fill is not None][-1]
        assert fill.liquidation
        assert fill.price == Decimal("67.0")
        assert fill.fee == Decimal("670.0") * (Decimal("0.001") + Decimal("0.01"))
        reports = [event.report for event in books.recent if event.report is not None]
        assert reports[-1].reason == "liquidated: margin below maintenance"
        assert books.position(SYMBOL).quantity == 0
        assert_exact(books)

    def test_a_short_at_the_high(self) -> None:
        (fill,) = liquidation_price((100.0, 133.0, 99.0, 100.0), SELL)
        assert fill.endswith("buy 10.00 @ 133.0 taker")

    def test_a_stop_in_the_same_bar_comes_first(self) -> None:
        assert liquidation_price((100.0, 101.0, 50.0, 60.0), BUY, stop=20) == ["2 x sell 10.00 @ 80.0 taker"]

    def test_a_gap_takes_the_stop_to_the_open_and_still_comes_first(self) -> None:
        assert liquidation_price((55.0, 56.0, 50.0, 55.0), BUY, stop=20) == ["2 x sell 10.00 @ 54.9 taker"]

    def test_spot_has_no_margin_to_lose(self) -> None:
        spot = instrument(kind=InstrumentKind.SPOT)
        books = play_case(Case("", [FLAT, FLAT, (5.0, 6.0, 1.0, 2.0)], [buy("b", "10")], instrument=spot))
        assert told_fills(books) == ["1 b buy 10.00 @ 100.1 taker"]


def test_spot_sells_no_more_than_is_owned() -> None:
    spot = instrument(kind=InstrumentKind.SPOT)
    orders = [buy("b", "1"), sell("s", "1", after=1), stop("x", SELL, 5)]
    books = play_case(Case("", [FLAT, FLAT, FLAT], orders, instrument=spot, config=COSTS))
    assert books.position(SYMBOL).quantity == 0
