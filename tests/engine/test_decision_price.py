"""The price of a decision, worked back from the books, is the price it was made at."""

from __future__ import annotations

import asyncio
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

import pytest

from store import query
from store.decision_price import decision_price
from tests.engine.session_runs import run


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of hourly bars at a venue whose every cost is half a spread of 2 bps."""
    database = tmp_path_factory.mktemp("books") / "week.db"
    asyncio.run(run(database, 168, venue__half_spread_bps="2", venue__impact_coefficient="0"))
    return database


def test_every_fill_is_half_a_spread_from_the_price_it_was_decided_at(books: Path) -> None:
    checked = 0
    ticks = {"BTCUSDT": "0.1", "ETHUSDT": "0.01", "SOLUSDT": "0.001", "XRPUSDT": "0.00001"}
    for order in query.orders(books):
        found = query.explain(books, order["client_order_id"])
        price = decision_price(books, found["order"], found["stages"])
        left = next((stage["value"] for stage in found["stages"] if stage["stage"] == "round"), None)
        if order["purpose"] not in ("open", "close") or not left:
            assert price is None
            continue
        assert price is not None, order
        sign, rounding = (1, ROUND_CEILING) if order["side"] == "buy" else (-1, ROUND_FLOOR)
        tick = Decimal(ticks[order["symbol"]])
        exact = Decimal(price) * (1 + sign * Decimal("0.0002"))
        against_us = (exact / tick).to_integral_value(rounding=rounding) * tick
        for fill in found["fills"]:
            assert Decimal(fill["price"]) == against_us, order
            checked += 1
    assert checked > 20


def test_an_order_without_a_decision_has_no_price_of_one(books: Path) -> None:
    order = query.orders(books)[0]
    assert decision_price(books, order, []) is None
    assert decision_price(books, order | {"purpose": "flatten"}, [{"stage": "round", "value": 0.1}]) is None
    assert decision_price(books, order | {"decision_ts_ms": 1}, [{"stage": "round", "value": 0.1}]) is None


def test_a_price_off_the_tick_is_none(books: Path) -> None:
    order = next(o for o in query.orders(books) if o["purpose"] == "open")
    assert decision_price(books, order, [{"stage": "round", "value": 0.1234567}]) is None
