"""What happens between the last bar of one engine and the first of the next: positions that are kept keep their exits,
a kill reaches the engine by any path, fills stay booked, and what no guard has seen yet is not forgotten."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from console import command_kill
from console.command_target import find_target
from engine.intents import flatten_order
from engine.ledger import REMEMBERED_IDS, FillEffect
from store.check import check
from store.errors import Locked
from store.records import Fill, Side
from tests.crash.books import Told, compare
from tests.engine.session_runs import engine, give, rows, run, running

BARS = 12
STANDING = {"run__speed": "1"}
"""A market that does not move while a test looks."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book whose engine is gone, with positions and their stops."""
    database = tmp_path_factory.mktemp("ended") / "x.db"
    asyncio.run(run(database, BARS))
    return database


@pytest.fixture
def database(ended: Path, tmp_path: Path) -> Path:
    shutil.copytree(ended.parent, tmp_path, dirs_exist_ok=True)
    assert unguarded(tmp_path / ended.name) == set()
    return tmp_path / ended.name


def unguarded(database: Path) -> set[str]:
    """Symbols that the venue holds without a stop."""
    told = Told.of(database)
    assert told.positions
    stops = {order["symbol"] for order in told.working.values() if order["purpose"] == "stop"}
    return set(told.positions) - stops


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


def cooling(database: Path) -> set[str]:
    """Symbols that may not be entered again on the side they were on."""
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    return {cooldown["symbol"] for cooldown in json.loads(book)["guards"]["cooldowns"]}


async def test_kept_positions_keep_their_stops_through_a_flatten_stop_and_get_back_one_that_was_cancelled(
    database: Path,
) -> None:
    held = Told.of(database).positions
    stop, *_ = (o for o in Told.of(database).working.values() if o["purpose"] == "stop")
    async with running(engine(database, **STANDING)) as session:
        assert (await give(session, "cancel", order=stop["client_order_id"])).accepted
        assert (await give(session, "kill", keep_positions="true")).accepted
        session.request_stop("flatten", "test", "terminal lost")
    assert Told.of(database).positions == held
    assert unguarded(database) == {stop["symbol"]}
    await run(database, 1)
    assert unguarded(database) == set()
    assert rows(database, "SELECT state, progress FROM control") == [("HALTED", "kept")]
    async with running(engine(database, **STANDING)) as session:
        snapshot, told = session.snapshot(), Told.of(database)
        assert snapshot is not None
        assert snapshot.kill is not None
        assert snapshot.kill.open_positions == len(told.positions)
        assert snapshot.kill.open_orders == len(told.working)
    assert_sound(database)


async def test_a_database_has_one_engine_whatever_link_leads_to_it(database: Path) -> None:
    link = database.parent / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    assert find_target(link, None) == find_target(database, None)
    async with running(engine(database, **STANDING)):
        with pytest.raises(Locked):
            await run(link, 1)
    assert [path.name for path in link.parent.iterdir()] == [link.name]


async def test_a_kill_by_a_link_past_a_dead_engine_is_flat_and_no_protective_exit(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = database.parent / "link.db"
    link.symlink_to(database)
    held = Told.of(database).positions
    assert command_kill.kill(find_target(link, None), False, "drill", 1.0, as_json=False) == 0
    assert f"{len(held)} positions closed" in capsys.readouterr().out
    assert Told.of(database).positions == {}
    await run(database, 1)
    assert cooling(database) == set()
    assert_sound(database)


async def test_what_no_guard_has_seen_outlives_a_stop(database: Path) -> None:
    stopped, liquidated, closed_out = list(Told.of(database).positions)[:3]
    ids = {stopped: "qd1x{}S", liquidated: "liq1{}", closed_out: "out1{}"}
    async with running(engine(database, **STANDING)) as session:
        machine = session._machine
        assert machine is not None
        now_ms = machine.clock.now_ms()
        for symbol, name in ids.items():
            position, liquidation = machine.ledger.position(symbol), name.startswith("liq")
            fill = Fill(
                name, name.format(symbol), symbol, Side.SELL, Decimal(1), Decimal(1), Decimal(0), False, now_ms,
                reduce_only=True, liquidation=liquidation,
            )  # fmt: skip
            machine.oversight.filled(fill, FillEffect(position, position, Decimal(0)))
        for _ in range(machine.configuration.risk.guards.rejects_per_minute + 1):
            machine.oversight.rejected(flatten_order(stopped, now_ms, Decimal(1), {}))
    await run(database, 1)
    assert cooling(database) == {stopped, liquidated}
    assert ("order_rejects",) in rows(database, "SELECT name FROM overrides")


async def test_fills_are_known_after_more_funding_than_is_remembered(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer, writer:
        ((newest,),) = writer.execute("SELECT coalesce(max(sequence), 0) FROM funding").fetchall()
        writer.executemany(
            "INSERT INTO funding SELECT ?, ?, symbol, '1', '1', '0', '0', min(ts_ms) - ? FROM fills",
            ((newest + n, f"old {n}", REMEMBERED_IDS + 2 - n) for n in range(1, REMEMBERED_IDS + 2)),
        )
    fills = [name for (name,) in rows(database, "SELECT fill_id FROM fills")]
    async with running(engine(database, **STANDING)) as session:
        assert session._machine is not None
        ledger = session._machine.ledger
        assert [name for name in fills if not ledger.knows(name)] == []
        assert not ledger.knows("old 1")
