"""Hands other than ours on the account: what the ledger cannot explain is locked, a second engine is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.config import load_config
from engine.feeds.choose import open_feed
from engine.intents import client_order_id
from engine.reconcile import SecondEngine
from engine.session import Session
from engine.venues.choose import venue_path
from engine.venues.simulated import SimulatedVenue
from store.check import check
from store.records import Order, OrderPurpose, OrderType, Side
from tests.engine.session_runs import SMALL, bars_pass, engine, rows, run, running

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
