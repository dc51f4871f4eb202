"""Dated futures at the venue: settled once, in cash, at the last price, without a fee; their orders end, no new ones
are taken, and what stands in their place is tradable from the next bar on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ledger import Ledger
from engine.venues.account import Account
from engine.venues.filters import check
from engine.venues.margin import is_liquidated
from engine.venues.matching import play
from engine.venues.rows import from_text, to_text
from engine.venues.simulated import SimulatedVenue, flatten_offline
from engine.venues.venue import Refused, VenueUnavailable
from engine.venues.watch import watch
from store.records import ZERO, Fill, Instrument, InstrumentKind, OrderStatus, Position, Side
from tests.engine.venues.tables import COSTS, HOUR_MS, Prices, account, buy, instrument, sell, step, stop

BAR: Prices = (100.0, 101.0, 99.0, 100.0)
LAST: Prices = (100.0, 104.0, 99.0, 103.0)
EXPIRES = 3
"""The bar whose close is the expiry."""


def dated(symbol: str = "BTCUSDT", bar: int = EXPIRES) -> Instrument:
    return replace(instrument(symbol), kind=InstrumentKind.FUTURE, expiry_ms=(bar + 1) * HOUR_MS)


def held(*orders: object) -> Account:
    """An account after bar 1, in which the orders were filled."""
    books = account(dated())
    play(books, step(0, BAR))
    for one in orders:
        books.accept(one)  # type: ignore[arg-type]
    play(books, step(1, BAR))
    return books


def fills_of(books: Account) -> list[Fill]:
    return [event.fill for event in books.recent if event.fill is not None]


@pytest.mark.parametrize(
    ("side", "profit"),
    [pytest.param(Side.BUY, "5.80", id="long"), pytest.param(Side.SELL, "-6.20", id="short")],
)
def test_what_is_held_is_settled_at_the_last_price_without_a_fee(side: Side, profit: str) -> None:
    """2 at 100.1 or 99.9 and settled at 103; a stop on it ends with it."""
    entry = buy("a", "2") if side is Side.BUY else sell("a", "2")
    books = held(entry, stop("x", side.opposite, 50))
    fees = books.position("BTCUSDT").fees
    play(books, step(2, BAR))
    play(books, step(EXPIRES, LAST, before=[BAR]))
    position, settled = books.position("BTCUSDT"), fills_of(books)[-1]
    assert (position.quantity, position.cost, position.fees) == (ZERO, ZERO, fees)
    assert position.realised == Decimal(profit)
    assert (settled.price, settled.quantity, settled.fee) == (Decimal("103.0"), Decimal(2), ZERO)
    assert (settled.ts_ms, settled.side, settled.reduce_only) == (
        (EXPIRES + 1) * HOUR_MS,
        side.opposite,
        True,
    )
    assert not books.orders
    assert books.cash == Decimal(100_000) + position.realised - position.fees


def test_settled_once_and_nothing_can_be_ordered_after_it() -> None:
    books = held(buy("a", "2"))
    for index in range(2, EXPIRES + 3):
        missing = index > EXPIRES
        play(books, step(index, (float("nan"),) * 4 if missing else BAR, before=[BAR]))
    assert [fill.client_order_id[:3] for fill in fills_of(books)] == ["a", "exp"]
    with pytest.raises(Refused, match="expired"):
        check(books, buy("b", "1", after=EXPIRES))


def test_the_orders_of_an_expired_contract_end_whether_or_not_they_acted() -> None:
    books = held()
    play(books, step(2, BAR))
    for one in (buy("far", "1", after=2, price=50), buy("late", "1", after=EXPIRES)):
        books.accept(one)
    play(books, step(EXPIRES, BAR))
    ended = {e.report.client_order_id: e.report for e in books.recent if e.report is not None}
    assert {ended[name].status for name in ("far", "late")} == {OrderStatus.EXPIRED}
    assert ended["far"].reason == "its contract has expired"


def test_without_a_bar_at_its_expiry_it_is_settled_at_the_last_price_there_was() -> None:
    books = held(buy("a", "2"))
    play(books, step(2, LAST, before=[BAR]))
    play(books, step(EXPIRES, (float("nan"),) * 4, before=[LAST]))
    assert fills_of(books)[-1].price == Decimal("103.0")


def test_the_bar_of_an_expiry_is_not_quiet_while_something_is_held() -> None:
    calm = step(EXPIRES, BAR, before=[BAR])
    assert not watch(held(buy("a", "2"))).quiet(calm)
    assert watch(held(buy("a", "2"))).quiet(step(EXPIRES - 1, BAR, before=[BAR]))
    assert watch(held()).quiet(calm)


def test_a_future_has_a_margin_that_can_be_used_up() -> None:
    assert is_liquidated(dated(), Position("BTCUSDT", Decimal(-1), Decimal(-100)), Decimal(140))
    assert not is_liquidated(dated(), Position("BTCUSDT", Decimal(-1), Decimal(-100)), Decimal(120))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=8),
    st.integers(500, 2_000),
)
def test_the_books_of_venue_and_ledger_are_equal_to_the_last_digit(
    trades: list[tuple[bool, int]], last: int
) -> None:
    """Whatever was traded before: equity is cash once nothing is held."""
    expires = len(trades) + 1
    books, ledger = account(dated(bar=expires)), Ledger(Decimal(100_000))
    play(books, step(0, BAR))
    for index, (buys, lots) in enumerate(trades):
        size = f"{Decimal(lots) * Decimal('0.01') + Decimal('0.2')}"
        books.accept((buy if buys else sell)(f"o{index}", size, after=index))
        play(books, step(index + 1, BAR))
    close = last / 10
    play(books, step(expires, (100.0, max(100.0, close), min(100.0, close), close), before=[BAR]))
    for fill in fills_of(books):
        ledger.apply_fill(fill)
    totals = ledger.totals(ZERO)
    assert books.position("BTCUSDT").quantity == ZERO
    assert totals.equity == totals.initial + totals.realised - totals.fees == books.cash


async def test_what_could_not_be_written_is_listed_again_with_the_next_bar(tmp_path: Path) -> None:
    old, new = dated("BTC1"), dated("BTC2", 9)
    path = tmp_path / "x.venue"
    venue = SimulatedVenue(path, (instrument(), old), COSTS, Decimal(100_000))
    await venue.open()
    await venue.advance(replace(step(0, BAR, BAR), legs=(old,)))
    listed = (new,)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        venue._books._open_connection().execute("PRAGMA busy_timeout = 1")
        with pytest.raises(VenueUnavailable):
            await venue.advance(replace(step(1, BAR, BAR), legs=listed))
        other.execute("ROLLBACK")
    await venue.advance(replace(step(1, BAR, BAR), legs=listed))
    await venue.close()
    with closing(sqlite3.connect(path)) as other:
        ((symbols,),) = other.execute("SELECT value FROM settings WHERE name = 'symbols'").fetchall()
    assert json.loads(symbols) == ["BTCUSDT", "BTC2"]


async def test_another_contract_takes_the_place_and_both_are_known_to_whoever_has_the_file(
    tmp_path: Path,
) -> None:
    old, new = dated("BTC1"), dated("BTC2", 9)
    venue = SimulatedVenue(tmp_path / "x.venue", (instrument(), old), COSTS, Decimal(100_000))
    await venue.open()
    for index in range(EXPIRES + 1):
        await venue.advance(replace(step(index, BAR, BAR), legs=(old,)))
    with pytest.raises(Refused, match="not traded"):
        await venue.submit(replace(sell("a", "1", after=EXPIRES), symbol="BTC2"))
    listed = (new,)
    await venue.advance(replace(step(EXPIRES + 1, BAR, BAR), legs=listed))
    await venue.submit(replace(sell("b", "1", after=EXPIRES + 1), symbol="BTC2"))
    await venue.advance(replace(step(EXPIRES + 2, BAR, BAR), legs=listed))
    assert [position.symbol for position in await venue.positions()] == ["BTC2"]
    await venue.close()
    assert [fill.symbol for fill in flatten_offline(tmp_path / "x.venue").fills] == ["BTC2"]


async def test_what_has_expired_is_forgotten_unless_it_is_held(tmp_path: Path) -> None:
    """A contract that is listed no more but has not expired stays known, and so does one that is still held."""
    gone, kept, alive = dated("BTC1", 1), dated("BTC2", 1), dated("BTC3", 9)
    path = tmp_path / "x.venue"
    venue = SimulatedVenue(path, (instrument(), gone, kept, alive), COSTS, Decimal(100_000))
    await venue.open()
    await venue.advance(replace(step(0, *[BAR] * 4), legs=(gone, kept, alive)))
    await venue.advance(replace(step(1, *[BAR] * 4), legs=(gone, kept, alive)))
    await venue.close()
    with closing(sqlite3.connect(path)) as file, file:
        held = Position("BTC2", Decimal(1), Decimal(100))
        file.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", ("BTC2", to_text(held)))
    again = (dated("BTC4", 9), dated("BTC5", 9), dated("BTC6", 9))
    venue = SimulatedVenue(path, (instrument(), gone, kept, alive), COSTS, Decimal(100_000))
    await venue.open()
    await venue.advance(replace(step(2, *[BAR] * 4), legs=again))
    account = venue._books.account
    left = {"BTCUSDT", "BTC2", "BTC3", *(one.symbol for one in again)}
    assert set(account.instruments) == set(account.marks) == left
    await venue.close()
    with closing(sqlite3.connect(path)) as file:
        assert {symbol for (symbol,) in file.execute("SELECT symbol FROM marks")} == left
        ((known,),) = file.execute("SELECT value FROM settings WHERE name = 'instruments'")
    assert {from_text(Instrument, text).symbol for text in json.loads(known)} == left
