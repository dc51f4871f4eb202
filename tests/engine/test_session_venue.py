"""Hands other than ours on the account: what the ledger cannot explain is locked, a second engine is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.config import load_config
from engine.feeds.choose import open_feed
from engine.intents import client_order_id
from engine.reconcile import SecondEngine
from engine.session import Session
from engine.venues import books
from engine.venues.choose import venue_path
from engine.venues.simulated import SimulatedVenue
from store.check import check
from store.records import Order, OrderPurpose, OrderStatus, OrderType, Side
from tests.crash.books import compare
from tests.engine.session_runs import SMALL, bars_pass, engine, rows, run, running

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

COIN = "BTCUSDT"
BY_HAND = Decimal("0.5")


def venue_of(session: Session) -> Any:
    """The simulated venue inside a running engine."""
    assert session._machine is not None
    return session._machine.venue


def locked(session: Session) -> set[str]:
    """Symbols under a lock of their own."""
    assert session._machine is not None
    return {override.scope for override in session._machine.oversight.overrides if override.scope}


async def test_a_position_moved_by_hand_locks_its_instrument_alone_until_the_books_agree(
    tmp_path: Path,
) -> None:
    database = tmp_path / "hand.db"
    async with running(engine(database, run__speed="360000")) as session:
        await bars_pass(session, 10)
        await venue_of(session).move_position_by_hand(COIN, BY_HAND, Decimal(60_000))
        await bars_pass(session, 3)
        assert locked(session) == {COIN}
        ((since_ms,),) = rows(database, "SELECT max(ts_ms) FROM decisions")
        await bars_pass(session, 25)
        await venue_of(session).move_position_by_hand(COIN, -BY_HAND, Decimal(60_000))
        await bars_pass(session, 3)
        assert locked(session) == set()
        ((until_ms,),) = rows(database, "SELECT max(ts_ms) FROM decisions")
    traded = rows(
        database,
        "SELECT DISTINCT symbol FROM orders WHERE decision_ts_ms > ? AND decision_ts_ms < ? AND purpose = 'open'",
        since_ms,
        until_ms - 4 * 3_600_000,
    )
    assert traded
    assert (COIN,) not in traded
    assert check(database).findings == ()


async def test_an_order_of_a_second_engine_is_refused_at_start(tmp_path: Path) -> None:
    database = tmp_path / "second.db"
    await run(database, 5)
    configuration = load_config(None, {}, SMALL, {})
    instruments = open_feed(configuration).instruments
    venue = SimulatedVenue(venue_path(database), instruments, configuration.venue, Decimal(0))
    await venue.open()
    foreign = Order(
        client_order_id=client_order_id(1_700_000_000_000, COIN, OrderPurpose.OPEN),
        symbol=COIN,
        side=Side.BUY,
        type=OrderType.LIMIT,
        purpose=OrderPurpose.OPEN,
        quantity=Decimal("0.01"),
        price=Decimal(30_000),
        decision_ts_ms=1_700_000_000_000,
    )
    await venue.submit(foreign)
    await venue.close()
    with pytest.raises(SecondEngine, match=rf"{foreign.client_order_id}.*second engine"):
        await run(database, 5)
    assert rows(database, "SELECT count(*) FROM decisions") == [(5,)]


DEAF = {
    "venue__faults__event_dropped": ".3",
    "venue__faults__order_query_fails": ".4",
    "venue__faults__order_query_misses": ".4",
    "venue__faults__order_missing_from_open_list": ".2",
}


class LockedOut(Session):
    """Another program holds the venue's file while the first orders leave, until their bar is over."""

    unknown: tuple[Order, ...] = ()

    async def _send(self, machine: Machine, intents: tuple[Order, ...], close_ms: int) -> None:
        if self.unknown or not intents:
            await super()._send(machine, intents, close_ms)
            return
        with closing(sqlite3.connect(venue_path(self.database_path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await super()._send(machine, intents, close_ms)
        self.unknown = tuple(machine.execution.orders[order.client_order_id] for order in intents)


async def test_a_venue_file_that_is_held_by_another_program_does_not_hold_the_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LOCK_TIMEOUT_S", 0.05)
    database = tmp_path / "x.db"
    session = LockedOut(engine(database, run__bars="10").configuration, database)
    await session.run()
    assert {(order.status, order.attempt) for order in session.unknown} == {(OrderStatus.UNRESOLVED, 0)}
    became = dict(rows(database, "SELECT client_order_id, status FROM orders"))
    for order in session.unknown:
        late = {"expired"} if order.purpose is OrderPurpose.OPEN else {"expired", "accepted"}
        assert became[order.client_order_id] in late
    assert check(database).findings == ()
    assert compare(database) == []
    assert rows(database, "SELECT count(*) > 0 FROM fills") == [(1,)]


class Compared(Session):
    """Holds what it believes to be working at the venue against the venue's own books, before every bar. An order that
    was filled is waited for until its fill is here."""

    compared = 0

    async def _pace(self, machine: Machine, row: Row) -> bool:
        books = venue_of(self).inner._books
        ours = {order.client_order_id for order in machine.execution.open_orders()}
        ended = [books.order(name).status for name in ours - books.account.orders.keys()]
        assert set(ended) <= {OrderStatus.FILLED}
        assert books.account.orders.keys() <= ours
        self.compared += len(ours)
        return await super()._pace(machine, row)


@pytest.mark.parametrize("seed", range(1, 4))
async def test_no_order_is_believed_open_whose_end_was_not_heard(tmp_path: Path, seed: int) -> None:
    """An exit that has ended unheard would keep the next position without one."""
    flags = DEAF | {"risk__trail_atr": "1", "run__bars": "100", "venue__fault_seed": str(seed)}
    session = Compared(engine(tmp_path / "x.db", **flags).configuration, tmp_path / "x.db")
    await session.run()
    assert session.compared > 500
