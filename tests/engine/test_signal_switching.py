"""Signals of every state that an operator moves into another: what is off is computed as if it always had been, and
wherever the run is interrupted it goes on as if it had not been."""

from __future__ import annotations

import json
from pathlib import Path

from engine.snapshot import WeightRow
from store import query
from store.digest import digest
from tests.engine.session_runs import Said, Script, engine, follow, rows, run, running

BARS, AT = 30, 8
HOUR_MS = 3_600_000
DAYS = "SELECT * FROM signal_days ORDER BY day_ms, signal"


def switch(name: str, state: str) -> Said:
    return "signal", {"name": name, "state": state}


def weigh(name: str, weight: str) -> Said:
    return "weight", {"name": name, "weight": weight}


def computed(database: Path) -> dict[str, int]:
    """How many bars of a day each signal was computed for, of those that are still computed."""
    ((state,),) = rows(database, "SELECT value FROM session_state WHERE name = 'shadow'")
    head = json.loads(state.partition(b"\n")[0])
    return dict(zip(head["signals"], head["bars"], strict=True))


def running_part(database: Path) -> list[tuple[str, bytes]]:
    """What is stored of the day in progress; what earlier days left behind it is nobody's."""
    states = dict(rows(database, "SELECT name, value FROM session_state WHERE name LIKE 'shadow%'"))
    slots = json.loads(states["shadow"].partition(b"\n")[0])["slots"]
    names = ["shadow", *(f"shadow pairs {slot}" for slot in range(slots))]
    return [(name, states[name]) for name in names]


async def shown(database: Path) -> dict[str, WeightRow]:
    async with running(engine(database, run__speed="1")) as session:
        snapshot = session.snapshot()
    assert snapshot is not None
    return {row.name: row for row in snapshot.weights}


async def test_a_signal_that_is_off_is_put_in_shadow_and_nothing_traded_changes(tmp_path: Path) -> None:
    await run(tmp_path / "alone.db", BARS)
    (answer,) = await follow(tmp_path / "x.db", BARS, {AT: [switch("B12", "shadow")]})
    assert answer.accepted
    assert answer.message.startswith("B12 in shadow: computed and recorded, not traded; weights")
    assert digest(tmp_path / "x.db") == digest(tmp_path / "alone.db")
    assert computed(tmp_path / "x.db").keys() == {"A1", "A2", "A3", "B12"}
    assert rows(tmp_path / "x.db", "SELECT count(*) FROM readings WHERE signal = 'B12'") > [(0,)]
    ((bars, weight),) = rows(tmp_path / "x.db", "SELECT bars, weight FROM signal_days WHERE signal = 'B12'")
    assert (bars, weight) == (24 - AT, 0.0)


async def test_what_is_switched_on_with_a_weight_decides_as_if_it_had_always_been_computed(
    tmp_path: Path,
) -> None:
    stages = "SELECT stages FROM decisions ORDER BY ts_ms"
    (answer,) = await follow(tmp_path / "x.db", BARS, {AT: [weigh("C1", "0.5")]})
    assert answer.message.startswith(
        "C1 weight 0 to 0.5 and switched on; weights from the next decision on: A1 0.267"
    )
    await follow(tmp_path / "y.db", BARS, {AT: [weigh("C1", "0.5")]}, signals__C1__enabled="true")
    assert rows(tmp_path / "x.db", stages) == rows(tmp_path / "y.db", stages)
    assert digest(tmp_path / "x.db") == digest(tmp_path / "y.db")
    await run(tmp_path / "alone.db", BARS)
    alone, commanded = rows(tmp_path / "alone.db", stages), rows(tmp_path / "x.db", stages)
    assert commanded[:AT] == alone[:AT]
    assert commanded[AT] != alone[AT]


async def test_switched_at_the_same_bars_a_run_in_parts_is_the_run_in_one(tmp_path: Path) -> None:
    script: Script = {
        5: [switch("B12", "shadow"), weigh("C4", "0.3"), switch("A4", "shadow")],
        AT: [switch("A1", "off")],
        12: [switch("B12", "off"), switch("C1", "shadow")],
        15: [switch("B12", "on"), switch("A1", "on")],
    }
    await follow(tmp_path / "one.db", BARS, script)
    for start, stop in ((0, 6), (6, 15), (15, 27), (27, BARS)):
        await follow(tmp_path / "parts.db", stop - start, script)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    assert rows(tmp_path / "parts.db", DAYS) == rows(tmp_path / "one.db", DAYS)
    assert running_part(tmp_path / "parts.db") == running_part(tmp_path / "one.db")
    assert (await shown(tmp_path / "one.db"))["A4"].opinions, (
        "what it reads beside the bars was there all along"
    )


