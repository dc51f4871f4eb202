"""Stops that trail: bars worked by hand, a trigger that never moves back, and one that outlives its process."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import example, given
from hypothesis import strategies as st

from engine.venues.account import Account
from engine.venues.config import VenueConfig
from engine.venues.matching import level, play
from engine.venues.simulated import SimulatedVenue, flatten_offline
from engine.venues.watch import watch
from store.records import Order, Side
from tests.engine.venues.conftest import CALM, MakeVenue, Market
from tests.engine.venues.tables import (
    COSTS,
    MISSING,
    SYMBOL,
    Case,
    Prices,
    account,
    assert_exact,
    buy,
    close,
    instrument,
    play_case,
    sell,
    step,
    steps,
    stop,
    target,
    told_ends,
    told_fills,
    trail,
)

FLAT = (100.0, 101.0, 99.0, 100.0)
UP = (100.0, 110.0, 99.0, 106.0)
"""A long opened here at 100.1 is trailed to 101.0 at its close, by 5."""
LATE = VenueConfig(half_spread_bps=10, impact_coefficient=0, latency_bars=1)
BUY, SELL = Side.BUY, Side.SELL
LONG, SHORT = buy("b", "1"), sell("s", "1")
OPENED = "1 b buy 1.00 @ 100.1 taker"
CLOSED = "expired: the position it protected is closed"

CASES = [
    Case(
        "it starts from the average entry price, in the bar of the entry",
        [FLAT, (100.0, 101.0, 95.1, 96.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "1 r sell 1.00 @ 95.0 taker"],
    ),
    Case(
        "it follows the close and no high; reached is enough",
        [FLAT, UP, (106.0, 107.0, 101.1, 106.0), (106.0, 107.0, 101.0, 106.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "3 r sell 1.00 @ 100.8 taker"],
    ),
    Case(
        "a worse close does not move it back",
        [FLAT, UP, (106.0, 107.0, 102.0, 103.0), (103.0, 104.0, 101.0, 103.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "3 r sell 1.00 @ 100.8 taker"],
    ),
    Case(
        "a bar is judged by the closes before it, not by its own",
        [FLAT, UP, (106.0, 120.0, 101.1, 115.0), (115.0, 116.0, 110.0, 112.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "3 r sell 1.00 @ 109.8 taker"],
    ),
    Case(
        "that of a short lies above and comes down",
        [FLAT, (100.0, 101.0, 90.0, 94.0), (94.0, 98.9, 93.0, 95.0), (95.0, 99.0, 94.0, 95.0)],
        [SHORT, trail("r", BUY, 5)],
        ["1 s sell 1.00 @ 99.9 taker", "3 r buy 1.00 @ 99.1 taker"],
    ),
    Case(
        "a gap fills at the open",
        [FLAT, UP, (98.0, 99.0, 97.0, 98.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "2 r sell 1.00 @ 97.9 taker"],
    ),
    Case(
        "whole, whatever the volume",
        [FLAT, (100.0, 101.0, 99.0, 100.0, 1.0), (100.0, 101.0, 95.0, 96.0)],
        [buy("b", "50"), trail("r", SELL, 5)],
        ["1 b buy 50.00 @ 100.1 taker", "2 r sell 50.00 @ 95.0 taker"],
    ),
    Case(
        "before the stop where it is reached first",
        [FLAT, UP, (106.0, 107.0, 90.0, 91.0)],
        [LONG, stop("x", SELL, 5), trail("r", SELL, 5)],
        [OPENED, "2 r sell 1.00 @ 100.8 taker"],
        {"x": CLOSED},
    ),
    Case(
        "after the stop where that is reached first",
        [FLAT, FLAT, (100.0, 101.0, 90.0, 91.0)],
        [LONG, trail("r", SELL, 8), stop("x", SELL, 5)],
        [OPENED, "2 x sell 1.00 @ 95.0 taker"],
        {"r": CLOSED},
    ),
    Case(
        "passed at once by a gap: the stop",
        [FLAT, UP, (90.0, 91.0, 89.0, 90.0)],
        [LONG, trail("r", SELL, 5), stop("x", SELL, 5)],
        [OPENED, "2 x sell 1.00 @ 89.9 taker"],
        {"r": CLOSED},
    ),
    Case(
        "with the target in one bar: the trailing stop",
        [FLAT, (100.0, 110.0, 90.0, 100.0)],
        [LONG, target("t", SELL, 5), trail("r", SELL, 5)],
        [OPENED, "1 r sell 1.00 @ 95.0 taker"],
        {"t": CLOSED},
    ),
    Case(
        "re-sized with the position",
        [FLAT, UP, (106.0, 107.0, 105.0, 106.0), (106.0, 107.0, 101.0, 102.0)],
        [LONG, trail("r", SELL, 5), buy("c", "1", after=1)],
        [OPENED, "2 c buy 1.00 @ 106.2 taker", "3 r sell 2.00 @ 100.8 taker"],
    ),
    Case(
        "a part of the position sold leaves it where it was",
        [FLAT, UP, (106.0, 107.0, 105.0, 106.0), (106.0, 107.0, 101.0, 102.0)],
        [buy("b", "2"), trail("r", SELL, 5), close("c", SELL, "1", after=1)],
        ["1 b buy 2.00 @ 100.1 taker", "2 c sell 1.00 @ 105.8 taker", "3 r sell 1.00 @ 100.8 taker"],
    ),
    Case(
        "an average entry that rises above every close lifts it: 107.675 less 5",
        [FLAT, FLAT, (110.0, 111.0, 102.7, 103.0), (103.0, 104.0, 102.6, 103.0)],
        [LONG, trail("r", SELL, 5), buy("c", "3", after=1)],
        [OPENED, "2 c buy 3.00 @ 110.2 taker", "3 r sell 4.00 @ 102.4 taker"],
    ),
    Case(
        "one that falls does not lower it",
        [FLAT, FLAT, (96.0, 97.0, 95.2, 96.0), (96.0, 97.0, 95.1, 96.0)],
        [LONG, trail("r", SELL, 5), buy("c", "1", after=1)],
        [OPENED, "2 c buy 1.00 @ 96.1 taker", "3 r sell 2.00 @ 95.0 taker"],
    ),
    Case(
        "a close between two ticks counts as the one a sale is rounded to",
        [FLAT, (100.0, 110.0, 99.0, 106.07), (106.0, 107.0, 101.05, 106.0), (106.0, 107.0, 101.0, 106.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "3 r sell 1.00 @ 100.8 taker"],
    ),
    Case(
        "a missing bar moves nothing, nor does one without volume",
        [FLAT, UP, MISSING, (106.0, 120.0, 105.0, 119.0, 0.0), (101.2, 102.0, 101.0, 101.0)],
        [LONG, trail("r", SELL, 5)],
        [OPENED, "4 r sell 1.00 @ 100.8 taker"],
    ),
    Case(
        "closes before it acts do not count",
        [FLAT, (100.0, 120.0, 90.0, 119.0), (100.0, 101.0, 96.0, 100.0), (100.0, 101.0, 95.1, 96.0)],
        [LONG, trail("r", SELL, 5)],
        ["2 b buy 1.00 @ 100.1 taker", "3 r sell 1.00 @ 95.0 taker"],
        config=LATE,
    ),
    Case(
        "over when its position is closed; that of the next one starts anew",
        [
            FLAT,
            (100.0, 121.0, 99.0, 120.0),
            (120.0, 121.0, 119.0, 120.0),
            (100.0, 101.0, 99.0, 100.0),
            (100.0, 101.0, 95.1, 96.0),
        ],
        [
            LONG,
            trail("r", SELL, 5),
            close("c", SELL, "1", after=1),
            buy("d", "1", after=2),
            trail("q", SELL, 5, after=2),
        ],
        [
            OPENED,
            "2 c sell 1.00 @ 119.8 taker",
            "3 d buy 1.00 @ 100.1 taker",
            "4 q sell 1.00 @ 95.0 taker",
        ],
        {"r": CLOSED},
    ),
    Case(
        "over when its position flips, while that of the new side begins",
        [FLAT, FLAT, FLAT, (100.0, 104.9, 99.0, 100.0)],
        [LONG, trail("r", SELL, 5), sell("s", "3", after=1), trail("q", BUY, 5, after=1)],
        [OPENED, "2 s sell 3.00 @ 99.9 taker", "3 q buy 2.00 @ 105.1 taker"],
        {"r": CLOSED},
    ),
    Case(
        "without a position it is over when the bar is",
        [FLAT, MISSING],
        [LONG, trail("r", SELL, 5)],
        [],
        {"b": "canceled: nothing traded in its bar", "r": "expired: no position to protect"},
    ),
    Case(
        "before a liquidation in the same bar",
        [FLAT, FLAT, (100.0, 101.0, 50.0, 60.0)],
        [buy("b", "10"), trail("r", SELL, 20)],
        ["1 b buy 10.00 @ 100.1 taker", "2 r sell 10.00 @ 80.0 taker"],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_bars_in_fills_out(case: Case) -> None:
    books = play_case(case)
    assert told_fills(books) == list(case.fills)
    assert told_ends(books) == dict(case.ends)
    assert not books.trails, "what is over is forgotten"
    assert_exact(books)


def held(*orders: Order) -> Account:
    """A long trailed to 101.0 in its first bar."""
    books = account()
    play(books, step(0, FLAT))
    for one in orders:
        books.accept(one)
    play(books, step(1, UP, before=[FLAT]))
    return books


BARS: list[tuple[str, Prices, bool, int]] = [
    ("the same close again", (106.0, 130.0, 101.1, 106.0), True, 1010),
    ("a worse close", (106.0, 130.0, 101.1, 103.0), True, 1010),
    ("a better one", (106.0, 130.0, 101.1, 106.1), False, 1011),
    ("a missing bar", MISSING, True, 1010),
]


@pytest.mark.parametrize(("title", "bar", "quiet", "ticks"), BARS, ids=[row[0] for row in BARS])
def test_a_bar_is_quiet_unless_it_moves_the_trigger(title: str, bar: Prices, quiet: bool, ticks: int) -> None:
    books = held(LONG, trail("r", SELL, 5))
    books.changes.orders.clear()
    move = step(2, bar, before=[UP])
    assert watch(books).quiet(move) is quiet
    play(books, move)
    assert books.trails == {"r": ticks}
    assert (not books.changes.orders) is quiet, "and playing it agrees"


def test_a_bar_that_has_to_record_where_it_starts_is_not_quiet() -> None:
    books = held(LONG)
    books.accept(trail("r", SELL, 5, after=1))
    assert not watch(books).quiet(step(2, FLAT))
    play(books, step(2, FLAT))
    assert books.trails == {"r": 951}
    assert watch(books).quiet(step(3, FLAT))


prices = st.integers(8_000, 12_000).map(lambda hundredths: hundredths / 100)


@st.composite
def bars(draw: st.DrawFn) -> Prices:
    opening, second, third = draw(st.tuples(prices, prices, prices))
    return (opening, max(opening, second, third), min(opening, second, third), second)


moments = st.lists(st.tuples(bars(), st.integers(-300, 300), st.booleans()), min_size=3, max_size=15)


@given(moments, st.sampled_from((BUY, SELL)), st.integers(1, 250))
@example([((100.0, 105.0, 99.0, 105.0), 0, False), ((105.0, 105.0, 101.0, 102.0), 300, False)], SELL, 50)
def test_the_trigger_never_moves_against_the_position(
    story: list[tuple[Prices, int, bool]], side: Side, offset_ticks: int
) -> None:
    """Whatever is bought, sold or closed beside it; a new order is placed whenever a position may open."""
    books, reached = account(cash="100000000"), dict[str, int]()
    offset = Decimal(offset_ticks) / 10
    entry = buy("e", "5") if side is SELL else sell("e", "5")
    for index, move in enumerate(steps([CALM, *(bar for bar, _, _ in story)], {})):
        play(books, move)
        now = {name: level(books, order) for name, order in books.orders.items() if name.startswith("r")}
        for name, at in now.items():
            assert at is not None
            assert (at.ticks - reached.get(name, at.ticks)) * side.sign <= 0
            asked_for = float(move.close[0]) * 10 + offset_ticks * side.sign
            assert (at.ticks - asked_for) * side.sign <= 1, "at least as near as the last close asks for"
            reached[name] = at.ticks
        if index == 0:
            books.accept(entry)
            books.accept(trail("r0", side, float(offset)))
        elif index < len(story):
            _, size, again = story[index]
            if size:
                make = buy if size > 0 else sell
                books.accept(make(f"m{index}", str(Decimal(abs(size)) / 100), after=index))
            if again:
                books.accept(trail(f"r{index}", side, float(offset), after=index))


class TestOnFile:
    """The trigger is part of the venue's own books."""

    SELDOM = VenueConfig(half_spread_bps=10, impact_coefficient=0, marks_every_ms=60_000)
    WALK = (100, 103, 102, 104, 103, 101, 105, 104.5, 104.7, 109, 108, 107, 105, 106, 103, 104)
    """Closes; most bars move no trigger and are not written."""

    @pytest_asyncio.fixture
    async def opened(self) -> AsyncIterator[Callable[[Path], Any]]:
        """Venues over copies of the file, closed at the end."""
        made: list[SimulatedVenue] = []

        async def open_at(path: Path) -> SimulatedVenue:
            venue = SimulatedVenue(path, (instrument(),), self.SELDOM, Decimal(100_000))
            await venue.open()
            made.append(venue)
            return venue

        yield open_at
        for venue in made:
            await venue.close()

    @staticmethod
    def torn_off(path: Path, life: int) -> Path:
        """The file as a process killed now would leave it."""
        copy = path.parent.parent / f"life {life}" / path.name
        copy.parent.mkdir()
        for part in ("", "-wal"):
            shutil.copy(f"{path}{part}", f"{copy}{part}")
        return copy

    def bars(self) -> list[Prices]:
        pairs = zip(self.WALK, self.WALK[1:], strict=False)
        return [(float(a), max(a, b) + 0.5, min(a, b) - 0.5, float(b)) for a, b in pairs]

    @pytest.mark.parametrize("offset", [4, 6, 20])
    async def test_torn_off_after_every_bar_it_goes_on_as_if_nothing_had_happened(
        self, tmp_path: Path, opened: Callable[[Path], Any], offset: int
    ) -> None:
        (folder := tmp_path / "life 0").mkdir()
        calm, torn = await opened(tmp_path / "calm.venue"), await opened(folder / "torn.venue")
        path, before, bars_trailed = folder / "torn.venue", None, 0
        for index, move in enumerate(steps([CALM, *self.bars()], {})):
            if before is not None:
                path = self.torn_off(path, index)
                torn = await opened(path)
                await torn.advance(before)
            for venue in (calm, torn):
                await venue.advance(move)
                if index == 0:
                    await venue.submit(buy("b", "1"))
                    await venue.submit(stop("x", SELL, 30))
                    await venue.submit(trail("r", SELL, offset))
            assert torn.trailed_to("r") == calm.trailed_to("r")
            assert list(await torn.events(0)) == list(await calm.events(0))
            bars_trailed += torn.trailed_to("r") is not None
            before = move
        assert bars_trailed > 5
        assert len(await calm.fills(0)) == (1 if offset == 20 else 2)

    async def test_cancelled_and_placed_again_it_starts_anew(self, market: Market[SimulatedVenue]) -> None:
        await market.venue.submit(LONG)
        await market.venue.submit(trail("r", SELL, 5))
        await market.bar(UP)
        assert market.venue.trailed_to("r") == Decimal("101.0")
        await market.venue.cancel("r", SYMBOL)
        assert market.venue.trailed_to("r") is None
        await market.venue.submit(trail("q", SELL, 5, after=1))
        assert market.venue.trailed_to("q") is None
        await market.bar((106.0, 107.0, 95.2, 98.0))
        assert market.venue.trailed_to("q") == Decimal("95.1"), (
            "from the average entry, not from where it was"
        )

    async def test_keeping_positions_keeps_it_where_it_is(
        self, market: Market[SimulatedVenue], path: Path, make_venue: MakeVenue
    ) -> None:
        for one in (LONG, buy("l", "1", price=90), trail("r", SELL, 5)):
            await market.venue.submit(one)
        await market.bar(UP)
        await market.venue.cancel_all(keep_protective=True)
        await market.venue.close_out(keep_positions=True)
        await market.venue.close()
        flatten_offline(path, keep_positions=True)
        again = make_venue()
        await again.open()
        assert [report.client_order_id for report in await again.open_orders()] == ["r"]
        assert again.trailed_to("r") == Decimal("101.0")

    async def test_a_flip_forgets_the_old_one_and_begins_the_new(
        self, market: Market[SimulatedVenue], make_venue: MakeVenue
    ) -> None:
        for one in (LONG, trail("r", SELL, 5)):
            await market.venue.submit(one)
        await market.bar(UP)
        for one in (sell("s", "3", after=1), trail("q", BUY, 5, after=1)):
            await market.venue.submit(one)
        await market.bar((106.0, 107.0, 103.0, 104.0))
        await market.venue.close()
        again = make_venue()
        await again.open()
        assert (again.trailed_to("r"), again.trailed_to("q")) == (None, Decimal("109.0"))

    async def test_books_of_the_version_before_are_brought_up_to_this_one(
        self, market: Market[SimulatedVenue], path: Path, make_venue: MakeVenue
    ) -> None:
        await market.venue.submit(LONG)
        await market.venue.submit(stop("x", SELL, 5))
        await market.bar()
        told = list(await market.venue.events(0))
        await market.venue.close()
        with sqlite3.connect(path) as older:
            older.execute("ALTER TABLE orders DROP COLUMN trail_ticks")
            older.execute("PRAGMA user_version = 1")
        older.close()
        market.venue = make_venue(COSTS)
        await market.venue.open()
        assert list(await market.venue.events(0)) == told
        await market.venue.submit(trail("r", SELL, 5, after=1))
        await market.bar(UP)
        assert market.venue.trailed_to("r") == Decimal("101.0")
