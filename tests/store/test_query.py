"""What the command line reads: plain dicts whose amounts are strings, with and without a running engine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from store import query
from store.errors import NotFound, StoreError
from store.journal import Journal
from store.records import DECISION_STAGES, ZERO, OrderStatus
from tests.store import samples
from tests.store.samples import HOUR_MS, START_MS, gather_run, opened, unfilled, write_run


@pytest.fixture
async def run(tmp_path: Path) -> Path:
    await write_run(tmp_path / "x.db")
    return tmp_path / "x.db"


def test_fills_have_the_promised_keys_and_amounts_are_strings(run: Path) -> None:
    assert query.fills(run) == [
        {
            "ts": START_MS + 1,
            "symbol": "BTCUSDT",
            "side": "buy",
            "price": "40000",
            "quantity": "0.5",
            "fee": "10",
            "order_id": "qd1",
            "fill_id": "f1",
            "maker": False,
            "reduce_only": False,
            "liquidation": False,
        }
    ]


def test_an_order_is_explained_from_its_readings_to_its_fills(run: Path) -> None:
    why = query.explain(run, "qd1")
    assert why["order"]["status"] == "filled"
    assert [event["to_status"] for event in why["events"]] == ["intent", "filled"]
    assert [fill["fill_id"] for fill in why["fills"]] == ["f1"]
    assert why["decision"] == {
        "ts": START_MS,
        "state": "ACTIVE",
        "halted": False,
        "scalars": {"idm": 1.25, "fdm": 1.5},
        "beside": "",
    }
    assert [stage["stage"] for stage in why["stages"]] == list(DECISION_STAGES)
    assert [stage["value"] for stage in why["stages"]] == samples.decision().stages[:, 0].tolist()
    assert why["readings"] == [
        {
            "signal": "A1",
            "ts": START_MS,
            "value": 0.5,
            "confidence": 1.0,
            "reason": "UP",
            "statistics": {"t": 2.5},
        }
    ]
    json.dumps(why, allow_nan=False)


def test_no_opinion_is_none_because_json_has_no_nan(run: Path) -> None:
    cell = query.readings(run)[0]["cells"]["ETHUSDT"]
    assert cell == {"value": None, "confidence": None, "reason": "WARMUP", "statistics": {"t": None}}


async def test_an_order_no_decision_made_has_no_waterfall(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        journal.order(unfilled("qd2", START_MS + 5))
        await journal.commit()
    why = query.explain(run, "qd2")
    assert (why["decision"], why["stages"], why["readings"]) == (None, [], [])
    with pytest.raises(NotFound, match="there is no order qd3"):
        query.explain(run, "qd3")


async def test_readings_and_decisions_as_of_a_time(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        journal.reading(samples.reading(START_MS + HOUR_MS))
        journal.reading(samples.reading(START_MS + HOUR_MS, "A2"))
        journal.decision(samples.decision(START_MS + HOUR_MS, seed=1))
        await journal.commit()
    assert [(row["signal"], row["ts"]) for row in query.readings(run)] == [
        ("A1", START_MS + HOUR_MS),
        ("A2", START_MS + HOUR_MS),
    ]
    assert [(row["signal"], row["ts"]) for row in query.readings(run, at_ms=START_MS)] == [("A1", START_MS)]
    newest, first = query.decision(run), query.decision(run, at_ms=START_MS + 1)
    assert newest is not None
    assert first is not None
    assert (newest["ts"], first["ts"]) == (START_MS + HOUR_MS, START_MS)
    assert query.decision(run, at_ms=0) is None


async def test_lists_keep_the_newest_in_their_order(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        for number in range(5):
            ts_ms = START_MS + (number + 2) * HOUR_MS
            journal.order(unfilled(f"qx{number}", ts_ms, OrderStatus.CANCELED))
            journal.fill(samples.fill("qd1", f"g{number}", ts_ms))
            journal.equity(ts_ms, samples.totals(), 0.1, 0.1)
            journal.event(replace(samples.event(), message=str(number), level="WARN", ts_ms=ts_ms))
        await journal.commit()
    later = START_MS + 3 * HOUR_MS
    assert [fill["fill_id"] for fill in query.fills(run, limit=2)] == ["g3", "g4"]
    assert [fill["fill_id"] for fill in query.fills(run, since_ms=later, limit=9)] == ["g1", "g2", "g3", "g4"]
    assert query.fills(run, symbol="ETHUSDT") == []
    assert [order["client_order_id"] for order in query.orders(run, limit=2)] == ["qx3", "qx4"]
    assert len(query.orders(run, statuses=["canceled", "expired"])) == 5
    assert len(query.orders(run, statuses=["filled"], symbol="BTCUSDT")) == 1
    assert [row["ts_ms"] for row in query.equity(run, since_ms=later)] == sorted(
        row["ts_ms"] for row in query.equity(run, limit=4)
    )
    assert [row["message"] for row in query.events(run, levels=["WARN"], limit=2)] == ["3", "4"]
    assert len(query.events(run)) == 6


def test_positions_overrides_commands_control_and_meta(run: Path) -> None:
    assert [position["quantity"] for position in query.positions(run)] == ["0.5"]
    assert [override["name"] for override in query.overrides(run)] == ["day_loss"]
    command = query.commands(run)[0]
    assert (command["arguments"], command["accepted"]) == ({"on": "true"}, True)
    control = query.control(run)
    assert control is not None
    assert control["state"] == "ACTIVE"
    assert query.meta(run)["mode"] == "sim"


async def test_a_flat_position_is_shown_on_request_only(run: Path) -> None:
    async with opened(run) as database:
        journal = Journal(database)
        journal.position(replace(samples.position(), quantity=ZERO, cost=ZERO))
        await journal.commit()
    assert query.positions(run) == []
    assert len(query.positions(run, flat=True)) == 1


async def test_reading_goes_on_beside_a_running_engine(tmp_path: Path) -> None:
    async with opened(tmp_path / "x.db") as database:
        journal = Journal(database)
        gather_run(journal)
        assert query.fills(tmp_path / "x.db") == []
        await journal.commit()
        assert len(query.fills(tmp_path / "x.db")) == 1


def test_a_file_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no such database"):
        query.fills(tmp_path / "x.db")
    (tmp_path / "x.db").touch()
    with pytest.raises(NotFound, match="nothing was ever written"):
        query.fills(tmp_path / "x.db")
    (tmp_path / "y.db").write_text("not a database, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match="it is not a database"):
        query.fills(tmp_path / "y.db")


def test_nothing_here_can_write(run: Path) -> None:
    with pytest.raises(StoreError, match="read-only"), query.read_only(run) as connection:
        connection.execute("DELETE FROM fills")


def test_reading_needs_neither_numpy_nor_aiosqlite() -> None:
    """The command line starts in a tenth of a second only while these stay out."""
    code = "import sys, store.query, store.digest, store.check, store.audit; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "aiosqlite", "duckdb", "asyncio", "pydantic"} & set(loaded.split())
