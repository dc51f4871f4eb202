"""Retention: old telemetry goes, the books stay, and a thinned database is as sound as any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from store import query
from store.check import check
from store.config import RetentionConfig
from store.database import Database
from store.digest import digest
from store.errors import StoreError
from store.journal import Journal
from store.retention import DAY_MS, step
from store.weight_rows import WeightRow
from tests.store import samples
from tests.store.samples import HOUR_MS, SYMBOLS, opened

START_MS = samples.START_MS // (7 * DAY_MS) * 7 * DAY_MS
DAYS = 60
END_MS = START_MS + DAYS * DAY_MS
ORDERED_MS = START_MS + 100 * HOUR_MS
ALL = RetentionConfig(decision_days=10, reading_days=20, equity_days=30, event_days=40)


async def write(path: Path) -> None:
    """Two months of hourly bars: a decision, a mark, an event; one order; readings that are whole once a week."""
    async with opened(path) as database:
        journal = Journal(database)
        for bar in range(1, DAYS * 24 + 1):
            ts_ms = START_MS + bar * HOUR_MS
            journal.decision(samples.decision(ts_ms, seed=bar))
            journal.equity(ts_ms, replace(samples.totals()), 0.1, 0.1)
            journal.event(replace(samples.event(), ts_ms=ts_ms))
            changed = None if bar % 168 == 1 else np.array([bar % 5 == 0, False])
            if changed is None or changed.any():
                journal.reading(replace(samples.reading(ts_ms), changed=changed, values=np.array([bar, 0.0])))
        journal.order(samples.order(ts_ms=ORDERED_MS))
        journal.fill(samples.fill())
        journal.funding(samples.funding())
        journal.position(samples.position())
        journal.command(samples.command())
        for day in range(0, DAYS, 7):
            journal.weights(
                WeightRow("directional", START_MS + day * DAY_MS, 0, "equal", "{}", b"x" * 900, "")
            )
        await journal.commit()


async def thin(database: Database, keep: RetentionConfig, now_ms: int = END_MS) -> int:
    """All steps there are; how many."""
    steps = 0
    while await database.write(lambda connection: step(connection, keep, now_ms)):
        steps += 1
    return steps


KEPT = (
    "orders",
    "order_events",
    "fills",
    "funding",
    "commands",
    "audit",
    "cost_adoptions",
    "positions",
    "overrides",
    "signal_days",
    "followed_days",
)


async def counts(database: Database) -> dict[str, int]:
    tables = (*KEPT, "decisions", "readings", "equity", "events")
    return {name: (await database.query(f"SELECT count(*) FROM {name}"))[0][0] for name in tables}


@pytest.fixture
async def book(tmp_path: Path) -> Path:
    await write(tmp_path / "x.db")
    return tmp_path / "x.db"


async def test_each_kind_goes_by_its_own_days_and_the_books_stay(book: Path) -> None:
    async with opened(book) as database:
        before = await counts(database)
        await thin(database, ALL)
        after = await counts(database)
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
    assert after["decisions"] == 10 * 24 + 1, "what ordered something is kept"
    assert after["equity"] == 30 * 24 + 30 + 1, "one mark a day, and that of the order"
    assert after["events"] == 40 * 24
    oldest = min(row["ts_ms"] for row in query.events(book))
    assert oldest == END_MS - 40 * DAY_MS + HOUR_MS


async def test_a_thinned_book_is_sound_and_says_how_far(book: Path) -> None:
    async with opened(book) as database:
        await thin(database, ALL)
    report = check(book)
    assert report.findings == ()
    assert report.thinned_until_ms == {
        "decisions": END_MS - 10 * DAY_MS,
        "readings": END_MS - 20 * DAY_MS,
        "equity": END_MS - 30 * DAY_MS,
        "events": END_MS - 40 * DAY_MS,
    }
    assert report.free_bytes > 0


async def test_readings_of_every_kept_moment_are_told_as_before(book: Path) -> None:
    moments = range(END_MS - 20 * DAY_MS, END_MS + 1, 7 * HOUR_MS)
    before = [query.readings(book, at_ms=at_ms) for at_ms in moments]
    async with opened(book) as database:
        count = (await counts(database))["readings"]
        await thin(database, ALL)
        assert (await counts(database))["readings"] < count
    assert [query.readings(book, at_ms=at_ms) for at_ms in moments] == before
    assert all(len(row["cells"]) == len(SYMBOLS) for told in before for row in told)


async def test_why_an_order_was_given_is_told_as_long_as_the_order_is_known(book: Path) -> None:
    why = query.explain(book, "qd1")
    async with opened(book) as database:
        await thin(database, RetentionConfig(decision_days=1, equity_days=1, event_days=1))
    assert query.explain(book, "qd1") == why
    assert why["stages"]


async def test_each_step_takes_a_day_and_nothing_is_thinned_twice(book: Path) -> None:
    async with opened(book) as database:
        assert await thin(database, RetentionConfig(decision_days=10), END_MS + HOUR_MS) == DAYS - 10
        assert await thin(database, RetentionConfig(decision_days=10), END_MS + HOUR_MS) == 0
        assert await thin(database, RetentionConfig(decision_days=10), END_MS + DAY_MS) == 1


async def test_a_day_of_more_events_than_a_step_may_is_noted_when_it_is_gone(tmp_path: Path) -> None:
    path, keep = tmp_path / "x.db", RetentionConfig(event_days=1)
    async with opened(path) as database:
        journal = Journal(database)
        for place in range(12_000):
            # Told a moment late now and then, and one of the next day among them.
            late_ms = 5_000 if place % 100 == 0 else 0
            ts_ms = START_MS + DAY_MS + 1 if place == 700 else START_MS + 10_000 + place - late_ms
            journal.event(replace(samples.event(), ts_ms=ts_ms))
        for day in range(4):
            journal.equity(START_MS + day * DAY_MS + HOUR_MS, samples.totals(), 0.1, 0.1)
        await journal.commit()
        now_ms = START_MS + 3 * DAY_MS
        for left in (7_001, 2_002, 1):
            assert await database.write(lambda connection: step(connection, keep, now_ms))
            noted = check(path).thinned_until_ms.get("events")
            events = query.events(path)
            assert len(events) == left
            assert noted is None or all(event["ts_ms"] > noted for event in events)
            assert (noted is None) == (left > 1)
        assert await thin(database, keep, now_ms) == 1
    assert query.events(path) == []
    assert check(path).thinned_until_ms == {"events": START_MS + 2 * DAY_MS}


async def test_without_days_all_is_kept(book: Path) -> None:
    before = digest(book)
    async with opened(book) as database:
        assert await thin(database, RetentionConfig()) == 0
    assert digest(book) == before


async def test_a_book_without_its_decisions_has_no_digest(book: Path) -> None:
    async with opened(book) as database:
        await thin(database, RetentionConfig(reading_days=1, equity_days=1, event_days=1))
    assert digest(book)
    async with opened(book) as database:
        await thin(database, RetentionConfig(decision_days=10))
    with pytest.raises(StoreError, match="decisions that a digest covers were thinned"):
        digest(book)


async def test_growth_is_told_of_every_table_that_grows(book: Path) -> None:
    sizes = {table.name: table for table in check(book).tables}
    decisions = sizes["decisions"]
    assert decisions.bytes is not None
    assert decisions.bytes_a_day == pytest.approx(decisions.bytes / DAYS, rel=0.02)
    assert sizes["meta"].bytes_a_day is None
    assert sizes["orders"].bytes_a_day == 0
    weights = sizes["weights"]
    assert weights.bytes is not None
    assert weights.bytes_a_day == pytest.approx(weights.bytes / DAYS, rel=0.2), "nine estimates, a week apart"
    async with opened(book) as database:
        await thin(database, ALL)
    thinned = {table.name: table for table in check(book).tables}["events"]
    assert thinned.bytes_a_day == pytest.approx(sizes["events"].bytes_a_day, rel=0.3), "whole pages"
