"""What the journal keeps of readings: only what changed, from which every moment can be told as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.reading_log import WEEK_MS, ReadingLog
from store import query, recall
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
