"""A run that ends with something to close closes it: a kill under way, a stop policy whose first answer is lost."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import killing as killing_module
from engine.dealings import resolve
from engine.kill import KillProgress, KillState
from engine.session import Session
from engine.venues import books
from engine.venues.choose import venue_path
from store.check import check
from store.latch import latch_halt
from tests.crash.books import Told, compare
from tests.engine.daily_files import DAYS, day, write_market
from tests.engine.session_runs import engine, give, rows, run, running

if TYPE_CHECKING:
    from engine.machine import Machine

BARS = 12
FLAT = [("HALTED", "flat")]
LATE_CANCELS = {
    "venue__faults__fill_after_cancel": "1",
    "venue__volume_share": "0.0000001",
}


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


def assert_killed(database: Path) -> None:
    """Flat by the venue's own word. Its close-out bears the time of the order it replaces, so two may share one."""
    assert rows(database, "SELECT state, progress FROM control") == FLAT
    told = Told.of(database)
    assert (told.positions, told.working) == ({}, {})
    assert check(database).findings == ()
    assert [line for line in compare(database) if "orders flatten on" not in line] == []


def at_bar(session: Session, bar: int, act: str, *arguments: str) -> None:
    """`kill` from this process, `latch` from outside, or `stop` by a policy, while bar `bar` of this run is decided."""
    passed = 0
    asked: list[asyncio.Task[object]] = []

    def hear(loop: str) -> None:
        nonlocal passed
        passed += loop == "bars"
        if loop != "bars" or passed != bar:
            return
        if act == "stop":
            session.request_stop(arguments[0], "test", "enough")
        elif act == "latch":
            latch_halt(session.database_path, "outside", "test", keep_positions=False)
        else:
            asked.append(asyncio.ensure_future(give(session, "kill")))

    session.add_beat_listener(hear)


@pytest.mark.parametrize(
    ("act", "bar"),
    [
        ("kill", BARS - 1),
        ("kill", BARS),
        ("latch", BARS - 1),
        ("latch", BARS),
    ],
)
async def test_a_kill_right_before_the_last_bar_ends_flat(tmp_path: Path, act: str, bar: int) -> None:
    database = tmp_path / "x.db"
    session = engine(database, run__bars=str(BARS), run__speed="360000")
    at_bar(session, bar, act)
    await session.run()
    assert rows(database, "SELECT 1 FROM fills WHERE reduce_only = 0 LIMIT 1")
    assert_killed(database)


@pytest.mark.parametrize("act", ["kill", "latch"])
@pytest.mark.parametrize("gone_days", [0, 7], ids=["all end together", "one ended earlier"])
async def test_a_kill_at_the_end_of_the_data_ends_flat(tmp_path: Path, act: str, gone_days: int) -> None:
    (folder := tmp_path / "market").mkdir()
    data = write_market(folder, {"BTCUSDT": DAYS, "ETHUSDT": DAYS, "SOLUSDT": DAYS - gone_days})
    session = engine(
        tmp_path / "x.db",
        run__mode="replay",
        run__data=data,
        run__symbols="",
        run__timerange=day(DAYS - 16),
        run__speed="1000000",
    )
    at_bar(session, 15, act)
    assert (await session.run()).reason == "market ended"
    assert_killed(tmp_path / "x.db")


class KilledAtTheEnd(Session):
    """Killed when its last bar is decided, and wound down when the kill, which nobody helps, has come to its end."""

    async def _wind_down(self, machine: Machine, ended: str) -> None:
        await give(self, "kill")
        await machine.kill.until_flat(self._killing._stands_still, machine.close_out)
        await super()._wind_down(machine, ended)


async def test_what_a_kill_has_closed_by_the_end_of_a_run_is_booked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killing_module, "STANDS_STILL_S", 0.1)
    database = tmp_path / "x.db"
    await KilledAtTheEnd(engine(database, run__bars=str(BARS)).configuration, database).run()
    assert_killed(database)


