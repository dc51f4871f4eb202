"""Parameters of signals that an operator sets while the engine runs: in force from a stated bar on as if they always
had been, kept over restarts, and with a record of their own."""

from __future__ import annotations

import json
import sys
from asyncio import create_subprocess_exec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.commands import DetailKind, Question
from store.check import check
from store.digest import digest
from tests.engine import test_refold
from tests.engine.session_runs import (
    Said,
    Script,
    ScriptedSession,
    engine,
    follow,
    give,
    rows,
    run,
    running,
)
from tests.engine.test_refold import REPOSITORY, ROWS, TAKEN
from tests.engine.test_signal_switching import DAYS, computed, running_part, switch

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

BARS, AT = 30, 20
OTHER: Said = "parameters", {"name": "A2", "parameters": "channels=[[10,5]] stop_ranges=3"}
FLAGS = {"signals__A2__channels": "[[10,5]]", "signals__A2__stop_ranges": "3"}
BACK: Said = "parameters", {"name": "A2", "default": "true"}


def tune(name: str, text: str) -> Said:
    return "parameters", {"name": name, "parameters": text}


def readings_told(database: Path, name: str) -> list[tuple[int, int]]:
    """The bars after which a signal was written, counted from the first decision, and whether as a whole."""
    ((first_ms,),) = rows(database, "SELECT min(ts_ms) FROM decisions")
    told = rows(database, "SELECT ts_ms, whole FROM readings WHERE signal = ? ORDER BY ts_ms", name)
    return [((ts_ms - first_ms) // 3_600_000 + 1, whole) for ts_ms, whole in told if ts_ms >= first_ms]


class Watched(ScriptedSession):
    """A session that keeps what is read before each bar, and at its end the record of every signal."""

    def __init__(self, database: Path, bars: int, script: Script, **flags: str) -> None:
        super().__init__(engine(database, run__bars=str(bars), **flags).configuration, database, script)
        self.read: dict[int, tuple[bytes, bytes]] = {}
        self.record: dict[str, int] = {}

    async def _pace(self, machine: Machine, row: Row) -> bool:
        going_on = await super()._pace(machine, row)
        readings, shadow = machine.market.readings, machine.cycle.shadow
        self.read[machine.book.decisions] = (readings.value.tobytes(), readings.confidence.tobytes())
        assert shadow is not None
        self.record = {signal.name: shadow.days.health(signal.name).days for signal in machine.signals}
        return going_on


async def test_in_force_from_the_stated_bar_on_as_in_a_run_that_began_with_them_and_whole_in_parts(
    tmp_path: Path,
) -> None:
    database, parts = tmp_path / "x.db", tmp_path / "parts.db"
    watched = Watched(database, BARS, {AT: [OTHER]})
    began_with = Watched(tmp_path / "y.db", BARS, {}, **FLAGS)
    await watched.run()
    await began_with.run()
    (answer,) = watched.answers
    assert answer.accepted
    assert answer.message == (
        "A2 channels [[20, 10], [55, 20]] to [[10, 5]], stop_ranges 2.0 to 3.0; its record begins anew; "
        "from 2024-01-01 21:00 UTC on"
    )
    for decided in range(AT, BARS):
        assert watched.read[decided] == began_with.read[decided], decided
    assert watched.read[AT - 1] != began_with.read[AT - 1]
    assert watched.record == {"A1": 1, "A2": 1, "A3": 1}
    told = rows(database, "SELECT payload FROM audit WHERE kind = 'parameters'")
    (facts,) = (json.loads(payload) for (payload,) in told)
    closes = [ts_ms for (ts_ms,) in rows(database, "SELECT ts_ms FROM decisions ORDER BY ts_ms")]
    assert (facts["signal"], facts["from_ms"], facts["reason"]) == ("A2", closes[AT], "told to")
    assert facts["set"] == {"channels": [[10, 5]], "stop_ranges": 3.0}
    assert rows(database, "SELECT kind, accepted, message FROM commands") == [
        ("parameters", 1, answer.message)
    ]
    assert readings_told(database, "A2") == [(AT + 1, 1), (24, 0)], "written whole where it counts first"
    days = rows(database, "SELECT signal, bars FROM signal_days ORDER BY signal")
    assert days == [("A1", 24), ("A2", 24 - AT), ("A3", 24)]
    # Answered, and ended before the next bar.
    await run(parts, AT)
    async with running(engine(parts, run__speed="1")) as session:
        assert (await give(session, OTHER[0], **OTHER[1])).accepted
    await run(parts, BARS - AT)
    assert digest(parts) == digest(database)
    assert rows(parts, ROWS) == rows(database, ROWS)
    assert rows(parts, DAYS) == rows(database, DAYS)
    assert running_part(parts) == running_part(database)
    assert check(parts).sound


async def test_refused_in_one_line_and_nothing_is_changed(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    asked = {
        "signal A99 is not known here": tune("A99", "window=300"),
        "parameters of A2: give at least one": tune("A2", ""),
        "window: write it as name=value": tune("A2", "window"),
        "A2 has no parameter windw": tune("A2", "windw=300"),
        "A2: weight is no parameter": tune("A2", "weight=0.1"),
        "A2 window: input should be a valid integer": tune("A2", "window=many"),
        "A2 stop_ranges: input should be greater than 0": tune("A2", "window=300 stop_ranges=0"),
        "A2: window 30 must exceed": tune("A2", "window=30"),
        "signals.B12: its bars of 15m cannot be made": tune("B12", "bar=15m"),
        "C1: its window of 460 bars of 1d is longer than the history there is, 440": tune(
            "C1", "window=460 bar=1d"
        ),
        "nothing was changed: the past of the signals cannot be folded": OTHER,
    }
    async with running(engine(database, run__speed="1")) as session:
        machine = session._machine
        assert machine is not None
        before, computed = machine.book.dumps(), machine.signals
        machine.feed.beside = lambda: 1 / 0  # type: ignore
        answers = [await give(session, *said[:1], **said[1]) for said in asked.values()]
        assert (machine.book.dumps(), machine.signals) == (before, computed)
    for words, answer in zip(asked, answers, strict=True):
        assert not answer.accepted
        assert answer.message.startswith(words)
        assert "\n" not in answer.message
    assert rows(database, "SELECT count(*) FROM audit WHERE kind = 'parameters'") == [(0,)]
    assert rows(database, "SELECT count(*) FROM commands WHERE NOT accepted") == [(len(asked),)]


@pytest.mark.slow
async def test_kept_over_restarts_shown_as_the_operators_and_taken_back(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    script: Script = {1: [OTHER, tune("A2", "stop_ranges=3"), tune("A2", "stop_ranges=2.0")]}
    answers = await follow(database, 2, script)
    assert [answer.message.partition(";")[0] for answer in answers[1:]] == [
        "A2 has these parameters already",
        "A2 stop_ranges 3.0 to 2.0",
    ]
    # The configuration is changed meanwhile: it holds for what was not set.
    changed = {"signals__A2__channels": "[[30,15]]", "signals__A2__range_period": "25"}
    async with running(engine(database, run__speed="1", **changed)) as session:
        told = await session.detail(Question(DetailKind.SIGNAL, {"name": "A2"}))
        config = await session.detail(Question(DetailKind.CONFIG))
        snapshot = session.snapshot()
        back = await give(session, BACK[0], **BACK[1])
        machine = session._machine
        assert machine is not None
        assert machine.book.tunings["A2"].values == {}
    settings = told["signal"]["settings"]
    assert (settings["channels"], settings["range_period"]) == ([[10, 5]], 25)
    by = {row["name"]: row["by"] for row in told["signal"]["parameters"]}
    assert {name for name, actor in by.items() if actor} == {"channels"}
    assert told["signal"]["change"] == "channels [[10, 5]] by operator@test"
    assert snapshot is not None
    assert {row.change for row in snapshot.weights if row.change} == {told["signal"]["change"]}
    sources = {row["key"]: row["source"] for row in config["rows"] if row["key"].startswith("signals.A2.")}
    assert sources["signals.A2.channels"] == "operator"
    assert sources["signals.A2.range_period"] == "flag"
    assert back.message.startswith("A2 channels [[10, 5]] to [[30, 15]]; its record begins anew")


@pytest.mark.slow
async def test_what_no_longer_fits_the_configuration_is_given_up_and_said(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await follow(database, 2, {1: [tune("A3", "com=15 window=110")]})
    await run(database, 1, signals__A3__efficiency="120")
    (event,) = rows(database, "SELECT level, message FROM events WHERE message LIKE '%given up%'")
    assert event == (
        "ERROR",
        "what operator@test set of A3 is given up for the configuration: "
        "A3: window 110 must exceed horizon and efficiency, here 120",
    )
    assert rows(database, "SELECT count(*) FROM audit WHERE kind = 'parameters'") == [(2,)]
    ((book,),) = rows(database, "SELECT value FROM session_state WHERE name = 'book'")
    assert json.loads(book)["tunings"]["A3"][:2] == [{}, "engine"]
    assert computed(database) == {"A1": 3, "A2": 3, "A3": 1}


@pytest.mark.slow
async def test_of_a_signal_that_is_off_they_count_once_it_is_switched_on(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    script: Script = {
        4: [tune("C1", "period=7"), switch("C1", "shadow")],
        6: [switch("C1", "off"), tune("C1", "period=9"), switch("C1", "shadow")],
        8: [tune("C1", "scalar=2")],
    }
    watched = Watched(database, 10, script)
    began_with = Watched(
        tmp_path / "y.db", 10, {4: [switch("C1", "shadow")]}, signals__C1__period="9", signals__C1__scalar="2"
    )
    await watched.run()
    await began_with.run()
    assert [answer.accepted for answer in watched.answers] == [True] * 6
    assert "it is off: they count once it is switched on" in watched.answers[0].message
    assert watched.read[9] == began_with.read[9]
    assert watched.read[5] != began_with.read[5]
    # Of each of the sets of parameters a reading was written where it counted first.
    assert [bar for bar, whole in readings_told(database, "C1") if whole] == [5, 7, 9]


@pytest.mark.slow
async def test_the_days_of_the_old_parameters_are_no_record_of_the_new_ones_nor_weigh_them(
    tmp_path: Path,
) -> None:
    """Where weights are estimated, the next estimate has not seen the signal."""
    database, flags = tmp_path / "x.db", {"blend__method": "equal", "blend__least_days": "3"}
    flags |= {"blend__every_days": "1"}
    script: Script = {130: [OTHER]}
    watched = Watched(database, 150, script, **flags)
    await watched.run()
    assert "; the next estimate of weights has not seen it" in watched.answers[0].message
    assert watched.record == {"A1": 6, "A2": 1, "A3": 6}
    again = Watched(database, 1, {}, **flags)
    await again.run()
    assert again.record == watched.record
    await follow(tmp_path / "parts.db", 131, script, **flags)
    await follow(tmp_path / "parts.db", 20, script, **flags)
    assert digest(tmp_path / "parts.db") == digest(database)
    results = rows(database, "SELECT result FROM weights WHERE kind = 'directional' ORDER BY estimated_ms")
    why = [json.loads(result)["why"]["A2"] for (result,) in results]
    assert why[-2:] == ["equal", "1 of 3 days known"]


MANY: Script = {
    3: [("weight", {"name": "C5", "weight": "0.5"}), switch("A12", "on"), tune("C5", "flat=0.4")],
    AT - 8: [tune("A1", "cap=1.5 lookbacks=[5,20]"), tune("A12", "top=5"), tune("C5", "full=1.5")],
    AT: [switch("A1", "off"), tune("A1", "cap=1"), OTHER, switch("A1", "on"), BACK],
    AT + 5: [tune("C5", "scalar=2"), ("parameters", {"name": "A1", "default": "true"})],
}


@pytest.mark.slow
async def test_of_every_class_and_however_often_a_run_in_parts_is_the_run_in_one(tmp_path: Path) -> None:
    answers = await follow(tmp_path / "one.db", BARS, MANY)
    assert [answer.message for answer in answers if not answer.accepted] == []
    for start, stop in ((0, 4), (4, AT - 7), (AT - 7, AT + 1), (AT + 1, AT + 6), (AT + 6, BARS)):
        await follow(tmp_path / "parts.db", stop - start, MANY)
    assert digest(tmp_path / "parts.db") == digest(tmp_path / "one.db")
    for sql in (ROWS, DAYS, "SELECT value FROM session_state WHERE name = 'neutral'"):
        assert rows(tmp_path / "parts.db", sql) == rows(tmp_path / "one.db", sql)
    assert running_part(tmp_path / "parts.db") == running_part(tmp_path / "one.db")
    assert check(tmp_path / "parts.db").sound


class Tuning(test_refold.FoldingSession):
    """Its operator wants other parameters before bar `AT` of `test_refold`, and does not wait for them."""

    async def _pace(self, machine: Machine, row: Row) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(test_refold, "WEIGH_C1", OTHER)
            return await super()._pace(machine, row)


@pytest.mark.slow
async def test_what_is_asked_meanwhile_is_done_meanwhile_and_only_the_bar_of_taking_over_counts(
    tmp_path: Path,
) -> None:
    meanwhile: dict[int, list[Said]] = {
        8: [switch("A1", "off"), tune("B1", "scalar=2")],
        9: [switch("A3", "shadow")],
    }
    later: dict[int, list[Said]] = {TAKEN + 2: [switch("A1", "on")]}
    session = Tuning(tmp_path / "x.db", TAKEN + 6, TAKEN)
    session.script |= meanwhile | later
    await session.run()
    assert session.asked is not None
    assert session.asked.result().accepted
    assert [answer.accepted for answer in session.answers] == [True] * 4
    await follow(tmp_path / "y.db", TAKEN + 6, {**meanwhile, TAKEN: [OTHER], **later})
    assert digest(tmp_path / "x.db") == digest(tmp_path / "y.db")
    assert rows(tmp_path / "x.db", ROWS) == rows(tmp_path / "y.db", ROWS)


DIE = (
    "import asyncio, sys; from pathlib import Path; from tests.engine import test_parameters_live as test; "
    "asyncio.run(test.die(Path(sys.argv[1]), sys.argv[2]))"
)


async def die(database: Path, when: str) -> None:
    """As in `test_refold`, where the operator wants other parameters."""
    test_refold.WEIGH_C1 = OTHER
    await test_refold.die(database, when)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["folding", "answered"])
async def test_killed_it_goes_on_as_if_it_had_not_been(tmp_path: Path, when: str) -> None:
    """What was being folded is gone on with; what was taken over is in force, and its end is the uninterrupted one."""
    database, bars = tmp_path / "x.db", 30
    dying = await create_subprocess_exec(sys.executable, "-c", DIE, str(database), when, cwd=REPOSITORY)
    assert await dying.wait() == 9
    decided = len(rows(database, "SELECT ts_ms FROM decisions"))
    assert decided == TAKEN if when == "answered" else decided <= TAKEN
    # What is asked of A2 next waits for what was asked before.
    await follow(database, bars, {decided: [OTHER]})
    await follow(tmp_path / "y.db", decided + bars, {decided: [OTHER, OTHER]})
    told = rows(database, "SELECT accepted, message FROM commands")
    assert told[-1] == (1, "A2 has these parameters already")
    assert digest(database) == digest(tmp_path / "y.db")
    for sql in (ROWS, DAYS):
        assert rows(database, sql) == rows(tmp_path / "y.db", sql)
    assert running_part(database) == running_part(tmp_path / "y.db")
    assert check(database).sound