async def test_what_is_off_is_shown_as_off_and_why_until_it_is_switched_on_again(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await follow(database, 3, {1: [switch("A1", "off"), switch("A2", "shadow"), switch("C1", "shadow")]})
    weights = await shown(database)
    assert {name: weights[name].state for name in ("A1", "A2", "A3", "B1", "C1")} == {
        "A1": "off",
        "A2": "shadow",
        "A3": "on",
        "B1": "off",
        "C1": "shadow",
    }
    assert weights["A1"].change == "switched off by operator@test"
    assert weights["A1"].why == (
        "switched off by operator@test: not computed, until an operator puts it in shadow or gives it a weight"
    )
    assert weights["A2"].why == "in shadow by operator@test, until an operator enables it"
    assert (
        weights["C1"].why == "in shadow by operator@test, until an operator enables it and gives it a weight"
    )
    assert weights["B1"].why.startswith("switched off by the configuration")
    assert weights["A3"].why == ""
    await follow(database, 2, {3: [switch("A1", "on"), switch("A2", "on"), switch("C1", "off")]})
    weights = await shown(database)
    assert [weights[name].state for name in ("A1", "A2", "C1")] == ["on", "on", "off"]
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    assert json.loads(book)["choices"] == {}


async def test_what_is_off_is_told_of_no_order_decided_since_and_of_all_before(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    script: Script = {AT: [switch("A1", "off")], 20: [switch("A1", "on")]}
    await follow(database, 13, script)
    assert {told["signal"] for told in query.readings(database)} == {"A2", "A3"}
    ((began_ms,),) = rows(database, "SELECT min(ts_ms) FROM decisions")
    last_ms = began_ms + (AT - 1) * HOUR_MS
    for at_ms, names in ((last_ms, {"A1", "A2", "A3"}), (last_ms + HOUR_MS, {"A2", "A3"})):
        assert {told["signal"] for told in query.readings(database, at_ms=at_ms)} == names
    await follow(database, BARS - 13, script)
    for name, decided_ms in rows(database, "SELECT client_order_id, decision_ts_ms FROM orders"):
        why = query.explain(database, name)
        decided = (decided_ms - began_ms) // HOUR_MS + 1
        if why["stages"]:
            heard = {reading["signal"] for reading in why["readings"]}
            assert heard == ({"A2", "A3"} if AT < decided <= 20 else {"A1", "A2", "A3"})
    assert {told["signal"] for told in query.readings(database)} == {"A1", "A2", "A3"}


async def test_an_overlay_is_switched_on_and_off_and_stands_after_a_restart(tmp_path: Path) -> None:
    database, stages = tmp_path / "x.db", "SELECT ts_ms, stages FROM decisions ORDER BY ts_ms"
    shadow, on = [switch("A12", "shadow")], [switch("A12", "on")]
    script: Script = {2: shadow, AT: on, 12: on, 20: shadow}
    answers = await follow(database, 10, script)
    assert [answer.accepted for answer in answers] == [True] * 2
    assert answers[1].message.startswith("A12 enabled; weights from the next decision on: A1 0.400")
    row = (await shown(database))["A12"]
    assert (row.state, row.weight, row.why, row.change) == ("on", 1.0, "", "switched on by operator@test")
    told = rows(
        database, "SELECT payload FROM audit WHERE kind = 'weights' AND actor <> 'engine' ORDER BY sequence"
    )
    assert [json.loads(payload)["state"] for (payload,) in told] == ["shadow", "on"]
    (again, _) = await follow(database, BARS - 10, script)
    assert again.message.startswith("A12 is enabled already")
    assert (await shown(database))["A12"].state == "shadow"
    await follow(tmp_path / "one.db", BARS, script)
    assert digest(database) == digest(tmp_path / "one.db")
    await run(tmp_path / "alone.db", BARS)
    alone, overlaid = rows(tmp_path / "alone.db", stages), rows(database, stages)
    assert overlaid[:AT] == alone[:AT]
    assert overlaid[AT] != alone[AT]


async def test_what_is_switched_on_without_a_weight_is_said_to_lack_one(tmp_path: Path) -> None:
    (answer,) = await follow(tmp_path / "x.db", 3, {1: [switch("B12", "on")]})
    assert answer.accepted
    assert answer.message.startswith(
        "B12 enabled, yet in shadow: it has no weight, until an operator gives it one; "
    )


async def test_what_makes_no_sense_is_refused_and_the_audit_holds_the_state_a_signal_was_brought_into(
    tmp_path: Path,
) -> None:
    refused = [switch("B12", "of"), switch("B99", "on"), switch("B5", "shadow"), weigh("B5", "0.1")]
    script: Script = {1: [*refused, switch("B12", "shadow")], 2: [weigh("B12", "0.2"), switch("B12", "on")]}
    answers = await follow(tmp_path / "x.db", 3, script, signals__B5__bar="15m")
    words = [
        "state of: say on, shadow, off",
        "signal B99 is not known here",
        *["signals.B5: its bars of 15m"] * 2,
    ]
    assert [answer.accepted for answer in answers] == [False] * 4 + [True] * 3
    for answer, word in zip(answers, words, strict=False):
        assert word in answer.message
    told = rows(tmp_path / "x.db", "SELECT payload FROM audit WHERE kind = 'weights' ORDER BY sequence")
    facts = [json.loads(payload) for (payload,) in told]
    assert [(fact["signal"], fact["state"]) for fact in facts] == [
        ("B12", "shadow"),
        ("B12", "shadow"),
        ("B12", "on"),
    ]
