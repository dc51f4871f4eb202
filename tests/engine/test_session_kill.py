"""The kill switch on a running engine: how soon HALTED is durable, how soon the venue says flat."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from benchmarks.kill_latency import measure, percentile
from engine import control
from tests.crash.books import Told
from tests.engine.session_runs import bars_pass, engine, give, rows, running

LATCH_BUDGET_MS = 100.0
FLAT_BUDGET_S = 2.0


@pytest.mark.benchmark
async def test_the_latch_is_committed_within_its_budget_under_full_load(tmp_path: Path) -> None:
    found = await measure(100, tmp_path)
    assert percentile(found.latched_ms, 0.99) <= LATCH_BUDGET_MS


async def test_a_kill_hurries_a_slow_market_and_is_flat_at_once(tmp_path: Path) -> None:
    database = tmp_path / "slow.db"
    async with running(engine(database)) as session:
        await bars_pass(session, 10)
    assert Told.of(database).positions
    async with running(engine(database, run__speed="1")) as session:
        pressed_s = time.monotonic()
        assert (await give(session, "kill")).accepted
        assert rows(database, "SELECT state FROM control") == [("HALTED",)]
        async with asyncio.timeout(60):
            while rows(database, "SELECT progress FROM control") != [("flat",)]:
                await bars_pass(session, 1)
        assert time.monotonic() - pressed_s <= FLAT_BUDGET_S
        assert Told.of(database).positions == {}
        snapshot = session.snapshot()
        assert snapshot is not None
        assert snapshot.state == "HALTED"


async def test_commands_before_the_engine_is_up_are_answered(tmp_path: Path) -> None:
    answer = await give(engine(tmp_path / "never.db"), "kill")
    assert (answer.accepted, answer.state) == (False, "STARTING")


async def test_a_second_kill_is_told_of_the_first_and_may_only_go_further(tmp_path: Path) -> None:
    database = tmp_path / "twice.db"
    async with running(engine(database)) as session:
        await bars_pass(session, 10)
        assert (await give(session, "kill", keep_positions="true")).message == "HALTED; cancelling"
        await bars_pass(session, 3)
        assert Told.of(database).positions
        assert (await give(session, "kill", keep_positions="true")).message.startswith("already HALTED")
        assert (await give(session, "kill")).message == "HALTED; cancelling and flattening"
        await bars_pass(session, 5)
        assert Told.of(database).positions == {}
    assert rows(database, "SELECT state, progress FROM control") == [("HALTED", "flat")]


async def test_while_a_bar_hangs_a_kill_works_and_the_rest_is_refused_soon_and_never_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "BAR_ENDS_WITHIN_S", 0.05)
    database = tmp_path / "hangs.db"
    async with running(engine(database, run__speed="3600")) as session:
        await bars_pass(session, 3)
        assert session._machine is not None
        async with session._machine.books:
            for kind, arguments in (
                ("pause", {}),
                ("flatten", {"symbol": "BTCUSDT"}),
                ("weight", {"name": "A1"}),
            ):
                answer = await give(session, kind, **arguments)
                assert (answer.accepted, answer.state) == (False, "ACTIVE")
                assert "nothing was changed" in answer.message
            assert (await give(session, "kill", keep_positions="true")).state == "HALTED"
        await bars_pass(session, 2)
    assert [name for (name,) in rows(database, "SELECT name FROM overrides")] == ["kill"]
    assert rows(database, "SELECT kind, accepted FROM commands") == [
        ("pause", 0),
        ("flatten", 0),
        ("weight", 0),
        ("kill", 1),
    ]
