"""Old telemetry leaves the database of a running engine, beside its bars."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from store import query
from store.check import check
from tests.engine.session_runs import engine, run, running

DAY_MS = 86_400_000
DAYS = 5


@pytest.mark.timeout(120)
async def test_an_engine_thins_what_is_old_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await run(path, 24 * DAYS)
    newest = query.decision(path)
    assert newest is not None
    wanted_ms = (newest["ts"] // DAY_MS - 2) * DAY_MS
    keep = {"store__retention__decision_days": "2", "store__retention__event_days": "2"}
    async with running(engine(path, run__speed="3600", **keep)), asyncio.timeout(60):
        report = await asyncio.to_thread(check, path)
        while report.thinned_until_ms.get("events", 0) < wanted_ms:
            report = await asyncio.to_thread(check, path)
    assert report.thinned_until_ms["decisions"] >= wanted_ms
    assert check(path).sound
    ordered = {order["decision_ts_ms"] for order in query.orders(path)}
    early = query.decision(path, at_ms=wanted_ms)
    assert early is None or early["ts"] in ordered
    assert all(event["ts_ms"] > wanted_ms for event in query.events(path))
