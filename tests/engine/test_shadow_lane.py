"""Signals in shadow follow the decisions: read, judged and recorded as if they were computed for them, while nothing
that is traded depends on them, and wherever a run ended they go on as if it had not."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine import lane
from engine.commands import CommandResult, DetailKind, Question
from engine.config import load_config
from engine.config_faults import ConfigFault
from engine.control import OVER
from engine.feeds.feed import Feed
from engine.machine import Machine
from engine.requests import LEFT
from engine.session import Session
from store import query, retention
from store.check import check
from store.config import RetentionConfig
from store.digest import digest
from strategies.registry import BUILT_IN
from tests.engine.session_runs import Script, bars_pass, engine, follow, give, rows, run, running
from tests.engine.test_missing_inputs import market

DAY_BARS, BARS = 24, 30
ON = {"signals__shadow": "on"}
YOUNG = {"sim__history_days": "60"}
"""So little past that it is soon folded."""
QUICK = ON | YOUNG
READ_ONCE = YOUNG | {"signals__shadow": "auto"}
ALL = {kind.name for kind in BUILT_IN}
FOLLOWED = [kind.name for kind in BUILT_IN if not kind.settings().enabled]
INLINE = {f"signals__{name}__enabled": "true" for name in FOLLOWED} | {
    f"signals__{kind.name}__weight": "0"
    for kind in BUILT_IN
    if kind.name in FOLLOWED and "weight" in type(kind.settings()).model_fields
}
READINGS = "SELECT * FROM readings ORDER BY signal, ts_ms"
DAYS = "SELECT * FROM {} WHERE signal NOT IN ('A1', 'A2', 'A3') ORDER BY day_ms, signal"
STATES = "SELECT name, value FROM session_state WHERE name LIKE 'followed%'"


def followed(database: Path) -> list[object]:
    """All that they wrote, and what they go on from; what earlier days left behind of that is nobody's."""
    states = dict(rows(database, STATES))
    slots = json.loads(states["followed"].partition(b"\n")[0])["slots"]
    names = ["followed", "followed cursor", *(f"followed pairs {slot}" for slot in range(slots))]
    running = [states[name] for name in names]
    return [rows(database, READINGS), rows(database, DAYS.format("followed_days")), running]


async def left_behind(database: Path, bars: int) -> None:
    """Trade about so many bars and stop, before they have begun to follow."""
    async with running(engine(database, **QUICK)) as session:
        await bars_pass(session, bars)


async def test_within_a_day_every_signal_has_been_read(tmp_path: Path) -> None:
    await run(tmp_path / "x.db", DAY_BARS, **ON)
    told = {reading["signal"]: reading["cells"] for reading in query.readings(tmp_path / "x.db")}
    assert told.keys() == ALL
    for name, cells in told.items():
        assert len(cells) == 4, name
        for cell in cells.values():
            assert cell["reason"], name
            assert (cell["value"] is None) or -1.0 <= cell["value"] <= 1.0, name
            assert cell["confidence"] is None or 0.0 <= cell["confidence"] <= 1.0, name
    spoken = {
        name for name, cells in told.items() if any(cell["value"] is not None for cell in cells.values())
    }
    # They need more symbols than this market has.
    assert ALL - spoken <= {"A6", "C5", "C6"}
    assert check(tmp_path / "x.db").findings == ()


async def test_they_read_and_would_have_earned_what_they_would_computed_for_the_decisions(
    tmp_path: Path,
) -> None:
    behind, inline = tmp_path / "behind.db", tmp_path / "inline.db"
    await run(behind, BARS, **ON)
    await run(inline, BARS, **INLINE)
    assert rows(behind, READINGS) == rows(inline, READINGS)
    days = rows(behind, DAYS.format("followed_days"))
    assert days == rows(inline, DAYS.format("signal_days"))
    assert {row[1] for row in days} == set(FOLLOWED)
    assert any(row[3] for row in days), "somebody earned something"


async def test_nothing_that_is_traded_depends_on_them(tmp_path: Path) -> None:
    for shadow in ("on", "off", "auto"):
        await run(tmp_path / f"{shadow}.db", BARS, signals__shadow=shadow)
    assert digest(tmp_path / "on.db") == digest(tmp_path / "off.db") == digest(tmp_path / "auto.db")
    assert {name for (name,) in rows(tmp_path / "off.db", "SELECT DISTINCT signal FROM readings")} < ALL


async def test_in_parts_they_come_to_what_they_come_to_in_one(tmp_path: Path) -> None:
    await run(tmp_path / "one.db", BARS, **QUICK)
    for bars in (3, 9, 18):
        await run(tmp_path / "parts.db", bars, **QUICK)
    one, parts = tmp_path / "one.db", tmp_path / "parts.db"
    assert digest(parts) == digest(one)
    assert followed(parts) == followed(one)


