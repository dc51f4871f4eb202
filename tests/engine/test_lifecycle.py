"""The order life cycle, read from its own table."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lifecycle import TRANSITIONS, IllegalTransition, is_open, moved, with_fill, with_report
from store.records import Fill, Order, OrderPurpose, OrderReport, OrderStatus, OrderType, Side

S = OrderStatus
ORDER = Order("qd1", "BTCUSDT", Side.BUY, OrderType.MARKET, OrderPurpose.OPEN, Decimal(2), 1_000)


def report(status: OrderStatus, filled: int = 0) -> OrderReport:
    return OrderReport("qd1", "v1", "BTCUSDT", status, Decimal(filled), 2_000, "said so")


def execution(number: int, quantity: int) -> Fill:
    return Fill(
        f"f{number}", "qd1", "BTCUSDT", Side.BUY, Decimal(10), Decimal(quantity), Decimal(1), False, 2_000
    )


def test_every_status_has_its_row() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)


@pytest.mark.parametrize("before", list(OrderStatus))
@pytest.mark.parametrize("after", list(OrderStatus))
def test_only_the_table_moves_an_order(before: OrderStatus, after: OrderStatus) -> None:
    order = replace(ORDER, status=before)
    if after in TRANSITIONS[before]:
        assert moved(order, after, 5).status is after
    else:
        with pytest.raises(IllegalTransition, match="qd1"):
            moved(order, after, 5)


NEWS = [
    # what happened, in the order in which we heard of it -> status, filled
    ("fill before acknowledgement", [execution(1, 2), report(S.ACCEPTED)], S.FILLED, 2),
    ("fill after cancel", [report(S.ACCEPTED), report(S.CANCELED), execution(1, 2)], S.FILLED, 2),
    ("part filled, then cancelled", [execution(1, 1), report(S.CANCELED, 1)], S.CANCELED, 1),
    ("cancel overtakes the part fill", [report(S.CANCELED, 1), execution(1, 1)], S.CANCELED, 1),
    (
        "old news after the end",
        [execution(1, 2), report(S.ACCEPTED), report(S.PARTIALLY_FILLED, 1)],
        S.FILLED,
        2,
    ),
    ("said to be filled, fills not here yet", [report(S.FILLED, 2)], S.ACCEPTED, 0),
    ("refused", [report(S.REJECTED)], S.REJECTED, 0),
    ("the same report twice", [report(S.ACCEPTED), report(S.ACCEPTED)], S.ACCEPTED, 0),
]


@pytest.mark.parametrize(("what", "news", "status", "filled"), NEWS, ids=[row[0] for row in NEWS])
def test_what_venues_really_do(
    what: str, news: list[OrderReport | Fill], status: OrderStatus, filled: int
) -> None:
    order = replace(ORDER, status=S.SUBMITTED)
    for item in news:
        order = with_report(order, item) if isinstance(item, OrderReport) else with_fill(order, item)
    assert (order.status, order.filled_quantity) == (status, Decimal(filled))


@given(st.permutations([report(S.ACCEPTED), execution(1, 1), execution(2, 1), report(S.PARTIALLY_FILLED, 1)]))
def test_the_order_of_news_does_not_change_the_end(news: list[OrderReport | Fill]) -> None:
    order = replace(ORDER, status=S.SUBMITTED)
    for item in news:
        order = with_report(order, item) if isinstance(item, OrderReport) else with_fill(order, item)
    assert order.status is S.FILLED
    assert order.filled_notional == 20
    assert not is_open(order)
