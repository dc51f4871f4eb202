"""What the journal keeps of readings: only what changed, from which every moment can be told as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from engine.reading_log import WEEK_MS, ReadingLog
from store import query, recall, retention
from store.config import RetentionConfig
from store.journal import Journal
from strategies.evaluate import Readings
from strategies.signal import Reason
from tests.store import samples
from tests.store.samples import HOUR_MS, SYMBOLS, opened

START_MS = samples.START_MS // WEEK_MS * WEEK_MS
BARS = 400
NO_FAULTS = ("", "")
STEPS = {"hourly": HOUR_MS, "daily": 24 * HOUR_MS}


def told_bars() -> list[Readings]:
    """Readings of two signals on two symbols at every hour: most repeat, some are silent, all drift in a statistic."""
    draw = np.random.default_rng(3)
    made: list[Readings] = []
    value, reason = np.zeros((2, 2)), [[Reason.OK] * 2, [Reason.OK] * 2]
    for bar in range(BARS):
        closed = [(START_MS + (bar + 1) * HOUR_MS) // step * step for step in STEPS.values()]
        value = value.copy()
        for row in range(2):
            for column in range(2):
                if (not made or closed[row] != made[-1].closed_ms[row]) and draw.random() < 0.1:
                    value[row, column] = draw.choice([np.nan, np.nan, 0.0, draw.normal()])
                    silence = (Reason.WARMUP, Reason.GAP)[bar % 2]
                    reason[row][column] = silence if np.isnan(value[row, column]) else Reason.OK
        statistics = tuple({"t": np.array([bar + 0.25, np.nan])} for _ in range(2))
        reasons = tuple(tuple(of) for of in reason)
        made.append(
            Readings(
                max(closed),
                tuple(closed),
                value,
                np.where(np.isnan(value), 0.0, 1.0),
                reasons,
                statistics,
                NO_FAULTS,
            )
        )
    return made


@pytest.fixture(scope="module")
def bars() -> list[Readings]:
    return told_bars()


async def write(path: Path, bars: list[Readings], *stops: int) -> None:
    """The bars, in one run or in several."""
    for start, stop in zip((0, *stops), (*stops, len(bars)), strict=True):
        async with opened(path) as database:
            journal = Journal(database)
            log = ReadingLog(journal, list(STEPS), SYMBOLS)
            if start:
                newest_ms = bars[start - 1].ts_ms
                log.restore(await recall.readings(database, newest_ms), bars[start - 1].closed_ms)
            for readings in bars[start:stop]:
                log.write(readings, readings.ts_ms)
                journal.decision(samples.decision(readings.ts_ms))
            await journal.commit()


def said(readings: Readings, row: int, column: int) -> tuple[float | None, float, str]:
    value = readings.value[row, column]
    return (
        None if np.isnan(value) else float(value),
        float(readings.confidence[row, column]),
        readings.reasons[row][column].value,
    )


async def test_every_moment_is_told_as_it_was(tmp_path: Path, bars: list[Readings]) -> None:
    await write(tmp_path / "x.db", bars)
    for readings in bars[::13]:
        for told in query.readings(tmp_path / "x.db", at_ms=readings.ts_ms):
            row = list(STEPS).index(told["signal"])
            for column, symbol in enumerate(SYMBOLS):
                cell = told["cells"][symbol]
                assert (cell["value"], cell["confidence"], cell["reason"]) == said(readings, row, column)


async def test_a_history_has_a_point_for_every_bar_of_the_signal(
    tmp_path: Path, bars: list[Readings]
) -> None:
    await write(tmp_path / "x.db", bars)
    for row, (name, step_ms) in enumerate(STEPS.items()):
        for column, symbol in enumerate(SYMBOLS):
            expected = {readings.closed_ms[row]: said(readings, row, column)[0] for readings in bars}
            for limit in (1, 7, 1_000):
                told = query.reading_history(tmp_path / "x.db", name, symbol, limit=limit, step_ms=step_ms)
                assert [(point["ts_ms"], point["value"]) for point in told] == list(expected.items())[-limit:]


async def test_a_run_in_parts_writes_the_rows_of_the_run_in_one(tmp_path: Path, bars: list[Readings]) -> None:
    await write(tmp_path / "one.db", bars)
    await write(tmp_path / "parts.db", bars, 1, 60, 169, 300)
    assert rows(tmp_path / "parts.db") == rows(tmp_path / "one.db")


OFF_AT, ON_AT = 61, 207
"""The bars from which `switched` is not computed, and is again. Neither ends a day."""


async def write_switched(path: Path, bars: list[Readings], switched: str, *stops: int) -> None:
    """The bars, one signal being off for a while, in one run or in several."""
    for start, stop in zip((0, *stops), (*stops, len(bars)), strict=True):
        async with opened(path) as database:
            journal, before = Journal(database), bars[start - 1]
            log = ReadingLog(journal, *computed(before, start, switched)[:1], SYMBOLS)
            if start:
                _, closed_ms, _ = computed(before, start, switched)
                log.restore(await recall.readings(database, before.ts_ms), closed_ms)
            for bar in range(start, stop):
                if bar in (OFF_AT, ON_AT):
                    names, closed_ms, _ = computed(bars[bar - 1], bar, switched)
                    log = log.of(names, closed_ms)
                _, _, readings = computed(bars[bar], bar, switched)
                log.write(readings, bars[bar].ts_ms)
                journal.decision(samples.decision(bars[bar].ts_ms))
                journal.equity(bars[bar].ts_ms, samples.totals(), 0.0, 0.0)
            await journal.commit()


def computed(readings: Readings, bar: int, switched: str) -> tuple[list[str], tuple[int, ...], Readings]:
    """The signals that are computed at a bar, and of some bar what they say."""
    kept = [row for row, name in enumerate(STEPS) if name != switched or not OFF_AT <= bar < ON_AT]
    closed_ms = tuple(readings.closed_ms[row] for row in kept)
    said = replace(
        readings,
        closed_ms=closed_ms,
        value=readings.value[kept],
        confidence=readings.confidence[kept],
        reasons=tuple(readings.reasons[row] for row in kept),
        statistics=tuple(readings.statistics[row] for row in kept),
    )
    return [list(STEPS)[row] for row in kept], closed_ms, said


@pytest.mark.parametrize("switched", STEPS)
async def test_what_is_off_has_no_reading_in_force_until_it_is_computed_again(
    tmp_path: Path, bars: list[Readings], switched: str
) -> None:
    path = tmp_path / "x.db"
    await write_switched(path, bars, switched)
    row, column = list(STEPS).index(switched), 1
    for bar in (0, OFF_AT - 1, OFF_AT, OFF_AT + 40, ON_AT - 1, ON_AT, ON_AT + 30, BARS - 1):
        told = {told["signal"]: told for told in query.readings(path, at_ms=bars[bar].ts_ms)}
        assert told.keys() == {name for name in STEPS if name != switched or not OFF_AT <= bar < ON_AT}
        if switched in told:
            cell = told[switched]["cells"][SYMBOLS[column]]
            assert (cell["value"], cell["confidence"], cell["reason"]) == said(bars[bar], row, column)
    points = query.reading_history(path, switched, SYMBOLS[column], limit=1_000, step_ms=STEPS[switched])
    silent = range(bars[OFF_AT].ts_ms, bars[ON_AT].ts_ms)
    assert not [point for point in points if point["ts_ms"] in silent]
    assert {point["ts_ms"] for point in points} >= {bars[ON_AT].ts_ms}
    before = [point for point in points if point["ts_ms"] < silent.start]
    expected = {bar.closed_ms[row]: said(bar, row, column)[0] for bar in bars[:OFF_AT]}
    assert [(point["ts_ms"], point["value"]) for point in before] == list(expected.items())


@pytest.mark.parametrize("switched", STEPS)
async def test_interrupted_around_the_switch_the_same_rows_are_written(
    tmp_path: Path, bars: list[Readings], switched: str
) -> None:
    await write_switched(tmp_path / "one.db", bars, switched)
    stops = (OFF_AT, OFF_AT + 1, ON_AT - 1, ON_AT, ON_AT + 1)
    await write_switched(tmp_path / "parts.db", bars, switched, *stops)
    assert rows(tmp_path / "parts.db") == rows(tmp_path / "one.db")


@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize("restored", [True, False], ids=["known from a start", "asked to be ended"])
async def test_what_is_written_elsewhere_is_neither_written_nor_ended_here(
    tmp_path: Path, bars: list[Readings], restored: bool, leaves: bool
) -> None:
    """Of two signals one leaves for another log; whoever leaves to nobody is heard no more."""
    path = tmp_path / "x.db"
    alone = replace(
        bars[1],
        closed_ms=bars[1].closed_ms[:1],
        value=bars[1].value[:1],
        confidence=bars[1].confidence[:1],
        reasons=bars[1].reasons[:1],
        statistics=bars[1].statistics[:1],
    )
    async with opened(path) as database:
        journal = Journal(database)
        both = ReadingLog(journal, list(STEPS), SYMBOLS)
        both.write(bars[0], START_MS + HOUR_MS)
        await journal.commit()
        log = ReadingLog(journal, ["hourly"], SYMBOLS)
        if restored:
            log.restore(await recall.readings(database, START_MS + HOUR_MS), bars[0].closed_ms[:1])
        else:
            log.end("daily")
        if leaves:
            log.leave({"daily"})
        log.write(alone, START_MS + 2 * HOUR_MS)
        await journal.commit()
    heard = {reading["signal"] for reading in query.readings(path)}
    assert heard == ({"hourly", "daily"} if leaves else {"hourly"})


async def test_old_readings_go_and_a_signal_that_is_off_stays_off(
    tmp_path: Path, bars: list[Readings]
) -> None:
    path = tmp_path / "x.db"
    await write_switched(path, bars, "hourly")
    asked_ms = [bars[bar].ts_ms for bar in (OFF_AT + 72, ON_AT - 1, ON_AT, BARS - 1)]
    before = [query.readings(path, at_ms=at_ms) for at_ms in asked_ms]
    count, keep, now_ms = len(rows(path)), RetentionConfig(reading_days=1), bars[OFF_AT + 72].ts_ms
    async with opened(path) as database:
        while await database.write(partial(retention.step, keep=keep, now_ms=now_ms)):
            pass
    assert len(rows(path)) < count
    assert [query.readings(path, at_ms=at_ms) for at_ms in asked_ms] == before


async def test_what_repeats_is_written_once_a_week(tmp_path: Path, bars: list[Readings]) -> None:
    await write(tmp_path / "x.db", [bars[0]] + [moved(bars[0], bar) for bar in range(1, BARS)])
    hourly = [ts_ms for name, ts_ms, whole, _ in rows(tmp_path / "x.db") if name == "hourly" and whole]
    assert len(hourly) == len(rows(tmp_path / "x.db")) - 3
    assert [ts_ms // WEEK_MS - START_MS // WEEK_MS for ts_ms in hourly] == [0, 1, 2]


async def test_a_signal_that_says_otherwise_after_a_restart_is_written(
    tmp_path: Path, bars: list[Readings]
) -> None:
    path, again = tmp_path / "x.db", moved(bars[0], 1)
    await write(path, bars[:1])
    async with opened(path) as database:
        journal = Journal(database)
        log = ReadingLog(journal, list(STEPS), SYMBOLS)
        log.restore(await recall.readings(database, bars[0].ts_ms), bars[0].closed_ms)
        other = again.value + np.array([[0.0, 0.5], [0.0, 0.0]])
        log.write(
            Readings(
                again.ts_ms,
                again.closed_ms,
                other,
                again.confidence,
                again.reasons,
                again.statistics,
                NO_FAULTS,
            ),
            again.ts_ms,
        )
        await journal.commit()
    assert query.readings(path)[1]["cells"]["ETHUSDT"]["value"] == other[0, 1]
    assert len(rows(path)) == 3


def moved(readings: Readings, bars: int) -> Readings:
    """The same said so many hours later, with other statistics."""
    closed = tuple((START_MS + (bars + 1) * HOUR_MS) // step * step for step in STEPS.values())
    statistics = tuple({"t": np.array([float(bars), 0.0])} for _ in range(2))
    return Readings(
        max(closed), closed, readings.value, readings.confidence, readings.reasons, statistics, NO_FAULTS
    )


def rows(path: Path) -> list[tuple[str, int, int, bytes]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT signal, ts_ms, whole, cells FROM readings ORDER BY signal, ts_ms"
        ).fetchall()