async def test_a_kill_closes_what_has_no_market_any_more_at_its_last_price(tmp_path: Path) -> None:
    (folder := tmp_path / "market").mkdir()
    data = write_market(folder, {"BTCUSDT": DAYS, "ETHUSDT": DAYS, "SOLUSDT": DAYS - 20})
    database = tmp_path / "x.db"
    market = {"run__mode": "replay", "run__data": data, "run__symbols": "", "run__timerange": day(DAYS - 40)}
    await run(database, 30, **market)
    assert "SOLUSDT" in Told.of(database).positions
    latch_halt(database, "outside", "test", keep_positions=False)
    await run(database, 4, **market)
    assert_killed(database)


async def test_a_stop_in_the_middle_of_a_flattening_ends_flat(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, BARS)
    assert Told.of(database).positions
    session = engine(database, run__speed="1")
    work = asyncio.create_task(session.run())
    await session.ready.wait()
    await give(session, "kill")
    session.request_stop("keep", "test", "enough")
    await work
    assert_killed(database)


@pytest.mark.parametrize("policy", ["cancel", "flatten"])
@pytest.mark.parametrize("seed", ["2", "3"])
async def test_a_stop_policy_is_carried_out_though_answers_are_lost(
    tmp_path: Path, policy: str, seed: str
) -> None:
    database = tmp_path / "x.db"
    session = engine(database, venue__faults__cancel_lost_before=".7", venue__fault_seed=seed)
    at_bar(session, 10, "stop", policy)
    await session.run()
    told = Told.of(database)
    assert {order["purpose"] for order in told.working.values()} <= (
        {"stop"} if policy == "cancel" else set()
    )
    assert bool(told.positions) == (policy == "cancel")
    assert_sound(database)


async def test_a_flatten_stop_leaves_no_round_trip_open(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    session = engine(database)
    at_bar(session, 20, "stop", "flatten")
    await session.run()
    assert Told.of(database).positions == {}
    assert guards(database)["trips"] == []
    await run(database, 10)
    held = {symbol for symbol, quantity in Told.of(database).positions.items() if quantity}
    assert {trip["symbol"] for trip in guards(database)["trips"]} == held
    assert_sound(database)


async def test_a_fill_that_comes_after_a_cancel_and_a_restart_is_its_orders(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    for _ in range(6):
        session = engine(database, **LATE_CANCELS)
        at_bar(session, 5, "stop", "cancel")
        await session.run()
    filled = rows(database, "SELECT client_order_id, filled_quantity FROM orders WHERE status = 'canceled'")
    booked = {name: Decimal(0) for name, _ in filled}
    for name, quantity in rows(database, "SELECT client_order_id, quantity FROM fills"):
        if name in booked:
            booked[name] += Decimal(quantity)
    assert {name: Decimal(quantity) for name, quantity in filled} == booked
    assert any(booked.values())
    assert_sound(database)


async def test_a_stop_of_a_halted_book_is_written_down_though_the_venue_cannot_be_read(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    await run(database, BARS)
    latch_halt(database, "outside", "test", keep_positions=False)
    await run(database, 4)
    assert_killed(database)
    async with running(engine(database, run__speed="1")):
        with closing(sqlite3.connect(venue_path(database))) as other:
            other.execute("ALTER TABLE events RENAME TO gone")
    assert rows(database, "SELECT actor FROM audit WHERE kind = 'stop'")[-1] == ("test",)


async def test_a_lock_that_a_kill_met_delays_no_question_about_what_it_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LOCK_TIMEOUT_S", 0.05)
    database = tmp_path / "x.db"
    await run(database, BARS)
    async with running(engine(database, run__speed="1")) as session:
        machine = session._machine
        assert machine is not None
        now_ms = machine.clock.now_ms()
        begun = KillState(KillProgress.FLATTENING, False, "test", "enough", 0, now_ms)
        await machine.journal.commit_apart(lambda: machine.kill.latch(begun))
        with closing(sqlite3.connect(venue_path(database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await machine.kill.carry_out(now_ms)
        assert machine.execution.in_flight
        assert await resolve(machine, now_ms)
        assert not machine.execution.in_flight
    assert_killed(database)


def guards(database: Path) -> dict[str, list[dict[str, str]]]:
    """The stored memory of the guards."""
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    found: dict[str, list[dict[str, str]]] = json.loads(book)["guards"]
    return found
