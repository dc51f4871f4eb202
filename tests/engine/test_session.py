"""A whole engine, day by day: the same decisions at any speed and under any number of eyes, and stops by policy."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.commands import Command, CommandKind
from engine.session import Session
from store.check import check
from store.digest import digest
from tests.crash.books import Told, compare
from tests.engine.session_runs import bars_pass, engine, give, rows, run, running

BARS = 40
DRAW_BUDGET_MS = 5.0


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


async def test_speed_changes_no_decision(tmp_path: Path) -> None:
    for speed in ("max", "100000", "360000"):
        await run(tmp_path / f"{speed}.db", BARS, run__speed=speed)
    assert len({digest(path) for path in tmp_path.glob("*.db")}) == 1


async def test_listeners_and_pictures_change_no_decision(tmp_path: Path) -> None:
    await run(tmp_path / "alone.db", BARS)
    heard: list[object] = []
    pictures: list[object] = []
    session = engine(tmp_path / "watched.db", run__bars=str(BARS))
    session.add_listener(heard.append)
    session.add_beat_listener(lambda loop: pictures.append(session.snapshot()))
    await session.run()
    assert heard
    assert len(pictures) >= BARS
    assert digest(tmp_path / "watched.db") == digest(tmp_path / "alone.db")


async def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path) -> None:
    whole = await run(tmp_path / "whole.db", BARS)
    for part in (1, 7, 12, BARS - 20):
        last = await run(tmp_path / "parts.db", part)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "whole.db")
    assert (last.decisions, last.fills, last.equity) == (whole.decisions, whole.fills, whole.equity)
    assert_sound(tmp_path / "parts.db")


async def test_the_picture_is_plain_data_and_soon_drawn(tmp_path: Path) -> None:
    async with running(engine(tmp_path / "x.db", run__speed="360000")) as session:
        await bars_pass(session, 5)
        spent_ms = []
        for _ in range(50):
            began_s = time.perf_counter()
            snapshot = session.snapshot()
            spent_ms.append((time.perf_counter() - began_s) * 1e3)
        assert snapshot is not None
        assert json.loads(json.dumps(asdict(snapshot)))["state"] == "ACTIVE"
        assert sorted(spent_ms)[len(spent_ms) // 2] < DRAW_BUDGET_MS


@pytest.mark.parametrize(
    "flags",
    [
        {"execution__order_type": "limit"},
        {"run__bar": "15m", "sim__history_days": "430"},
        {"risk__profile": "aggressive"},
        {"risk__allow_short": "false"},
        {"venue__latency_bars": "1"},
        {"venue__volume_share": "0.0000001"},
    ],
    ids=lambda flags: ",".join(f"{key}={value}" for key, value in flags.items()),
)
async def test_every_way_to_trade_reconciles_and_repeats(tmp_path: Path, flags: dict[str, str]) -> None:
    await run(tmp_path / "once.db", BARS, **flags)
    await run(tmp_path / "again.db", BARS // 2, **flags)
    await run(tmp_path / "again.db", BARS - BARS // 2, **flags)
    assert Told.of(tmp_path / "once.db").orders
    assert_sound(tmp_path / "once.db")
    assert digest(tmp_path / "once.db") == digest(tmp_path / "again.db")
    if flags.get("risk__allow_short"):
        assert all(quantity > 0 for quantity in Told.of(tmp_path / "once.db").positions.values())


async def test_a_market_that_ends_ends_the_run_with_a_summary(tmp_path: Path, data_folder: Path) -> None:
    files = str(data_folder / "ohlcv_binance_[BE]T*_1h_2021-2023.parquet")
    session = engine(
        tmp_path / "replay.db",
        run__mode="replay",
        run__data=files,
        run__symbols="",
        run__timerange="20220701-20220703",
    )
    summary = await session.run()
    assert (summary.reason, summary.state, summary.bars) == ("market ended", "ACTIVE", 72)
    assert summary.decisions == summary.bars
    assert_sound(tmp_path / "replay.db")


@pytest.mark.parametrize("command", ["pause", "reduce"])
async def test_a_restricted_book_never_gains_exposure(tmp_path: Path, command: str) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, run__speed="360000")) as session:
        await bars_pass(session, 8)
        assert (await give(session, command)).state == "REDUCING"
        ((since_ms,),) = rows(database, "SELECT max(market_ts_ms) FROM commands")
        await bars_pass(session, 25)
        assert (await give(session, command, on="false")).state == "ACTIVE"
        ((until_ms,),) = rows(database, "SELECT max(market_ts_ms) FROM commands")
        await bars_pass(session, 10)
    between = rows(
        database,
        "SELECT reduce_only, status FROM orders WHERE decision_ts_ms > ? AND decision_ts_ms <= ?",
        since_ms,
        until_ms,
    )
    assert between
    assert all(reduce_only for reduce_only, _ in between)
    assert rows(database, "SELECT 1 FROM orders WHERE purpose = 'open' AND decision_ts_ms > ?", until_ms)
    assert_sound(database)


async def pause(session: Session, actor: str, reason: str, **arguments: str) -> tuple[str, list[str]]:
    """The state after one pause command, and whose pauses are in force."""
    answer = await session.execute(Command(CommandKind.PAUSE, actor, reason, arguments))
    snapshot = session.snapshot()
    assert snapshot is not None
    return answer.state, [f"{row.actor}: {row.reason}" for row in snapshot.overrides]


async def test_a_passing_hold_changes_no_pause_that_was_asked_for_on_purpose(tmp_path: Path) -> None:
    begin, end = {"on": "true", "hold": "armed"}, {"on": "false", "hold": "armed"}
    async with running(engine(tmp_path / "x.db", run__speed="1")) as session:
        assert await pause(session, "ann", "armed", **begin) == ("REDUCING", ["ann: armed"])
        assert await pause(session, "bob", "armed", **begin) == ("REDUCING", ["bob: armed"])
        assert await pause(session, "ann", "disarmed", **end) == ("REDUCING", ["bob: armed"])
        assert await pause(session, "cli", "maintenance") == ("REDUCING", ["cli: maintenance"])
        assert await pause(session, "bob", "disarmed", **end) == ("REDUCING", ["cli: maintenance"])
        assert await pause(session, "ann", "armed", **begin) == ("REDUCING", ["cli: maintenance"])
        assert await pause(session, "ann", "resumed", on="false") == ("ACTIVE", [])
        assert await pause(session, "ann", "armed", **begin) == ("REDUCING", ["ann: armed"])
        assert await pause(session, "server", "gone", **end, whose="ann") == ("ACTIVE", [])


async def stopped(session: Session, policy: str) -> None:
    """Ten bars, then a stop by `policy`."""
    work = asyncio.create_task(session.run())
    await session.ready.wait()
    await bars_pass(session, 10)
    session.request_stop(policy, "test", "enough")
    await work


async def test_stop_policies(tmp_path: Path) -> None:
    for policy in ("keep", "cancel", "flatten"):
        await stopped(engine(tmp_path / f"{policy}.db"), policy)
    kept, cancelled, flat = (Told.of(tmp_path / f"{p}.db") for p in ("keep", "cancel", "flatten"))
    assert kept.positions
    assert cancelled.positions
    assert {order["purpose"] for order in cancelled.working.values()} == {"stop"}
    assert (flat.positions, flat.working) == ({}, {})
    for policy in ("keep", "cancel", "flatten"):
        assert_sound(tmp_path / f"{policy}.db")
        await run(tmp_path / f"{policy}.db", 5)
        assert_sound(tmp_path / f"{policy}.db")


async def test_a_drawdown_halts_flattens_and_stays_until_resumed_from_a_new_high_water_mark(
    tmp_path: Path,
) -> None:
    database, limits = tmp_path / "x.db", {"risk__dd_start": ".002", "risk__dd_halt": ".004"}
    summary = await run(database, 60, **limits)
    assert summary.state == "HALTED"
    assert Told.of(database).positions == {}
    ((halted_ms, fills),) = rows(database, "SELECT (SELECT max(ts_ms) FROM fills), count(*) FROM fills")
    assert halted_ms < summary.last_ts_ms
    assert (await run(database, 5, **limits)).fills == fills
    async with running(engine(database, run__speed="3600", **limits)) as session:
        assert not (await give(session, "resume", confirm="yes")).accepted
        assert (await give(session, "resume", confirm="RESUME")).state == "ACTIVE"
        ((equity, high),) = rows(
            database, "SELECT equity, high_water_mark FROM equity ORDER BY ts_ms DESC LIMIT 1"
        )
        assert equity == high
    assert_sound(database)
