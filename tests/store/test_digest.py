"""The digest: equal for equal runs whatever wall time, retries and row numbers were; different for any other."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.compact import pack_stages
from store.digest import canonical_amount, digest
from store.errors import Corrupt, NotFound
from store.journal import Journal
from store.records import DECISION_STAGES, OrderStatus, Side, TradingState
from tests.store import samples
from tests.store.samples import HOUR_MS, START_MS, opened


@pytest.fixture
async def run(tmp_path: Path) -> Path:
    """A small run: two decisions, two orders, two fills at one time, funding, the account."""
    path = tmp_path / "x.db"
    await _write(path, wall_ms=lambda: 1, in_one_commit=True, fills_first="f1", attempt=0)
    return path


async def _write(
    path: Path, wall_ms: Callable[[], int], in_one_commit: bool, fills_first: str, attempt: int
) -> None:
    async with opened(path) as database:
        journal = Journal(database, wall_ms=wall_ms)

        async def step() -> None:
            if not in_one_commit:
                await journal.commit()

        for number in range(2):
            ts_ms = START_MS + number * HOUR_MS
            journal.decision(samples.decision(ts_ms, seed=number))
            journal.order(replace(samples.order(f"qd{number}", ts_ms), attempt=attempt))
            journal.order_event(f"qd{number}", ts_ms, None, OrderStatus.INTENT, attempt=attempt)
            await step()
        fills = [samples.fill("qd0", "f1"), replace(samples.fill("qd1", "f2"), side=Side.SELL)]
        for fill in sorted(fills, key=lambda fill: fill.fill_id != fills_first):
            journal.fill(replace(fill, fill_id=f"{fill.fill_id}-{attempt}"))
            await step()
        journal.funding(samples.funding(f"u{attempt}"))
        journal.position(samples.position())
        journal.equity(START_MS, samples.totals(), 0.1, 0.1)
        journal.equity(START_MS + HOUR_MS, samples.totals(), 0.2, 0.2)
        await journal.commit()


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement, values).rowcount == 1
        connection.commit()


@settings(max_examples=25)
@given(
    wall_ms=st.integers(0, 2**50),
    in_one_commit=st.booleans(),
    fills_first=st.sampled_from(["f1", "f2"]),
    attempt=st.integers(0, 9),
)
def test_equal_runs_have_one_digest(
    tmp_path_factory: pytest.TempPathFactory,
    wall_ms: int,
    in_one_commit: bool,
    fills_first: str,
    attempt: int,
) -> None:
    folder = tmp_path_factory.mktemp("digest")
    asyncio.run(_write(folder / "a.db", lambda: 1, in_one_commit=True, fills_first="f1", attempt=0))
    asyncio.run(_write(folder / "b.db", lambda: wall_ms, in_one_commit, fills_first, attempt))
    assert digest(folder / "a.db") == digest(folder / "b.db")


UNSEEN = [
    "UPDATE orders SET attempt = 7, venue_order_id = 'other', reason = 'other', updated_ts_ms = 9 "
    "WHERE client_order_id = 'qd0'",
    "UPDATE order_events SET wall_ms = 9, attempt = 9 WHERE client_order_id = 'qd0'",
    "UPDATE fills SET fill_id = 'other', sequence = 99 WHERE client_order_id = 'qd0'",
    "UPDATE funding SET funding_id = 'other', sequence = 99",
    "UPDATE meta SET value = '9' WHERE name = 'created_wall_ms'",
    "UPDATE orders SET quantity = '0.50000000', price = NULL WHERE client_order_id = 'qd0'",
    "UPDATE positions SET realised = '-0.00'",
    f"UPDATE equity SET gross = 9.0 WHERE ts_ms = {START_MS + HOUR_MS}",
    f"UPDATE equity SET equity = '1' WHERE ts_ms = {START_MS}",
]


@pytest.mark.parametrize("statement", UNSEEN)
def test_what_may_differ_between_equal_runs_is_not_seen(run: Path, statement: str) -> None:
    before = digest(run)
    change(run, statement)
    assert digest(run) == before


SEEN: dict[str, dict[str, object]] = {
    "decisions": {
        "ts_ms": START_MS + 5,
        "state": TradingState.REDUCING.name,
        "halted": 1,
        "stages": pack_stages(samples.decision(seed=9).stages.tobytes(), len(DECISION_STAGES)),
        "scalars": b'["idm"]\n' + np.array([1.5]).tobytes(),
    },
    "orders": {
        "client_order_id": "qd9",
        "symbol": "ETHUSDT",
        "side": "sell",
        "type": "limit",
        "purpose": "close",
        "quantity": "0.50000001",
        "decision_ts_ms": START_MS + 1,
        "price": "1",
        "trigger_offset": "1",
        "whole_position": 1,
        "reduce_only": 1,
        "post_only": 1,
        "status": "canceled",
        "filled_quantity": "0.4",
        "filled_notional": "19999.99999999",
        "fee": "10.00000001",
    },
    "fills": {
        "client_order_id": "qd9",
        "symbol": "ETHUSDT",
        "side": "sell",
        "price": "40000.1",
        "quantity": "0.51",
        "fee": "10.00000001",
        "maker": 1,
        "ts_ms": START_MS + 9,
        "reduce_only": 1,
        "liquidation": 1,
    },
    "funding": {
        "symbol": "ETHUSDT",
        "quantity": "0.51",
        "mark_price": "40100.1",
        "rate": "0.0002",
        "amount": "-2.00500001",
        "ts_ms": START_MS + 3,
    },
    "positions": {
        "symbol": "ETHUSDT",
        "quantity": "0.51",
        "cost": "20000.00000001",
        "realised": "1",
        "fees": "11",
        "funding": "-2",
        "opened_ts_ms": START_MS + 9,
    },
    "equity": {
        "ts_ms": START_MS + 2 * HOUR_MS,
        "initial": "100001",
        "realised": "1",
        "unrealised": "101",
        "fees": "11",
        "funding": "-2",
        "equity": "100087.99500001",
        "high_water_mark": "100088",
    },
}
ONE_ROW = {
    "decisions": f"ts_ms = {START_MS}",
    "orders": "client_order_id = 'qd0'",
    "fills": "client_order_id = 'qd0'",
    "funding": "true",
    "positions": "true",
    "equity": f"ts_ms = {START_MS + HOUR_MS}",
}


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [(table, column, value) for table, columns in SEEN.items() for column, value in columns.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_business_field_is_seen(run: Path, table: str, column: str, value: Any) -> None:
    before = digest(run)
    change(run, f"UPDATE {table} SET {column} = ? WHERE {ONE_ROW[table]}", value)
    assert digest(run) != before


@pytest.mark.parametrize("table", ONE_ROW)
def test_a_row_missing_is_seen(run: Path, table: str) -> None:
    before = digest(run)
    change(run, f"DELETE FROM {table} WHERE {ONE_ROW[table]}")
    assert digest(run) != before


def test_a_fill_doubled_is_seen(run: Path) -> None:
    before = digest(run)
    columns = "client_order_id, symbol, side, price, quantity, fee, maker, ts_ms, reduce_only, liquidation"
    change(
        run,
        f"INSERT INTO fills (fill_id, {columns}) SELECT 'f9', {columns} FROM fills WHERE {ONE_ROW['fills']}",
    )
    assert digest(run) != before


@settings(max_examples=25)
@given(bit=st.integers(0, 14 * 2 * 64 - 1))
def test_any_bit_of_a_stage_is_seen(tmp_path_factory: pytest.TempPathFactory, bit: int) -> None:
    async def write(path: Path, stages: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        async with opened(path) as database:
            journal = Journal(database)
            journal.decision(replace(samples.decision(), stages=stages))
            await journal.commit()

    folder = tmp_path_factory.mktemp("bits")
    stages = samples.decision().stages
    raw = bytearray(stages.tobytes())
    raw[bit // 8] ^= 1 << bit % 8
    asyncio.run(write(folder / "a.db", stages))
    asyncio.run(write(folder / "b.db", np.frombuffer(bytes(raw)).reshape(stages.shape)))
    assert digest(folder / "a.db") != digest(folder / "b.db")


async def test_a_symbol_under_another_name_is_seen(run: Path) -> None:
    before = digest(run)
    change(run, "UPDATE universes SET symbols = ?", '["ETHUSDT","BTCUSDT"]')
    assert digest(run) != before


async def test_the_digest_of_a_running_engine_is_one_of_its_moments(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with opened(path) as database:
        journal = Journal(database)
        seen = set()
        for number in range(5):
            journal.decision(samples.decision(START_MS + number * HOUR_MS))
            await journal.commit()
            seen.add(digest(path))
        assert len(seen) == 5
        last = digest(path)
    assert digest(path) == last


def test_a_row_that_cannot_be_read_is_named(run: Path) -> None:
    change(run, "UPDATE fills SET price = 'much' WHERE client_order_id = 'qd0'")
    with pytest.raises(Corrupt, match="table fills holds a row that cannot be read"):
        digest(run)


def test_no_database_no_digest(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        digest(tmp_path / "x.db")


@given(samples.amounts)
def test_one_spelling_per_amount(amount: Decimal) -> None:
    text = canonical_amount(str(amount))
    assert Decimal(text) == amount
    assert canonical_amount(format(amount, "f")) == canonical_amount(f"{amount:f}".rstrip()) == text
    assert text == canonical_amount(text)
    assert "E" not in text
    assert text == "0" or not text.startswith("-0.0" + "0" * 30)
