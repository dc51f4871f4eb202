"""A symbol that an operator flattens: closed whole, kept out until released, and nothing else is touched."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare
from tests.engine.session_runs import Script, engine, follow, give, rows, run, running

BARS, AT = 40, 12
LONG_AGO = "SELECT decision_ts_ms FROM orders ORDER BY decision_ts_ms LIMIT 1"


def held_symbol(database: Path) -> str:
    """A symbol with a position in a book that has ended."""
    return sorted(Told.of(database).positions)[0]


@pytest.fixture
async def symbol(tmp_path: Path) -> str:
    """What is held after `AT` bars."""
    await run(tmp_path / "before.db", AT)
    return held_symbol(tmp_path / "before.db")


def flatten(symbol: str, **more: str) -> tuple[str, dict[str, str]]:
    return "flatten", {"symbol": symbol, **more}


def given_ms(database: Path) -> int:
    """Market time of the first command."""
    ((ts_ms,),) = rows(database, "SELECT market_ts_ms FROM commands ORDER BY sequence LIMIT 1")
    return int(ts_ms)


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


def purposes(database: Path, symbol: str, since_ms: int) -> set[str]:
    found = rows(
        database,
        "SELECT DISTINCT purpose FROM orders WHERE symbol = ? AND decision_ts_ms >= ?",
        symbol,
        since_ms,
    )
    return {purpose for (purpose,) in found}


async def test_it_is_closed_at_the_next_open_stays_out_and_the_others_trade_on(
    tmp_path: Path, symbol: str
) -> None:
    database = tmp_path / "x.db"
    (answer,) = await follow(database, BARS, {AT: [flatten(symbol)]})
    assert answer.accepted
    assert "at the next open" in answer.message
    since_ms = given_ms(database)
    ((order, reduce_only, status, filled, quantity),) = rows(
        database,
        "SELECT client_order_id, reduce_only, status, filled_quantity, quantity FROM orders "
        "WHERE symbol = ? AND decision_ts_ms >= ? AND purpose != 'stop'",
        symbol,
        since_ms,
    )
    assert (reduce_only, status, filled) == (1, "filled", quantity)
    assert rows(database, "SELECT ts_ms FROM fills WHERE client_order_id = ?", order) == [(since_ms,)]
    assert symbol not in Told.of(database).positions
    assert rows(database, "SELECT 1 FROM orders WHERE purpose = 'open' AND decision_ts_ms > ?", since_ms)
    assert_sound(database)


async def test_until_it_is_released_and_then_it_is_bought_back(tmp_path: Path, symbol: str) -> None:
    database = tmp_path / "x.db"
    answers = await follow(database, BARS, {AT: [flatten(symbol)], AT + 8: [flatten(symbol, on="false")] * 2})
    assert [answer.accepted for answer in answers] == [True, True, True]
    assert "nothing to release" in answers[2].message
    assert symbol in Told.of(database).positions
    ((released_ms,),) = rows(
        database, "SELECT ts_ms FROM override_history WHERE name = 'operator flatten' AND action = 'cleared'"
    )
    first = (
        "SELECT min(decision_ts_ms) FROM orders WHERE symbol = ? AND purpose = 'open' AND decision_ts_ms >= ?"
    )
    assert rows(database, first, symbol, given_ms(database))[0][0] > released_ms
    assert_sound(database)


async def test_what_one_open_cannot_fill_is_asked_again_at_each_next_one(tmp_path: Path, symbol: str) -> None:
    database = tmp_path / "x.db"
    await run(database, AT)
    script: Script = {AT: [flatten(symbol), flatten(symbol)]}
    first, second = await follow(database, BARS - AT, script, venue__volume_share="0.0000004")
    assert "at the next open" in first.message
    assert "is being closed already" in second.message
    orders = rows(
        database,
        "SELECT client_order_id, quantity FROM orders WHERE symbol = ? AND purpose = 'flatten' ORDER BY decision_ts_ms",
        symbol,
    )
    left = [Decimal(quantity) for _, quantity in orders]
    assert len(left) > 2
    assert left == sorted(left, reverse=True)
    assert symbol not in Told.of(database).positions
    assert purposes(database, symbol, given_ms(database)) <= {"flatten", "stop"}
    assert_sound(database)


async def test_entries_of_that_symbol_that_are_at_the_venue_are_withdrawn_first(tmp_path: Path) -> None:
    slow = {"venue__latency_bars": "3"}
    await run(tmp_path / "before.db", AT, **slow)
    working = [o for o in Told.of(tmp_path / "before.db").working.values() if o["purpose"] == "open"]
    symbol, others = (
        working[0]["symbol"],
        {o["client_order_id"] for o in working if o["symbol"] != working[0]["symbol"]},
    )
    database = tmp_path / "x.db"
    (answer,) = await follow(database, AT + 1, {AT: [flatten(symbol)]}, **slow)
    assert answer.accepted
    told = Told.of(database)
    mine = [o for o in told.orders.values() if o["symbol"] == symbol and o["purpose"] == "open"]
    assert mine
    assert {o["status"] for o in mine} <= {"canceled", "filled", "expired"}
    assert not [o for o in told.working.values() if o["symbol"] == symbol and o["purpose"] == "open"]
    assert others <= {name for name, order in told.orders.items() if order["status"] != "canceled"}
    assert_sound(database)


@pytest.mark.parametrize("restriction", ["reduce", "pause"])
async def test_a_restricted_book_can_be_flattened_symbol_by_symbol(
    tmp_path: Path, symbol: str, restriction: str
) -> None:
    database = tmp_path / "x.db"
    answers = await follow(database, AT + 5, {AT: [(restriction, {}), flatten(symbol)]})
    assert [(answer.accepted, answer.state) for answer in answers] == [(True, "REDUCING")] * 2
    assert symbol not in Told.of(database).positions
    assert_sound(database)


async def test_what_is_flat_already_says_so_and_is_kept_out(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    (answer,) = await follow(database, BARS, {0: [flatten("BTCUSDT")]})
    assert (answer.accepted, answer.message.split(";")[0]) == (True, "BTCUSDT is flat already")
    assert rows(database, "SELECT 1 FROM orders WHERE symbol = 'BTCUSDT'") == []
    assert Told.of(database).positions


async def test_a_symbol_nobody_trades_and_a_halted_book_are_refused_in_words(
    tmp_path: Path, symbol: str
) -> None:
    database = tmp_path / "x.db"
    script: Script = {
        AT: [flatten("DOGEUSDT"), flatten(""), ("kill", {"keep_positions": "true"}), flatten(symbol)]
    }
    unknown, nameless, _, halted = await follow(database, AT + 4, script)
    assert (unknown.accepted, nameless.accepted, halted.accepted) == (False, False, False)
    assert "unknown symbol DOGEUSDT: traded here are BTCUSDT" in unknown.message
    assert "trading is HALTED" in halted.message
    assert rows(database, "SELECT name FROM overrides") == [("kill",)]
    assert symbol in Told.of(database).positions
    assert [accepted for (accepted,) in rows(database, "SELECT accepted FROM commands")] == [0, 0, 1, 0]


async def test_a_kill_beats_it_and_closes_what_it_had_asked_for(tmp_path: Path, symbol: str) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT + 3, {AT: [flatten(symbol), ("kill", {})]})
    assert Told.of(database).positions == {}
    asked = rows(
        database,
        "SELECT status FROM orders WHERE symbol = ? AND purpose = 'flatten' ORDER BY length(client_order_id)",
        symbol,
    )
    assert asked == [("canceled",), ("filled",)]
    closed = rows(database, "SELECT max(ts_ms) FROM fills")
    assert closed == [(given_ms(database),)], "a bar was lost"
    assert rows(database, "SELECT progress FROM control") == [("flat",)]
    assert check(database).findings == ()


async def test_resuming_the_book_does_not_buy_it_back(tmp_path: Path, symbol: str) -> None:
    database = tmp_path / "x.db"
    script: Script = {
        AT: [flatten(symbol)],
        AT + 2: [("kill", {})],
        AT + 5: [("resume", {"confirm": "RESUME"})],
    }
    answers = await follow(database, BARS, script)
    assert answers[-1].state == "ACTIVE"
    told = Told.of(database)
    assert told.positions
    assert symbol not in told.positions
    assert rows(database, "SELECT name, scope, ends FROM overrides") == [
        ("operator flatten", symbol, "operator's release")
    ]


async def test_a_restart_keeps_it_flat_and_the_picture_says_so(tmp_path: Path, symbol: str) -> None:
    database = tmp_path / "x.db"
    await follow(database, AT + 4, {AT: [flatten(symbol)]})
    async with running(engine(database, run__speed="1")) as session:
        snapshot = session.snapshot()
        assert snapshot is not None
        (override,) = snapshot.overrides
        assert (override.name, override.scope, override.actor) == (
            "operator flatten",
            symbol,
            "operator@test",
        )
        (row,) = [row for row in snapshot.signals if row.symbol == symbol]
        assert (row.action, row.why_blocked) == ("BLOCKED", "operator flatten: told to")
        assert (await give(session, "flatten", symbol=symbol, on="false")).accepted
    await run(database, BARS - AT - 4)
    assert symbol in Told.of(database).positions
    assert_sound(database)


async def test_while_it_waits_for_the_open_the_picture_shows_it_going(tmp_path: Path, symbol: str) -> None:
    async with running(engine(tmp_path / "before.db", run__speed="1")) as session:
        assert (await give(session, "flatten", symbol=symbol)).accepted
        snapshot = session.snapshot()
    assert snapshot is not None
    (position,) = [row for row in snapshot.positions if row.symbol == symbol]
    assert (position.flattening, position.locked) == (True, True)
    (row,) = [row for row in snapshot.signals if row.symbol == symbol]
    assert row.action == {"L": "SELL", "S": "BUY"}[position.side]
    assert {(order.purpose, order.status) for order in snapshot.orders if order.symbol == symbol} >= {
        ("flatten", "accepted"),
        ("stop", "accepted"),
    }
    assert (snapshot.engine_pid, snapshot.database) == (os.getpid(), str(tmp_path / "before.db"))


async def test_the_same_commands_at_the_same_bars_are_the_same_run(tmp_path: Path, symbol: str) -> None:
    script: Script = {AT: [flatten(symbol)], AT + 9: [flatten(symbol, on="false")]}
    for name in ("one", "two"):
        await follow(tmp_path / f"{name}.db", BARS, script)
    await follow(tmp_path / "parts.db", AT, script)
    await follow(tmp_path / "parts.db", BARS - AT, script)
    await run(tmp_path / "alone.db", BARS)
    found = {name: digest(tmp_path / f"{name}.db") for name in ("one", "two", "parts", "alone")}
    assert found["one"] == found["two"] == found["parts"] != found["alone"]


async def test_it_is_audited_with_what_was_held(tmp_path: Path, symbol: str) -> None:
    await follow(tmp_path / "x.db", AT + 1, {AT: [flatten(symbol)]})
    kinds = [
        kind for (kind,) in rows(tmp_path / "x.db", "SELECT kind FROM audit WHERE actor = 'operator@test'")
    ]
    assert kinds == ["override set", "flatten", "command"]
