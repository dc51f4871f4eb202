"""Signals that an operator switches or weighs: from the next decision on, shown and kept, and repeatable."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from annotated_types import Ge, Le

from engine.commands import LEAST_WEIGHT, MOST_WEIGHT
from engine.snapshot import WeightRow
from store.check import check
from store.digest import digest
from strategies.settings import SignalSettings
from tests.crash.books import Told, compare
from tests.engine.session_runs import Script, engine, follow, give, rows, run, running

BARS, AT = 40, 12
CONFIGURED = {"A1": 0.4, "A2": 0.4, "A3": 0.2}
ALL_OFF = [("signal", {"name": name, "on": "false"}) for name in CONFIGURED]


def switch(name: str, on: str) -> tuple[str, dict[str, str]]:
    return "signal", {"name": name, "on": on}


def weigh(name: str, weight: str) -> tuple[str, dict[str, str]]:
    return "weight", {"name": name, "weight": weight}


def assert_sound(database: Path) -> None:
    assert check(database).findings == ()
    assert compare(database) == []


async def shown(database: Path) -> dict[str, WeightRow]:
    """The weights a restarted engine shows."""
    async with running(engine(database, run__speed="1")) as session:
        snapshot = session.snapshot()
    assert snapshot is not None
    return {row.name: row for row in snapshot.weights if row.name in CONFIGURED}


def decided(database: Path) -> list[tuple[int, bytes]]:
    return rows(database, "SELECT ts_ms, stages FROM decisions ORDER BY ts_ms")


@pytest.mark.parametrize("command", [switch("A1", "false"), weigh("A1", "0.05"), weigh("A3", "1")], ids=str)
async def test_decisions_differ_from_the_next_one_on_and_not_before(
    tmp_path: Path, command: tuple[str, dict[str, str]]
) -> None:
    await run(tmp_path / "alone.db", BARS)
    (answer,) = await follow(tmp_path / "x.db", BARS, {AT: [command]})
    assert answer.accepted
    alone, commanded = decided(tmp_path / "alone.db"), decided(tmp_path / "x.db")
    assert commanded[:AT] == alone[:AT]
    assert commanded[AT] != alone[AT]
    assert_sound(tmp_path / "x.db")


async def test_what_is_switched_off_is_computed_and_shown_and_the_others_share_its_weight(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    (answer,) = await follow(database, BARS, {AT: [switch("A1", "false")]})
    assert answer.message.startswith(
        "A1 in shadow: computed and recorded, not traded; weights from the next decision on: A2 0.667, A3 0.333"
    )
    readings = dict(rows(database, "SELECT signal, max(ts_ms) FROM readings GROUP BY signal"))
    assert readings["A1"] == readings["A2"]
    weights = await shown(database)
    assert {name: round(row.weight, 6) for name, row in weights.items()} == {
        "A1": 0.0,
        "A2": 0.666667,
        "A3": 0.333333,
    }
    assert {name: row.configured_weight for name, row in weights.items()} == CONFIGURED
    assert {name: row.raw_weight for name, row in weights.items()} == CONFIGURED
    assert [row.enabled for row in weights.values()] == [False, True, True]
    assert weights["A1"].change == "put in shadow by operator@test"
    assert weights["A1"].opinions == weights["A2"].opinions > 0


async def test_a_weight_is_kept_while_its_signal_is_off_and_forgotten_where_it_is_the_configured_one(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    script: Script = {
        2: [weigh("A1", "0.1"), switch("A1", "false"), weigh("A1", "0.05")],
        4: [switch("A1", "true")],
        6: [weigh("A1", "0.4")],
    }
    answers = await follow(database, 5, script)
    assert "(it is in shadow)" in answers[2].message
    row = (await shown(database))["A1"]
    assert (row.enabled, row.raw_weight, round(row.weight, 6)) == (True, 0.05, round(0.05 / 0.65, 6))
    assert row.change == "weight 0.4 to 0.05 by operator@test"
    await follow(database, 5, {6: script[6]})
    row = (await shown(database))["A1"]
    assert (row.raw_weight, row.weight, row.change) == (0.4, 0.4, "")
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    assert json.loads(book)["choices"] == {}


async def test_without_any_directional_signal_everything_is_closed_as_the_answer_said(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    answers = await follow(database, AT + 5, {AT: ALL_OFF})
    assert [answer.accepted for answer in answers] == [True] * 3
    assert "the next decision closes every position" in answers[2].message
    assert "closes every position" not in answers[1].message
    assert Told.of(database).positions == {}
    assert_sound(database)
    async with running(engine(database, run__speed="1")) as session:
        assert (await give(session, "signal", name="A2", on="true")).accepted
    await run(database, 10)
    assert Told.of(database).positions


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (switch("A99", "false"), "signal A99 is not known here (computed: A1, A2, A3"),
        (switch("", "true"), "signal without a name is not known here"),
        (weigh("A99", "0.1"), "signal A99 is not known here"),
        *(
            (weigh("A1", text), "give a share from 0 to 1")
            for text in ("1.01", "-0.1", "nan", "inf", "", "much")
        ),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused_in_words_and_changes_nothing(
    tmp_path: Path, command: tuple[str, dict[str, str]], words: str
) -> None:
    (answer,) = await follow(tmp_path / "x.db", 3, {1: [command]})
    assert not answer.accepted
    assert words in answer.message
    assert rows(tmp_path / "x.db", "SELECT accepted, message FROM commands") == [(0, answer.message)]


async def test_asking_for_what_is_so_already_says_so(tmp_path: Path) -> None:
    (answer,) = await follow(tmp_path / "x.db", 3, {1: [switch("A1", "true")]})
    assert (answer.accepted, answer.message.split(";")[0]) == (True, "A1 is enabled already")


async def test_while_halted_choices_are_taken_and_the_halt_stays(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    script: Script = {AT: [("kill", {}), switch("A1", "false"), weigh("A2", "0.3")]}
    answers = await follow(database, AT + 3, script)
    assert [(answer.accepted, answer.state) for answer in answers] == [(True, "HALTED")] * 3
    assert Told.of(database).positions == {}


async def test_the_same_choices_at_the_same_bars_are_the_same_run_in_parts_too(tmp_path: Path) -> None:
    script: Script = {5: [switch("A1", "false")], AT: [weigh("A3", "0.9")], 30: [switch("A1", "true")]}
    for name in ("one", "two"):
        await follow(tmp_path / f"{name}.db", BARS, script)
    await follow(tmp_path / "parts.db", AT + 1, script)
    await follow(tmp_path / "parts.db", BARS - AT - 1, script)
    assert len({digest(tmp_path / f"{name}.db") for name in ("one", "two", "parts")}) == 1


async def test_a_book_that_knows_no_choices_yet_is_taken_over(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, AT)
    ((text,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    book = {name: value for name, value in json.loads(text).items() if name not in ("choices", "withdrawals")}
    with closing(sqlite3.connect(database)) as writer, writer:
        writer.execute("UPDATE session_state SET value = ? WHERE name = 'book'", (json.dumps(book),))
    await run(database, BARS - AT)
    await run(tmp_path / "whole.db", BARS)
    assert digest(database) == digest(tmp_path / "whole.db")


async def test_the_audit_holds_the_weights_before_and_after(tmp_path: Path) -> None:
    await follow(tmp_path / "x.db", 3, {1: [weigh("A3", "0.2"), weigh("A3", "0.8")]})
    ((payload,),) = rows(
        tmp_path / "x.db", "SELECT payload FROM audit WHERE kind = 'weights' ORDER BY sequence DESC LIMIT 1"
    )
    facts = json.loads(payload)
    assert {name: facts["before"][name] for name in CONFIGURED} == pytest.approx(CONFIGURED)
    assert facts["after"]["A3"] == 0.5


def test_a_weight_may_be_what_the_configuration_allows() -> None:
    limits = SignalSettings.model_fields["weight"].metadata
    assert (Ge(LEAST_WEIGHT), Le(MOST_WEIGHT)) == tuple(limits)