async def test_a_run_without_them_ends_what_they_said_and_the_next_begins_anew(tmp_path: Path) -> None:
    database, told = tmp_path / "x.db", []
    for bars, shadow in ((3, "on"), (9, "off"), (30, "on")):
        await run(database, bars, signals__shadow=shadow, **YOUNG)
        told.append({reading["signal"] for reading in query.readings(database)})
    assert told == [ALL, {"A1", "A2", "A3"}, ALL]
    for reading in query.readings(database):
        assert len(reading["cells"]) == 4, reading["signal"]
    ((bars,),) = rows(database, "SELECT DISTINCT bars FROM followed_days")
    assert bars == 12, "the day they came back in, from there on"


async def test_stopped_while_they_follow_they_go_on_where_they_stood(tmp_path: Path) -> None:
    one, parts = tmp_path / "one.db", tmp_path / "parts.db"
    async with running(engine(parts, run__speed="360000", **QUICK)) as session:
        await bars_pass(session, 12)
    done = rows(parts, "SELECT count(*) FROM decisions")[0][0]
    await run(parts, 60 - done, **QUICK)
    await run(one, 60, **QUICK)
    assert followed(parts) == followed(one)


async def test_a_stop_waits_for_nothing_of_them(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 400)
    session, catching_up = engine(database, run__bars="1", **QUICK), asyncio.Event()
    session.add_listener(lambda event: catching_up.set() if "catch up" in event.message else None)
    work = asyncio.create_task(session.run())
    await catching_up.wait()
    began_s = time.monotonic()
    session.request_stop("keep", "test", "over")
    await work
    assert time.monotonic() - began_s < 2.0
    ((standing,),) = rows(database, "SELECT value FROM session_state WHERE name = 'followed cursor'")
    ((last_ms,),) = rows(database, "SELECT max(ts_ms) FROM decisions")
    assert json.loads(standing)[0] < last_ms


async def test_a_paced_run_does_not_wait_for_what_the_next_one_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 48)
    monkeypatch.setattr(lane, "FIRST_WITHIN_S", 0.0)
    monkeypatch.setattr(lane, "PACED_WITHIN_S", 0.0)
    summary = await run(database, 1, run__speed="360000", **QUICK)
    # Whether they have begun to fold their past by then is a matter of milliseconds.
    words = summary.shadow
    assert re.fullmatch(
        r"signals in shadow have not followed the (last \d+ )?decisions yet; the next run goes on where they stand",
        words,
    )
    assert summary.as_text().splitlines()[-1] == words
    told = rows(database, "SELECT message FROM events WHERE source = 'engine.lane' AND level = 'WARN'")
    assert told == [(words,)]
    assert (await run(database, 1, **QUICK)).shadow == ""
    assert {reading["signal"] for reading in query.readings(database)} == ALL


async def test_while_they_catch_up_with_the_last_bar_an_operator_says_how_the_next_run_begins(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 200)
    session, catching_up = engine(database, run__bars="1", **QUICK), asyncio.Event()
    session.add_listener(lambda event: catching_up.set() if "catch up" in event.message else None)
    work = asyncio.create_task(session.run())
    await catching_up.wait()
    assert session.phase == "finished"
    told = [await give(session, "flatten", symbol="BTCUSDT"), await give(session, "pause")]
    assert [(answer.accepted, answer.message) for answer in told] == [(False, OVER), (True, "entries paused")]
    await work
    await run(database, 1, **YOUNG)
    assert rows(database, "SELECT state FROM decisions ORDER BY ts_ms DESC LIMIT 2") == [
        ("REDUCING",),
        ("ACTIVE",),
    ]


