"""Where what they were to follow is thinned away before they come to it, followers begin anew further on: no bar is
folded again for it, and a run at full speed outruns them a few times at most."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from engine import lane
from engine.assembly import assemble
from engine.feeds.feed import BarBlock, Feed
from engine.lane_books import Ends, LaneBooks, LaneSource
from engine.shadow_terms import Terms
from store import retention
from store.config import RetentionConfig
from store.journal import Journal
from tests.engine.session_runs import engine, rows, run
from tests.engine.test_shadow_lane import ON, QUICK, YOUNG, left_behind

HOUR_MS = 3_600_000
GOES_ON = threading.Event()


class CountedFeed:
    """A feed that counts the bars read of it."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.bars = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def read(self, first_open_ms: int, count: int) -> BarBlock:
        block = self._feed.read(first_open_ms, count)
        self.bars += len(block)
        return block


def thin(database: Path, until_ms: int) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as book:
        while retention.step(book, RetentionConfig(decision_days=1), until_ms):
            pass


async def test_no_bar_is_folded_twice(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    await left_behind(database, 120)
    first_ms, last_ms = rows(database, "SELECT min(ts_ms), max(ts_ms) FROM decisions")[0]
    machine = await assemble(engine(database, **QUICK).configuration, database)
    try:
        signals = tuple(signal for signal in machine.known_signals if not signal.settings.enabled)
        terms = Terms.of(machine.feed.instruments, 1.0, machine.cycle.parameters)

        def opened() -> tuple[LaneBooks, CountedFeed]:
            feed = CountedFeed(machine.feed.beside())
            source = LaneSource(cast(Feed, feed), machine.make_market, terms, 0.2, database)
            return LaneBooks.open(
                source, Journal(machine.database), signals, Ends(last_ms, {}), GOES_ON
            ), feed

        books, feed = opened()
        assert books.cursor.close_ms == first_ms - HOUR_MS
        thin(database, last_ms)
        anew_ms = books.follow(last_ms, GOES_ON)
        assert anew_ms is not None
        read = feed.bars
        books.begin_anew(anew_ms, {}, GOES_ON)
        assert feed.bars - read == (anew_ms - first_ms + HOUR_MS) // HOUR_MS
        anew, _ = opened()
        anew.begin_anew(anew_ms, {}, GOES_ON)
        for each in (books, anew):
            while each.cursor.close_ms < last_ms:
                assert each.follow(last_ms, GOES_ON) is None
        nobody = machine.market.forecasts.past()
        one, other = books.view(nobody), anew.view(nobody)
        assert (one.cells, one.facts, one.health) == (other.cells, other.facts, other.health)
        assert books.cursor == anew.cursor
    finally:
        await machine.close()


@pytest.mark.slow
async def test_at_full_speed_they_are_outrun_a_few_times_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "BEGINS_AFTER_S", 0.0)
    database = tmp_path / "x.db"
    await run(database, 6000, store__retention__decision_days="1", **ON, **YOUNG)
    told = rows(
        database,
        "SELECT message FROM events WHERE source = 'engine.lane' AND level = 'WARN' ORDER BY sequence",
    )
    assert 1 <= len(told) <= lane.MOST_OUTRUN + 1
