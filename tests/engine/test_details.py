"""What drill-downs are told: plain data out of the books, in bounds, beside the loop; one line where there is none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine import details
from engine.commands import DetailFault, DetailKind, Question
from engine.config import HIDDEN, Configuration, effective, load_config
from engine.session import Session
from engine.snapshot import Snapshot
from store import query
from store.records import DECISION_STAGES
from tests.crash.books import Told
from tests.engine.session_runs import bars_pass, engine, give, rows, run, running

DAY_MS = 86_400_000

BARS = 30


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book after some bars, nobody running."""
    database = tmp_path_factory.mktemp("traded") / "x.db"
    asyncio.run(run(database, BARS))
    return database


@pytest.fixture
async def desk(traded: Path, tmp_path: Path) -> AsyncIterator[Session]:
    """An engine on a copy of it whose market stands still."""
    for path in traded.parent.glob("x.db*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    async with running(engine(tmp_path / "x.db", run__speed="1")) as session:
        yield session


async def ask(session: Session, kind: str, **arguments: str) -> dict[str, Any]:
    """The answer, as it would arrive over a socket."""
    answer = await session.detail(Question(DetailKind(kind), arguments))
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    return answer


def picture(session: Session) -> Snapshot:
    snapshot = session.snapshot()
    assert snapshot is not None
    return snapshot


async def test_an_order_is_told_with_the_stage_that_bound_it(desk: Session) -> None:
    ((order, symbol),) = rows(
        desk.database_path,
        "SELECT client_order_id, symbol FROM orders WHERE purpose = 'open' ORDER BY decision_ts_ms LIMIT 1",
    )
    answer = await ask(desk, "order", order=order)
    assert (answer["order"]["symbol"], answer["order"]["client_order_id"]) == (symbol, order)
    assert [stage["stage"] for stage in answer["stages"]] == list(DECISION_STAGES)
    assert all(set(stage) == {"stage", "value", "bound", "why"} for stage in answer["stages"])
    assert all(stage["why"] for stage in answer["stages"] if stage["bound"])
    assert {reading["signal"] for reading in answer["readings"]} >= {"A1", "A2", "A3"}


async def test_orders_come_newest_first_and_no_more_than_asked_for(desk: Session) -> None:
    every = (await ask(desk, "orders"))["orders"]
    assert [order["decision_ts_ms"] for order in every] == sorted(
        (order["decision_ts_ms"] for order in every), reverse=True
    )
    assert (await ask(desk, "orders", limit="3"))["orders"] == every[:3]
    working = (await ask(desk, "orders", statuses="accepted,unresolved"))["orders"]
    assert {order["client_order_id"] for order in working} == Told.of(desk.database_path).working.keys()
    mine = (await ask(desk, "orders", symbol="BTCUSDT", statuses="filled"))["orders"]
    assert {(order["symbol"], order["status"]) for order in mine} == {("BTCUSDT", "filled")}


async def test_a_position_is_told_as_we_hold_it_and_as_the_venue_last_proved_it(desk: Session) -> None:
    symbol, quantity = sorted(Told.of(desk.database_path).positions.items())[0]
    answer = await ask(desk, "position", symbol=symbol)
    assert answer["ours"]["quantity"] == f"{quantity:f}"
    assert answer["ours"]["neutral"] == "0"
    assert answer["fills"] == query.fills(desk.database_path, symbol=symbol)
    assert {order["purpose"] for order in answer["orders"]} == {"stop"}
    assert answer["venue"] == {
        "answers": True,
        "agrees": True,
        "quantity": f"{quantity:f}",
        "proven_ts_ms": picture(desk).reconciled_ts_ms,
    }
    assert isinstance(answer["funding"], list)


async def test_a_signal_is_told_with_its_settings_its_history_and_every_symbol(desk: Session) -> None:
    answer = await ask(desk, "signal", name="A1", symbol="ETHUSDT")
    about = answer["signal"]
    assert (about["name"], about["class"], about["bar"], about["enabled"]) == (
        "A1",
        "directional",
        "1d",
        True,
    )
    assert about["weight"] == pytest.approx(0.4)
    assert about["settings"]["lookbacks"] == [7, 14, 28]
    assert [row["symbol"] for row in answer["symbols"]] == [row.symbol for row in picture(desk).signals]
    ((first_ms,),) = rows(desk.database_path, "SELECT min(ts_ms) FROM readings WHERE signal = 'A1'")
    assert [row["ts_ms"] for row in answer["history"]] == list(
        range(first_ms, answer["symbols"][0]["ts_ms"] + 1, DAY_MS)
    )
    (newest,) = [row for row in answer["symbols"] if row["symbol"] == "ETHUSDT"]
    assert {**answer["history"][-1], "symbol": "ETHUSDT"} == newest
    assert len((await ask(desk, "signal", name="A1", symbol="ETHUSDT", limit="1"))["history"]) == 1
    assert (await ask(desk, "signal", name="A1"))["history"] == []


async def test_commands_are_told_with_their_mode_and_outcome(desk: Session) -> None:
    await give(desk, "pause")
    await give(desk, "signal", name="A99", on="false")
    refused, paused = (await ask(desk, "commands"))["rows"]
    assert (paused["kind"], paused["arguments"], paused["actor"], paused["mode"]) == (
        "pause",
        {},
        "operator@test",
        "sim",
    )
    assert (paused["accepted"], paused["state_before"], paused["state_after"]) == (True, "ACTIVE", "REDUCING")
    assert (refused["accepted"], refused["arguments"]) == (False, {"name": "A99", "on": "false"})


async def test_the_audit_is_searched_whatever_the_case(desk: Session) -> None:
    await give(desk, "pause")
    every = (await ask(desk, "audit"))["rows"]
    assert [row["sequence"] for row in every] == list(range(len(every), 0, -1))
    found = (await ask(desk, "audit", text="OPERATOR@test"))["rows"]
    assert [row["kind"] for row in found] == ["command", "override set"]
    assert found[0]["payload"]["state_after"] == "REDUCING"
    assert (await ask(desk, "audit", text="no such words"))["rows"] == []


async def test_the_configuration_says_where_each_key_comes_from(desk: Session) -> None:
    await give(desk, "weight", name="A1", weight="0.1")
    await give(desk, "signal", name="A2", on="false")
    desk.reload(load_config(None, {}, {"run.stop_policy": "cancel"}, {}))
    answer = await ask(desk, "config")
    assert answer["hash"] == picture(desk).config_hash
    by_key = {row["key"]: row for row in answer["rows"]}
    assert (
        by_key["signals.A1.weight"] | {"value": "0.1", "default": "0.4", "source": "operator"}
        == by_key["signals.A1.weight"]
    )
    told = {key: (by_key[key]["value"], by_key[key]["source"]) for key in by_key}
    assert told["signals.A2.enabled"] == ("false", "operator")
    assert told["signals.A2.weight"] == ("0.4", "default")
    assert told["run.stop_policy"] == ('"cancel"', "reloaded")
    assert told["run.speed"] == ('"900"', "reloaded")
    assert told["run.symbols"][1] == "flag"
    assert by_key["risk.buffer_fraction"]["description"]


def test_what_is_secret_is_never_shown() -> None:
    from pydantic import BaseModel, Field

    class Venue(BaseModel):
        api_key: str = ""
        api_secret: str = Field(default="", description="signs requests")
        name: str = "x"

    def configured(**flags: str) -> Configuration:
        return load_config(None, {}, {f"keys.{key}": value for key, value in flags.items()}, {"keys": Venue})

    shown = {s.key: s.value for s in effective(configured(api_secret="hunter2", name="y"))}
    assert (shown["keys.api_secret"], shown["keys.api_key"], shown["keys.name"]) == (HIDDEN, "", '"y"')


async def test_a_layout_is_remembered_across_a_restart_and_before_it_runs(
    desk: Session, tmp_path: Path
) -> None:
    assert await ask(desk, "layout") == {"values": {}}
    await desk.remember("pane", "risk")
    await desk.remember("pane", "log\udcff")
    await desk.remember("filter.log", "ERROR")
    kept = {"values": {"filter.log": "ERROR", "pane": "log\\udcff"}}
    assert await ask(desk, "layout") == kept
    starting = engine(desk.database_path)
    assert await ask(starting, "layout") == kept
    assert await ask(engine(tmp_path / "never.db"), "layout") == {"values": {}}


async def test_remembering_waits_for_a_start_and_changes_no_decision(tmp_path: Path) -> None:
    session = engine(tmp_path / "x.db", run__bars="5")
    remembering = asyncio.create_task(session.remember("theme", "dark"))
    await session.run()
    await remembering
    assert query.ui_state(tmp_path / "x.db") == {"theme": "dark"}


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("order", {"order": "qdnothing"}, "there is no order qdnothing"),
        ("order", {}, "names no order"),
        ("position", {"symbol": "DOGEUSDT"}, "DOGEUSDT is not traded here"),
        ("signal", {"name": "A99"}, "no signal A99 is computed here"),
        ("orders", {"limit": "many"}, "limit many is no number of rows"),
        ("orders", {"limit": "0"}, "limit 0 is no number of rows"),
    ],
)
async def test_a_question_without_an_answer_is_one_line(
    desk: Session, kind: str, arguments: dict[str, str], words: str
) -> None:
    with pytest.raises(DetailFault, match=words):
        await ask(desk, kind, **arguments)


@pytest.mark.parametrize("kind", ["position", "signal", "orders"])
async def test_before_there_are_books_that_is_said(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DetailFault, match=r"starting|no such database"):
        await ask(engine(tmp_path / "never.db"), kind, symbol="BTCUSDT", name="A1")


async def test_a_slow_answer_is_given_up_and_holds_neither_loop_nor_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()
    release: asyncio.Future[None] = loop.create_future()

    def wait(_: Path, **__: object) -> list[Any]:
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(_until(release), loop).result()
        return []

    monkeypatch.setattr(query, "commands", wait)
    monkeypatch.setattr(details, "DEADLINE_S", 0.05)
    async with running(engine(tmp_path / "x.db", run__speed="360000")) as session:
        asking = asyncio.create_task(ask(session, "commands"))
        await held.wait()
        await bars_pass(session, 5)
        with pytest.raises(DetailFault, match="did not answer within"):
            await asking
        release.set_result(None)


async def _until(release: asyncio.Future[None]) -> None:
    await release
