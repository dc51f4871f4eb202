"""What a running engine never exceeds: a symbol's cap while orders work, a cap on funding, a market that is gone."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.engine.daily_files import DAYS, close_of_day, day, write_market
from tests.engine.session_runs import engine, rows, run

CAP = 0.10
BAND_AND_DRIFT = 0.015
GONE_DAYS = 12


def largest_share(database: Path) -> float:
    """The largest position ever held of any symbol, x equity at the time it last grew or shrank."""
    equity = {ts_ms: float(value) for ts_ms, value in rows(database, "SELECT ts_ms, equity FROM equity")}
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    largest, known = 0.0, next(iter(equity.values()))
    for ts_ms, symbol, side, price, quantity in rows(
        database, "SELECT ts_ms, symbol, side, price, quantity FROM fills ORDER BY sequence"
    ):
        known = equity.get(ts_ms, known)
        held[symbol] += Decimal(quantity) if side == "buy" else -Decimal(quantity)
        largest = max(largest, abs(float(held[symbol] * Decimal(price))) / known)
    return largest


@pytest.mark.parametrize("latency_bars", ["0", "1", "3"])
async def test_orders_under_way_count_against_the_cap_of_a_symbol(tmp_path: Path, latency_bars: str) -> None:
    await run(tmp_path / "x.db", 80, venue__latency_bars=latency_bars, risk__max_symbol=str(CAP))
    assert CAP / 2 < largest_share(tmp_path / "x.db") <= CAP + BAND_AND_DRIFT


async def test_a_settlement_far_beyond_its_cap_lets_exposure_only_fall(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, 30, instruments__BTCUSDT__funding_cap_rate="0.000000001")
    ((state, causes),) = rows(database, "SELECT state, causes FROM risk_states LIMIT 1")
    assert state == "REDUCING"
    assert "funding of BTCUSDT beyond 3 x its cap" in causes


async def test_a_market_that_has_ended_is_sent_no_orders(tmp_path: Path) -> None:
    (folder := tmp_path / "market").mkdir()
    data = write_market(folder, {"BTCUSDT": DAYS, "ETHUSDT": DAYS, "SOLUSDT": DAYS - GONE_DAYS})
    database = tmp_path / "x.db"
    session = engine(
        database,
        run__mode="replay",
        run__data=data,
        run__symbols="",
        run__timerange=day(DAYS - GONE_DAYS - 18),
    )
    summary = await session.run()
    assert (summary.reason, summary.bars) == ("market ended", GONE_DAYS + 18)
    last_close_ms = close_of_day(DAYS - GONE_DAYS - 1)
    late = "SELECT count(*) FROM orders WHERE symbol = ? AND decision_ts_ms > ?"
    assert rows(database, "SELECT quantity FROM positions WHERE symbol = 'SOLUSDT'") != [("0",)]
    assert rows(database, late, "SOLUSDT", last_close_ms) == [(0,)]
    assert rows(database, late, "BTCUSDT", last_close_ms) != [(0,)]


async def test_an_order_that_has_not_left_is_denied_and_not_cancelled_at_the_venue(tmp_path: Path) -> None:
    """Under a guard, what offsets an entry that still works is an entry itself; where every cancel is lost, one that
    was sent or asked about would show it."""
    database = tmp_path / "x.db"
    flags = {"venue__latency_bars": "2", "venue__faults__cancel_lost_before": "1"}
    await run(database, 20, risk__trades_per_day="2", **flags)
    decided = rows(
        database,
        "SELECT orders.status, attempt FROM orders JOIN decisions ON ts_ms = decision_ts_ms "
        "WHERE purpose = 'open' AND state = 'REDUCING'",
    )
    assert decided
    assert set(decided) == {("denied", 0)}
