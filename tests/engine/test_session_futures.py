"""Cash and carry in a running engine: coins bought, futures sold against them, settled at their expiry, and sold again
in the next quarter."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.feeds.simulated import SimulatedFeed
from store.check import check
from store.digest import digest
from store.records import ZERO
from tests.crash.books import Told, compare
from tests.engine.session_runs import bars_pass, engine, give, rows, run, running

CARRY = {
    "run__symbols": "BTCUSDT,ETHUSDT",
    "sim__start": "2024-03-25",
    "sim__history_days": "110",
    "signals__A7__enabled": "true",
    "signals__A7__weight": "1",
    "signals__A7__interest": "0",
    "signals__A7__cost_bps": "0",
    **{f"signals__{name}__enabled": "false" for name in ("A1", "A2", "A3")},
}
EXPIRY_MS = int(datetime(2024, 3, 29, 8, tzinfo=UTC).timestamp()) * 1000
UNTIL_EXPIRY = 104
BARS = UNTIL_EXPIRY + 4


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("basis") / "x.db"
    asyncio.run(run(database, BARS, **CARRY))
    return database


def held(database: Path) -> dict[str, float]:
    return {symbol: float(quantity) for symbol, quantity in Told.of(database).positions.items()}


def test_what_is_held_of_a_future_is_settled_at_the_index_and_costs_nothing(traded: Path) -> None:
    ((price, quantity, fee, side, reduces),) = rows(
        traded,
        "SELECT price, quantity, fee, side, reduce_only FROM fills WHERE symbol = 'BTC240329' AND ts_ms = ?",
        EXPIRY_MS,
    )
    feed = SimulatedFeed(7, start_ms=EXPIRY_MS - 8 * 3_600_000 - 4 * 86_400_000, history_days=110,
                         symbols=("BTCUSDT", "ETHUSDT"), inputs=("index_price",))  # fmt: skip
    index = feed.read(EXPIRY_MS - 3_600_000, 1).inputs["index_price"][0, 0]
    assert Decimal(price) == Decimal(repr(round(index * 10) / 10))
    assert (Decimal(fee), side, reduces) == (ZERO, "buy", 1)
    sold = rows(
        traded, "SELECT side, quantity FROM fills WHERE symbol = 'BTC240329' AND ts_ms < ?", EXPIRY_MS
    )
    assert Decimal(quantity) == -sum((Decimal(q) * (1 if s == "buy" else -1) for s, q in sold), ZERO) > 0


def test_a_settlement_is_told_as_one(traded: Path) -> None:
    told = rows(
        traded, "SELECT level, message FROM events WHERE message LIKE 'settled at its expiry BTC240329%'"
    )
    assert [level for level, _ in told] == ["WARN"]


def test_the_pair_goes_on_with_the_next_quarter(traded: Path) -> None:
    now = held(traded)
    assert "BTC240329" not in now
    assert now["BTC240628"] == pytest.approx(-now["BTCSPOT"], rel=0.12)
    first = rows(traded, "SELECT min(decision_ts_ms) FROM orders WHERE symbol = 'BTC240628'")
    assert first == [(EXPIRY_MS,)]
    assert check(traded).findings == ()
    assert compare(traded) == []


def test_an_expired_contract_is_asked_for_nothing(traded: Path) -> None:
    late = "SELECT client_order_id FROM orders WHERE symbol = 'BTC240329' AND decision_ts_ms >= ?"
    assert [name[:3] for (name,) in rows(traded, late, EXPIRY_MS)] == ["exp"]
    assert rows(traded, "SELECT count(*) FROM orders WHERE status IN ('rejected', 'denied')") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("at", [UNTIL_EXPIRY - 1, UNTIL_EXPIRY, UNTIL_EXPIRY + 1])
def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, traded: Path, at: int) -> None:
    for count in (at, BARS - at):
        asyncio.run(run(tmp_path / "parts.db", count, **CARRY))
    assert digest(tmp_path / "parts.db") == digest(traded)


async def test_a_kill_closes_both_sides(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    async with running(engine(database, **CARRY)) as session:
        await bars_pass(session, 12)
        assert (await give(session, "kill")).accepted
        await bars_pass(session, 4)
    closed = {symbol for (symbol,) in rows(database, "SELECT symbol FROM orders WHERE purpose = 'flatten'")}
    assert {"BTCSPOT", "BTC240329"} <= closed
    assert held(database) == {}
    assert check(database).findings == ()