async def test_what_goes_wrong_with_them_is_said_and_ends_them_alone(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await run(database, 2, **QUICK)
    with closing(sqlite3.connect(database)) as book:
        book.execute("UPDATE session_state SET value = 'torn' WHERE name = 'followed cursor'")
        book.commit()
    assert (await run(database, 6, **QUICK)).bars == 6
    told = rows(database, "SELECT message FROM events WHERE source = 'engine.lane' AND level = 'ERROR'")
    assert len(told) == 1
    assert told[0][0].startswith("signals in shadow are followed no further: ")


async def test_where_decisions_were_thinned_they_begin_anew_and_say_so(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 96)
    ((last_ms,),) = rows(database, "SELECT max(ts_ms) FROM decisions")
    with closing(sqlite3.connect(database, isolation_level=None)) as book:
        while retention.step(book, RetentionConfig(decision_days=1), last_ms):
            pass
    await run(database, DAY_BARS, **QUICK)
    told = rows(database, "SELECT message FROM events WHERE source = 'engine.lane' AND level = 'WARN'")
    assert len(told) == 1
    assert "were thinned: signals in shadow begin anew there" in told[0][0]
    assert dict(rows(database, "SELECT signal, max(ts_ms) FROM readings GROUP BY signal"))["B12"] > last_ms


@pytest.mark.parametrize("shadow", ["sometimes", "true"])
def test_the_key_takes_three_words(tmp_path: Path, shadow: str) -> None:
    with pytest.raises(ConfigFault, match=r"signals\.shadow"):
        engine(tmp_path / "x.db", signals__shadow=shadow)


async def test_whoever_is_given_a_weight_is_let_go_and_taken_up_again_when_it_goes_back(
    tmp_path: Path,
) -> None:
    """What is traded is what is traded without followers, and every bar is read by somebody."""
    script: Script = {
        4: [("weight", {"name": "C1", "weight": "0.5"}), ("signal", {"name": "B12", "state": "off"})],
        9: [("signal", {"name": "B12", "state": "shadow"}), ("signal", {"name": "A12", "state": "on"})],
        14: [("signal", {"name": "A12", "state": "shadow"}), ("signal", {"name": "B2", "state": "shadow"})],
    }
    database = tmp_path / "x.db"
    answers = await follow(database, 20, script, **QUICK)
    assert [answer.accepted for answer in answers] == [True] * 6
    assert "; its record begins anew; weights" in answers[0].message
    assert answers[2].message.startswith("B12 in shadow: followed behind the decisions, not traded")
    assert answers[5].message.startswith(
        "B2 is in shadow: followed behind the decisions, not traded, already"
    )
    await follow(tmp_path / "alone.db", 20, script, **YOUNG)
    assert digest(database) == digest(tmp_path / "alone.db")
    await run(database, 10, **QUICK)
    assert {reading["signal"] for reading in query.readings(database)} == ALL
    for reading in query.readings(database):
        assert len(reading["cells"]) == 4, reading["signal"]
    days = {name for (name,) in rows(database, "SELECT DISTINCT signal FROM followed_days")}
    assert days == set(FOLLOWED) - {"C1"}
    assert ("C1",) in rows(database, "SELECT DISTINCT signal FROM signal_days")
    assert check(database).findings == ()


async def test_where_the_last_one_is_switched_off_nobody_is_waited_for(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    alone = {name: value for name, value in INLINE.items() if not name.startswith("signals__B12")}
    await run(database, 6, **QUICK, **alone)
    for at, state, heard in ((8, "off", ALL - {"B12"}), (12, "shadow", ALL)):
        async with asyncio.timeout(60):
            await follow(database, 4, {at: [("signal", {"name": "B12", "state": state})]}, **QUICK, **alone)
        assert {reading["signal"] for reading in query.readings(database)} == heard


async def test_a_follower_reads_with_the_parameters_an_operator_set(tmp_path: Path) -> None:
    script: Script = {4: [("parameters", {"name": "C4", "parameters": "period=15"})]}
    (answer,) = await follow(tmp_path / "x.db", BARS, script, **QUICK)
    assert answer.accepted
    assert "in shadow: its record begins anew" in answer.message
    await run(tmp_path / "always.db", BARS, signals__C4__period="15", **QUICK)
    last = "SELECT cells FROM readings WHERE signal = 'C4' ORDER BY ts_ms DESC LIMIT 1"
    assert rows(tmp_path / "x.db", last) == rows(tmp_path / "always.db", last)


async def test_the_picture_shows_them_in_shadow_with_what_they_say_and_would_have_earned(
    tmp_path: Path,
) -> None:
    session = engine(tmp_path / "x.db", run__speed="360000", **ON)
    async with running(session):
        snapshot = session.snapshot()
        assert snapshot is not None
        notes = {row.note for row in snapshot.weights if row.followed}
        assert notes <= {"warming up: its past is folded beside the bars", ""}
        read = asyncio.Event()
        session.add_beat_listener(lambda loop: read.set() if _all_read(session) else None)
        await read.wait()
        snapshot = session.snapshot()
        assert snapshot is not None
        weights = {row.name: row for row in snapshot.weights}
        assert [weights[name].state for name in ("A1", "A4", "B12", "C8")] == ["on"] + ["shadow"] * 3
        b12 = weights["B12"]
        assert (b12.weight, b12.followed, b12.opinions, b12.symbols) == (0.0, True, 4, 4)
        assert b12.age_ms is not None
        assert b12.why.startswith("in shadow: followed behind the decisions")
        for row in snapshot.signals:
            assert {cell.name for cell in row.cells} == ALL
            assert all(cell.reason for cell in row.cells)
        told = await session.detail(Question(DetailKind.SIGNAL, {"name": "A9"}))
        assert told["signal"]["state"] == "shadow"
        assert {reading["symbol"] for reading in told["symbols"]} == {row.symbol for row in snapshot.signals}
        assert all(reading["reason"] for reading in told["symbols"])


def _all_read(session: Session) -> bool:
    snapshot = session.snapshot()
    return snapshot is not None and {cell.name for row in snapshot.signals for cell in row.cells} == ALL


async def test_a_replay_at_full_speed_reads_them_once_at_its_end_and_names_what_they_lack(
    tmp_path: Path,
) -> None:
    flags: dict[str, str | list[str]] = {
        "run.mode": "replay",
        "run.speed": "max",
        "run.timerange": "20210409-",
    }
    flags["run.data"] = market(tmp_path)
    database = tmp_path / "x.db"
    summary = await Session(load_config(None, {}, flags, {}), database).run()
    told = {reading["signal"]: reading for reading in query.readings(database)}
    assert told.keys() == ALL
    assert rows(database, "SELECT count(*) FROM readings WHERE signal = 'B12'") == [(1,)]
    assert told["B12"]["ts"] == summary.last_ts_ms
    assert told["A12"]["cells"]["BTCUSDT"]["reason"] == "NO_INPUT"
    said = dict(rows(database, "SELECT source, message FROM events WHERE source LIKE 'signals.%'"))
    assert said["signals.A12"] == "A12 in shadow: it reads what is not known here: mvrv_z"
    # It could do without each venue's, and has none of what it reads.
    assert said["signals.A9"] == "A9 in shadow: it reads what is not known here: implied_volatility"
    assert "signals.A4" not in said
    flags |= {f"signals.{name}.enabled": "true" for name in FOLLOWED}
    flags |= {key.replace("__", "."): value for key, value in INLINE.items()}
    inline = tmp_path / "inline.db"
    await Session(load_config(None, {}, flags, {}), inline).run()
    assert digest(inline) == digest(database)
    assert said_of(inline) == said_of(database)


def said_of(database: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    """What is in force; the statistics behind it are those of when it was first said."""
    return {
        (reading["signal"], symbol): (cell["value"], cell["confidence"], cell["reason"])
        for reading in query.readings(database)
        for symbol, cell in reading["cells"].items()
    }


async def test_a_signal_that_is_computed_from_a_bar_on_leaves_the_others_to_be_read_once(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    await follow(database, 6, {2: [("signal", {"name": "B1", "state": "on"})]}, **READ_ONCE)
    assert {reading["signal"] for reading in query.readings(database)} == ALL


class Late(Session):
    """A session whose operator wants B1 computed while those in shadow are read; that is held open until the answer."""

    answer: CommandResult | None = None

    async def _let_followers_finish(self, machine: Machine) -> None:
        beside, reads, go_on = machine.feed.beside, threading.Event(), threading.Event()

        def held() -> Feed:
            if not reads.is_set():
                reads.set()
                go_on.wait()
            return beside()

        async def ask() -> None:
            await asyncio.to_thread(reads.wait)
            self.answer = await give(self, "signal", name="B1", state="on")
            go_on.set()

        machine.feed.beside = held  # type: ignore
        self._watch(ask())
        await super()._let_followers_finish(machine)


async def test_what_is_asked_while_they_are_read_once_is_left_to_the_next_run_and_they_are_read(
    tmp_path: Path,
) -> None:
    database = tmp_path / "x.db"
    session = Late(engine(database, run__bars="2", **READ_ONCE).configuration, database)
    summary = await session.run()
    assert session.answer == CommandResult(True, LEFT, "ACTIVE")
    assert summary.shadow == ""
    assert {reading["signal"] for reading in query.readings(database)} == ALL
    (again,) = await follow(database, 2, {2: [("signal", {"name": "B1", "state": "on"})]}, **YOUNG)
    assert again.message.startswith("B1 is enabled already")


@pytest.mark.slow
async def test_a_kill_while_they_fold_is_carried_out_and_they_go_on_behind_it(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 200)
    session, read = engine(database, run__speed="360000", **QUICK), asyncio.Event()
    async with running(session), asyncio.timeout(60):
        await bars_pass(session, 110)
        began_s = time.monotonic()
        answer = await give(session, "kill")
        assert (answer.accepted, answer.state) == (True, "HALTED")
        assert time.monotonic() - began_s < 1.0
        session.add_beat_listener(lambda loop: read.set() if _all_read(session) else None)
        await read.wait()
    await run(database, 1, **QUICK)
    assert {reading["signal"] for reading in query.readings(database)} == ALL
