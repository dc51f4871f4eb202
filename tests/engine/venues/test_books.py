"""The venue's file: it outlives the engine, is shared by processes, and is never half-written."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from engine.venues import books as books_module
from engine.venues.account import RECENT_EVENTS
from engine.venues.config import VenueConfig
from engine.venues.simulated import SimulatedVenue, flatten_offline
from engine.venues.venue import Unresolved, VenueUnavailable
from store.records import Side
from tests.engine.venues.conftest import CALM, MakeVenue, Market
from tests.engine.venues.tables import COSTS, SYMBOL, buy, instrument, sell, step, stop, target

Trading = Market[SimulatedVenue]

SELDOM = VenueConfig(half_spread_bps=10, impact_coefficient=0, marks_every_ms=60_000)
AT_ONCE = VenueConfig(half_spread_bps=10, impact_coefficient=0, marks_every_ms=0)


async def picture(venue: SimulatedVenue) -> tuple[object, ...]:
    """Everything the venue can be asked."""
    return (
        list(await venue.events(0)),
        list(await venue.open_orders()),
        list(await venue.order_history(0)),
        list(await venue.fills(0)),
        list(await venue.funding(0)),
        list(await venue.positions()),
        await venue.balance(),
    )


async def busy_day(market: Trading) -> None:
    """A position with protection, a working limit, funding, a cancel and an expiry."""
    for one in (buy("a", "1.5"), stop("x", Side.SELL, 5), target("t", Side.SELL, 9), buy("l", "1", price=90)):
        await market.venue.submit(one)
    await market.bar(funding=[(0, 0.001), (9, 0.001)])
    await market.venue.submit(sell("s", "0.5", after=1))
    await market.venue.submit(buy("c", "1", after=1))
    await market.venue.cancel("c", SYMBOL)
    await market.bar(CALM, funding=[(0, -0.0003)])
    await market.venue.submit(buy("w", "1", after=2, price=95))


class TestReopening:
    async def test_restores_everything(self, market: Trading, make_venue: MakeVenue) -> None:
        await busy_day(market)
        before = await picture(market.venue)
        await market.venue.close()
        again = make_venue()
        await again.open()
        assert await picture(again) == before

    async def test_and_goes_on_as_if_nothing_had_happened(
        self, market: Trading, make_venue: MakeVenue, tmp_path: Path
    ) -> None:
        other = Market(SimulatedVenue(tmp_path / "other.venue", (instrument(),), COSTS, Decimal(100_000)))
        await other.venue.open()
        await other.bar()
        for one in (market, other):
            await busy_day(one)
        await market.venue.close()
        market.venue = make_venue()
        await market.venue.open()
        for one in (market, other):
            await one.bar((100.0, 101.0, 94.0, 96.0))
            await one.bar((96.0, 120.0, 95.0, 100.0))
        assert await picture(market.venue) == await picture(other.venue)
        await other.venue.close()

    async def test_a_cancel_that_lost_its_race_still_races(
        self, market: Trading, make_venue: MakeVenue
    ) -> None:
        await market.venue.submit(buy("a", "1"))
        await market.venue.cancel_too_late("a")
        await market.venue.close()
        market.venue = make_venue()
        await market.venue.open()
        assert not await market.venue.open_orders()
        await market.bar()
        report = await market.venue.order("a", SYMBOL)
        assert report is not None
        assert report.status == "filled"

    async def test_cash_in_the_file_beats_cash_in_the_call(
        self, market: Trading, make_venue: MakeVenue
    ) -> None:
        await market.venue.close()
        again = make_venue(cash="5")
        await again.open()
        assert (await again.balance()).cash == 100_000

    async def test_a_symbol_no_longer_traded_can_still_be_closed(
        self, market: Trading, make_venue: MakeVenue
    ) -> None:
        await market.venue.submit(buy("a", "1"))
        await market.bar()
        await market.venue.close()
        again = make_venue(COSTS, instrument("ETHUSDT"))
        await again.open()
        await again.advance(step(2, CALM))
        assert [p.symbol for p in await again.positions()] == [SYMBOL]
        assert len((await again.close_out()).fills) == 1


class TestOffline:
    """With no engine alive the file is all there is."""

    async def test_flat_at_the_last_close_at_the_cost_of_any_market_order(
        self, market: Trading, path: Path, make_venue: MakeVenue
    ) -> None:
        await busy_day(market)
        await market.bar((100.0, 101.0, 99.0, 98.0))
        sequence = len(await market.venue.events(0))
        await market.venue.close()
        done = flatten_offline(path)
        assert [(f.side, f.quantity, f.price, f.maker) for f in done.fills] == [
            (Side.SELL, Decimal(1), Decimal("97.9"), False)
        ]
        assert done.fills[0].fee == Decimal("97.9") * Decimal("0.001")
        again = make_venue()
        await again.open()
        news = await again.events(sequence)
        assert [event.fill for event in news if event.fill] == list(done.fills)
        assert not await again.positions()
        assert not await again.open_orders()

    async def test_whatever_the_volume(self, market: Trading, path: Path) -> None:
        await market.venue.submit(buy("a", "50"))
        await market.bar((100.0, 101.0, 99.0, 100.0, 1.0), before=[CALM])
        await market.venue.close()
        assert flatten_offline(path).fills[0].quantity == 50

    async def test_positions_kept_with_what_protects_them(
        self, market: Trading, path: Path, make_venue: MakeVenue
    ) -> None:
        await busy_day(market)
        await market.venue.close()
        assert flatten_offline(path, keep_positions=True).cancelled == 1
        again = make_venue()
        await again.open()
        assert [r.client_order_id for r in await again.open_orders()] == ["x", "t"]
        assert len(await again.positions()) == 1

    async def test_twice_is_once(self, market: Trading, path: Path) -> None:
        await busy_day(market)
        await market.venue.close()
        flatten_offline(path)
        assert flatten_offline(path).fills == ()

    async def test_a_wedged_engine_learns_of_it(self, market: Trading, path: Path) -> None:
        """The other process acts while this one holds the file open and believes in a position."""
        await busy_day(market)
        await asyncio.to_thread(flatten_offline, path)
        assert not await market.venue.positions()
        sequence = (await market.venue.events(0))[-1].sequence
        await market.bar((100.0, 101.0, 50.0, 60.0))
        assert (await market.venue.events(0))[-1].sequence == sequence, "nothing was left to fill"

    async def test_quiet_bars_of_a_wedged_engine_are_not_forgotten(
        self, path: Path, make_venue: MakeVenue
    ) -> None:
        market = Market(make_venue(SELDOM))
        await market.venue.open()
        await market.bar()
        await market.venue.submit(buy("a", "1"))
        for _ in range(5):
            await market.bar()
        await asyncio.to_thread(flatten_offline, path)
        await market.venue.submit(buy("b", "1", after=5))
        await market.venue.advance(market.shown[-1])
        assert len(await market.venue.fills(0)) == 2, (
            "the bar seen before the other process came is not played twice"
        )

    def test_nothing_to_close(self, path: Path) -> None:
        with pytest.raises(VenueUnavailable, match="no venue's books"):
            flatten_offline(path)
        assert not path.exists()


class TestMarks:
    async def test_quiet_bars_write_nothing_until_it_is_time(self, path: Path, make_venue: MakeVenue) -> None:
        market = Market(make_venue(SELDOM))
        await market.venue.open()
        await market.venue.submit(stop("x", Side.SELL, 5))
        await market.bar()
        await market.bar()
        watcher = sqlite3.connect(path)
        before = watcher.execute("PRAGMA data_version").fetchone()
        for _ in range(20):
            await market.bar()
        assert watcher.execute("PRAGMA data_version").fetchone() == before
        await market.venue.close()
        assert watcher.execute("PRAGMA data_version").fetchone() != before
        assert watcher.execute("SELECT open_ms FROM account").fetchone() == (market.shown[-1].open_ms,)
        watcher.close()

    async def test_the_last_quiet_bar_before_a_pause_is_recorded(
        self, path: Path, make_venue: MakeVenue
    ) -> None:
        market = Market(make_venue(AT_ONCE))
        await market.venue.open()
        await market.bar()
        await market.bar((100.0, 101.0, 99.0, 97.5))
        watcher = sqlite3.connect(path)
        async with asyncio.timeout(10):
            # The file is all that tells another process; there is no event to wait for.
            while watcher.execute("SELECT close FROM marks").fetchone() != (97.5,):  # noqa: ASYNC110
                await asyncio.sleep(0)
        watcher.close()


class TestEvents:
    async def test_older_ones_come_from_the_file(self, market: Trading, make_venue: MakeVenue) -> None:
        for index in range(RECENT_EVENTS):
            await market.venue.submit(buy(f"a{index}", "0.2", price=90))
        await market.bar()
        events = list(await market.venue.events(0))
        assert [event.sequence for event in events] == list(range(1, 2 * RECENT_EVENTS + 1))
        assert list(await market.venue.events(5)) == events[5:]
        await market.venue.close()
        again = make_venue()
        await again.open()
        assert list(await again.events(0)) == events


class TestTrouble:
    async def test_a_full_disk_leaves_the_books_as_they_were(self, market: Trading, path: Path) -> None:
        await busy_day(market)
        with fully_occupied(market):
            with pytest.raises(Unresolved, match="full"):
                await orders_without_end(market)
            with pytest.raises(VenueUnavailable, match="full"):
                await funding_without_end(market)
            lost = market.shown[-1]
        await market.venue.advance(lost)
        paid = await market.venue.funding(0)
        assert paid[-1].ts_ms == lost.open_ms, (
            "the bar that could not be written is played once there is room"
        )
        assert len({payment.funding_id for payment in paid}) == len(paid)
        cash = (await market.venue.balance()).cash
        reader = sqlite3.connect(path)
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert Decimal(reader.execute("SELECT cash FROM account").fetchone()[0]) == cash
        reader.close()

    async def test_a_cancelled_caller_leaves_no_half_order(self, market: Trading) -> None:
        waiting = asyncio.ensure_future(market.venue.submit(buy("a", "1")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        report = await market.venue.order("a", SYMBOL)
        assert report is None or report.status == "accepted"
        await market.bar()
        assert len(await market.venue.fills(0)) == (0 if report is None else 1)

    async def test_a_cancelled_caller_does_not_let_others_overtake_what_it_began(
        self, market: Trading, path: Path
    ) -> None:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        first, second = (asyncio.ensure_future(market.venue.submit(buy(name, "1"))) for name in "ab")
        await asyncio.sleep(0)
        second.cancel()
        third = asyncio.ensure_future(market.venue.open_orders())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not third.done()
        other.execute("ROLLBACK")
        other.close()
        assert [report.client_order_id for report in await third] == ["a", "b"]
        await first

    async def test_a_locked_file_blocks_the_order_never_the_loop(
        self, market: Trading, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.ensure_future(market.venue.submit(buy("a", "1")))
        loop = asyncio.get_running_loop()
        gaps, last_s = [], loop.time()
        for _ in range(30):
            await asyncio.sleep(0.005)
            gaps.append(loop.time() - last_s)
            last_s = loop.time()
        assert not waiting.done()
        assert sorted(gaps)[len(gaps) // 2] < 0.05
        other.execute("ROLLBACK")
        other.close()
        assert (await waiting).status == "accepted"

    async def test_a_file_locked_for_too_long_leaves_the_outcome_unknown(
        self, path: Path, make_venue: MakeVenue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(books_module, "LOCK_TIMEOUT_S", 0.05)
        market = Market(make_venue())
        await market.venue.open()
        await market.bar()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unresolved, match="locked"):
            await market.venue.submit(buy("a", "1"))
        other.execute("ROLLBACK")
        other.close()
        assert await market.venue.order("a", SYMBOL) is None

    @pytest.mark.parametrize(
        ("content", "message"),
        [(b"not a database, " * 100, "not a database"), (b"", "")],
        ids=["garbage", "empty: new books"],
    )
    async def test_what_lies_there_already(
        self, path: Path, make_venue: MakeVenue, content: bytes, message: str
    ) -> None:
        path.write_bytes(content)
        if not message:
            await make_venue().open()
            return
        with pytest.raises(VenueUnavailable, match=message):
            await make_venue().open()
        assert path.read_bytes() == content

    async def test_somebody_else_s_database_is_left_alone(self, path: Path, make_venue: MakeVenue) -> None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (x)")
        other.close()
        with pytest.raises(VenueUnavailable, match="not a venue's file"):
            await make_venue().open()

    async def test_books_of_a_newer_version_are_left_alone(
        self, market: Trading, path: Path, make_venue: MakeVenue
    ) -> None:
        await market.venue.close()
        with sqlite3.connect(path) as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
        with pytest.raises(VenueUnavailable, match="another version"):
            await make_venue().open()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    async def test_a_folder_that_cannot_be_written(self, path: Path, make_venue: MakeVenue) -> None:
        path.parent.chmod(0o500)
        try:
            with pytest.raises(VenueUnavailable, match=r"books\.venue"):
                await make_venue().open()
        finally:
            path.parent.chmod(0o700)

    async def test_a_venue_that_is_not_open_says_so(self, make_venue: MakeVenue) -> None:
        with pytest.raises(VenueUnavailable, match="not open"):
            await make_venue().positions()

    async def test_steps_of_another_market_are_refused(self, market: Trading) -> None:
        with pytest.raises(ValueError, match="2 symbols"):
            await market.venue.advance(step(1, CALM, CALM))


class TestByHand:
    """What a venue does to an account without being asked to."""

    async def test_a_position_moved_past_every_order(self, market: Trading) -> None:
        told = await market.venue.events(0)
        moved = await market.venue.move_position_by_hand(SYMBOL, Decimal("-2"), Decimal(100))
        assert (moved.quantity, moved.cost) == (Decimal(-2), Decimal(-200))
        assert await market.venue.events(0) == told
        assert await market.venue.fills(0) == []
        await market.venue.move_position_by_hand(SYMBOL, Decimal(2), Decimal(90))
        assert (await market.venue.balance()).cash == 100_020

    async def test_filters_changed_while_running(self, market: Trading) -> None:
        await market.venue.change_filters(instrument(lot=Decimal(1)))
        with pytest.raises(Exception, match="lot: quantity"):
            await market.venue.submit(buy("a", "1.5"))

    async def test_a_symbol_delisted(self, market: Trading) -> None:
        await market.venue.submit(buy("a", "1", price=90))
        assert await market.venue.delist(SYMBOL) == 1
        report = await market.venue.order("a", SYMBOL)
        assert report is not None
        assert (report.status, report.reason) == ("canceled", "delisted")
        with pytest.raises(Exception, match="not traded"):
            await market.venue.submit(buy("b", "1"))


async def orders_without_end(market: Trading) -> None:
    for index in range(1_000):
        await market.venue.submit(buy(f"f{index}", "0.2", after=2, price=90))


async def funding_without_end(market: Trading) -> None:
    for _ in range(1_000):
        await market.bar(funding=[(0, 0.01)])


class fully_occupied:
    """While it lasts the file cannot grow, as on a full disk."""

    def __init__(self, market: Trading) -> None:
        connection = market.venue._books._connection
        assert connection is not None
        self._connection = connection

    def __enter__(self) -> None:
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {pages}")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("PRAGMA max_page_count = 1000000")
