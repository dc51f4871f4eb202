"""What the engine may rely on, whichever venue stands behind the port."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.venues.venue import Refused
from store.records import OrderStatus, Side
from tests.engine.venues.conftest import AnyVenue, Market
from tests.engine.venues.tables import HOUR_MS, SYMBOL, buy, close, sell, stop

ONE = Decimal(1)


class TestVenueContract:
    async def test_it_names_itself_and_what_it_trades(self, any_market: Market[AnyVenue]) -> None:
        assert any_market.venue.name
        assert [one.symbol for one in await any_market.venue.instruments()] == [SYMBOL]

    async def test_an_order_is_accepted_under_our_id(self, any_market: Market[AnyVenue]) -> None:
        report = await any_market.venue.submit(buy("a", "1"))
        assert (report.client_order_id, report.symbol) == ("a", SYMBOL)
        assert (report.status, report.filled_quantity) == (OrderStatus.ACCEPTED, Decimal(0))
        assert report.venue_order_id
        assert await any_market.venue.order("a", SYMBOL) == report
        assert await any_market.venue.open_orders() == [report]

    async def test_sent_twice_it_is_one_order(self, any_market: Market[AnyVenue]) -> None:
        first = await any_market.venue.submit(buy("a", "1"))
        again = await any_market.venue.submit(replace(buy("a", "1"), attempt=1))
        assert again == first
        await any_market.bar()
        assert [fill.quantity for fill in await any_market.venue.fills(0)] == [ONE]

    async def test_sent_again_after_its_end_it_is_reported_not_repeated(
        self, any_market: Market[AnyVenue]
    ) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        report = await any_market.venue.submit(buy("a", "1"))
        assert (report.status, report.filled_quantity) == (OrderStatus.FILLED, ONE)
        await any_market.bar()
        assert len(await any_market.venue.fills(0)) == 1

    async def test_several_arrive_in_the_order_they_were_given(self, any_market: Market[AnyVenue]) -> None:
        orders = [buy("b", "1"), buy("x", "0.001"), close("c", Side.SELL, "1"), buy("a", "1"), buy("b", "1")]
        accepted, odd, nothing_held, second, known = await any_market.venue.submit_all(orders)
        assert isinstance(odd, Refused)
        assert isinstance(nothing_held, Refused)
        assert known == accepted
        assert await any_market.venue.open_orders() == [accepted, second]

    async def test_a_refused_order_does_not_exist(self, any_market: Market[AnyVenue]) -> None:
        with pytest.raises(Refused, match="lot"):
            await any_market.venue.submit(buy("a", "0.001"))
        assert await any_market.venue.order("a", SYMBOL) is None
        assert await any_market.venue.order_history(0) == []
        assert not await any_market.venue.events(0)

    async def test_and_stays_refused_whatever_has_changed_since(self, any_market: Market[AnyVenue]) -> None:
        with pytest.raises(Refused, match="no position that a sell would reduce"):
            await any_market.venue.submit(close("c", Side.SELL, "1"))
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        with pytest.raises(Refused, match="no position that a sell would reduce"):
            await any_market.venue.submit(close("c", Side.SELL, "1"))

    async def test_a_cancelled_order_never_fills(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1"))
        report = await any_market.venue.cancel("a", SYMBOL)
        assert report.status is OrderStatus.CANCELED
        await any_market.bar()
        assert not await any_market.venue.fills(0)
        assert not await any_market.venue.open_orders()

    async def test_only_a_working_order_can_be_cancelled(self, any_market: Market[AnyVenue]) -> None:
        with pytest.raises(Refused, match="order a is unknown here"):
            await any_market.venue.cancel("a", SYMBOL)
        await any_market.venue.submit(buy("a", "1"))
        await any_market.venue.cancel("a", SYMBOL)
        with pytest.raises(Refused, match="order a is already canceled"):
            await any_market.venue.cancel("a", SYMBOL)

    async def test_cancel_all(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1", price=90))
        await any_market.venue.submit(stop("x", Side.SELL, 5))
        assert await any_market.venue.cancel_all() == 2
        assert await any_market.venue.cancel_all() == 0
        assert not await any_market.venue.open_orders()

    async def test_cancel_all_but_what_protects(self, any_market: Market[AnyVenue]) -> None:
        for one in (buy("a", "1", price=90), stop("x", Side.SELL, 5), sell("s", "1", price=120)):
            await any_market.venue.submit(one)
        assert await any_market.venue.cancel_all(keep_protective=True) == 2
        assert [report.client_order_id for report in await any_market.venue.open_orders()] == ["x"]

    async def test_absence_is_said_in_so_many_words(self, any_market: Market[AnyVenue]) -> None:
        assert await any_market.venue.order("never", SYMBOL) is None

    async def test_history_and_fills_since(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        await any_market.venue.submit(buy("b", "1", after=1))
        await any_market.bar()
        venue = any_market.venue
        assert [r.client_order_id for r in await venue.order_history(0)] == ["a", "b"]
        assert [r.client_order_id for r in await venue.order_history(2 * HOUR_MS)] == ["b"]
        assert [f.client_order_id for f in await venue.fills(0)] == ["a", "b"]
        assert [f.client_order_id for f in await venue.fills(2 * HOUR_MS)] == ["b"]

    async def test_positions_and_balance_follow_from_fills_and_funding(
        self, any_market: Market[AnyVenue]
    ) -> None:
        await any_market.venue.submit(buy("a", "3"))
        await any_market.bar(funding=[(5, 0.001)])
        await any_market.venue.submit(close("c", Side.SELL, "1", after=1))
        await any_market.bar()
        venue = any_market.venue
        fills, payments = await venue.fills(0), await venue.funding(0)
        (position,) = await venue.positions()
        assert position.quantity == sum(fill.quantity * fill.side.sign for fill in fills) == 2
        assert [payment.amount for payment in payments] == [Decimal("-0.3")]
        spent = sum(fill.quantity * fill.price * fill.side.sign + fill.fee for fill in fills)
        received = sum(payment.amount for payment in payments)
        assert (await venue.balance()).cash == 100_000 - spent + received + position.cost

    async def test_events_are_numbered_without_a_hole_and_can_be_read_from_any(
        self, any_market: Market[AnyVenue]
    ) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar(funding=[(5, 0.001)])
        events = list(await any_market.venue.events(0))
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        for after in range(len(events) + 1):
            assert list(await any_market.venue.events(after)) == events[after:]
        kinds = ["report" if e.report else "fill" if e.fill else "funding" for e in events]
        assert kinds == ["report", "fill", "report", "funding"]
        assert [event.bar_open_ms for event in events] == [0, HOUR_MS, HOUR_MS, HOUR_MS]

    async def test_a_bar_already_seen_changes_nothing(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        before = list(await any_market.venue.events(0))
        await any_market.venue.submit(buy("b", "1"))
        for old in any_market.shown:
            await any_market.venue.advance(old)
        assert list(await any_market.venue.events(0))[: len(before)] == before
        assert len(await any_market.venue.fills(0)) == 1

    async def test_nor_does_it_while_an_order_is_under_way(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        sending = asyncio.ensure_future(any_market.venue.submit(buy("b", "1")))
        await asyncio.sleep(0)
        await any_market.venue.advance(any_market.shown[-1])
        await sending
        assert len(await any_market.venue.fills(0)) == 1

    async def test_close_out_leaves_it_flat(self, any_market: Market[AnyVenue]) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        await any_market.venue.submit(stop("x", Side.SELL, 5, after=1))
        done = await any_market.venue.close_out()
        assert (done.cancelled, [fill.quantity for fill in done.fills]) == (1, [ONE])
        assert not await any_market.venue.positions()
        assert not await any_market.venue.open_orders()
        assert (await any_market.venue.fills(0))[-1] == done.fills[0]

    async def test_close_out_that_keeps_positions_keeps_what_protects_them(
        self, any_market: Market[AnyVenue]
    ) -> None:
        await any_market.venue.submit(buy("a", "1"))
        await any_market.bar()
        await any_market.venue.submit(stop("x", Side.SELL, 5, after=1))
        await any_market.venue.submit(buy("b", "1", after=1, price=90))
        done = await any_market.venue.close_out(keep_positions=True)
        assert (done.cancelled, done.fills) == (1, ())
        assert len(await any_market.venue.positions()) == 1
        assert [report.client_order_id for report in await any_market.venue.open_orders()] == ["x"]
