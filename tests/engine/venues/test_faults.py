"""Every fault a venue can cause, and that each is drawn from what it hits."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.venues.config import FaultKind, FaultProbabilities, VenueConfig
from engine.venues.faults import FaultPlan, FaultyVenue, event_id
from engine.venues.simulated import SimulatedVenue
from engine.venues.venue import Unresolved, VenueEvent, VenueUnavailable
from store.records import OrderReport, OrderStatus, Side
from tests.engine.venues.conftest import MakeVenue, Market
from tests.engine.venues.tables import COSTS, HOUR_MS, SYMBOL, buy, sell, stop

Faulty = Market[FaultyVenue]


def always(*faults: FaultKind) -> FaultPlan:
    return FaultPlan(1, FaultProbabilities(**{fault.value: 1.0 for fault in faults}))


async def faulty(make_venue: MakeVenue, plan: FaultPlan) -> Faulty:
    """A venue on a bad day, having seen one bar."""
    market = Market(FaultyVenue(make_venue(), plan))
    await market.venue.open()
    await market.bar()
    return market


def names(events: Sequence[VenueEvent]) -> list[str]:
    return [event_id(event) for event in events]


class TestPlan:
    def test_none_where_no_fault_is_asked_for(self) -> None:
        assert FaultPlan.of(COSTS) is None

    def test_of_a_configuration(self) -> None:
        wanted = FaultProbabilities(event_dropped=0.5)
        plan = FaultPlan.of(VenueConfig(fault_seed=7, faults=wanted))
        assert plan == FaultPlan(7, wanted)

    def test_every_kind_has_its_probability(self) -> None:
        assert {kind.value for kind in FaultKind} == set(FaultProbabilities.model_fields)

    @given(st.integers(0, 2**63 - 1), st.text(max_size=20), st.integers(0, 9))
    def test_pure(self, seed: int, what: str, attempt: int) -> None:
        plan = FaultPlan(seed, FaultProbabilities(event_dropped=0.5, maintenance=1.0))
        first = plan.strikes(FaultKind.EVENT_DROPPED, what, attempt)
        plan.strikes(FaultKind.EVENT_DROPPED, what + "x", attempt)
        assert plan.strikes(FaultKind.EVENT_DROPPED, what, attempt) is first
        assert plan.strikes(FaultKind.MAINTENANCE, what, attempt)
        assert not plan.strikes(FaultKind.FUNDING_TWICE, what, attempt)

    def test_as_often_as_it_says(self) -> None:
        plan = FaultPlan(3, FaultProbabilities(event_dropped=0.2))
        struck = sum(plan.strikes(FaultKind.EVENT_DROPPED, str(n)) for n in range(10_000))
        assert abs(struck - 2_000) < 200

    def test_another_attempt_is_another_draw(self) -> None:
        plan = FaultPlan(3, FaultProbabilities(submit_lost_before_accept=0.5))
        drawn = {plan.strikes(FaultKind.SUBMIT_LOST_BEFORE_ACCEPT, "a", n) for n in range(20)}
        assert drawn == {True, False}


class TestRequests:
    async def test_lost_before_it_was_accepted(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.SUBMIT_LOST_BEFORE_ACCEPT))
        with pytest.raises(Unresolved):
            await market.venue.submit(buy("a", "1"))
        assert await market.venue.order("a", SYMBOL) is None

    async def test_lost_after_it_was_accepted(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.SUBMIT_LOST_AFTER_ACCEPT))
        with pytest.raises(Unresolved):
            await market.venue.submit(buy("a", "1"))
        report = await market.venue.order("a", SYMBOL)
        assert report is not None
        assert report.status is OrderStatus.ACCEPTED

    async def test_a_refusal_is_lost_like_any_answer(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.SUBMIT_LOST_AFTER_ACCEPT))
        with pytest.raises(Unresolved):
            await market.venue.submit(buy("a", "0.001"))
        assert await market.venue.order("a", SYMBOL) is None

    async def test_every_order_of_several_has_its_own_fate(self, make_venue: MakeVenue) -> None:
        chances = FaultProbabilities(submit_lost_before_accept=0.3, submit_lost_after_accept=0.3)
        plan = FaultPlan(5, chances)
        market, names = await faulty(make_venue, plan), [f"a{n}" for n in range(20)]
        outcomes = await market.venue.submit_all([buy(name, "1") for name in names])
        heard = {
            name for name, outcome in zip(names, outcomes, strict=True) if isinstance(outcome, OrderReport)
        }
        sent = {n for n in names if not plan.strikes(FaultKind.SUBMIT_LOST_BEFORE_ACCEPT, n)}
        assert heard == {n for n in sent if not plan.strikes(FaultKind.SUBMIT_LOST_AFTER_ACCEPT, n)}
        assert {report.client_order_id for report in await market.venue.inner.open_orders()} == sent
        assert 0 < len(heard) < len(sent) < len(names)

    async def test_sent_again_the_next_attempt_has_its_own_fate(self, make_venue: MakeVenue) -> None:
        plan = FaultPlan(3, FaultProbabilities(submit_lost_before_accept=0.5))
        lost = [plan.strikes(FaultKind.SUBMIT_LOST_BEFORE_ACCEPT, "a", n) for n in range(20)]
        market = await faulty(make_venue, plan)
        for attempt in range(lost.index(False)):
            with pytest.raises(Unresolved):
                await market.venue.submit(replace(buy("a", "1"), attempt=attempt))
        await market.venue.submit(replace(buy("a", "1"), attempt=lost.index(False)))

    @pytest.mark.parametrize("fault", [FaultKind.RATE_LIMITED, FaultKind.MAINTENANCE])
    async def test_turned_away(self, make_venue: MakeVenue, fault: FaultKind) -> None:
        market = await faulty(make_venue, always(fault))
        venue = market.venue
        for request in (venue.submit(buy("a", "1")), venue.cancel("a", SYMBOL), venue.cancel_all()):
            with pytest.raises(Unresolved):
                await request
        questions: list[Awaitable[object]] = [
            venue.order("a", SYMBOL),
            venue.open_orders(),
            venue.order_history(0),
            venue.fills(0),
            venue.funding(0),
            venue.positions(),
            venue.balance(),
        ]
        for question in questions:
            with pytest.raises(VenueUnavailable):
                await question
        assert await venue.inner.open_orders() == []

    @pytest.mark.parametrize(
        ("fault", "working"), [(FaultKind.CANCEL_LOST_BEFORE, 1), (FaultKind.CANCEL_LOST_AFTER, 0)]
    )
    async def test_a_cancel_is_lost(self, make_venue: MakeVenue, fault: FaultKind, working: int) -> None:
        market = await faulty(make_venue, always(fault))
        for cancelling in ("one", "all"):
            await market.venue.submit(buy(cancelling, "1", price=90))
            with pytest.raises(Unresolved):
                await (
                    market.venue.cancel("one", SYMBOL) if cancelling == "one" else market.venue.cancel_all()
                )
            assert len(await market.venue.open_orders()) == working
            await market.venue.inner.cancel_all()

    async def test_a_fill_after_the_cancel_was_confirmed(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.FILL_AFTER_CANCEL))
        await market.venue.submit(buy("a", "1"))
        await market.venue.submit(buy("b", "1", price=90))
        assert (await market.venue.cancel("a", SYMBOL)).status is OrderStatus.CANCELED
        assert await market.venue.cancel_all() == 1
        assert await market.venue.open_orders() == []
        await market.bar()
        ends = [await market.venue.order(name, SYMBOL) for name in ("a", "b")]
        assert [end.status for end in ends if end] == [OrderStatus.FILLED, OrderStatus.CANCELED]
        assert len(await market.venue.fills(0)) == 1
        await market.bar((100.0, 101.0, 80.0, 100.0))
        assert len(await market.venue.fills(0)) == 1, "the race is over with its bar"

    async def test_what_protects_is_really_cancelled(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.FILL_AFTER_CANCEL))
        await market.venue.submit(buy("a", "1"))
        await market.venue.submit(stop("x", Side.SELL, 5))
        await market.bar()
        await market.venue.cancel("x", SYMBOL)
        await market.bar((100.0, 101.0, 80.0, 90.0))
        assert len(await market.venue.positions()) == 1


class TestQuestions:
    QUESTIONS = (
        (FaultKind.POSITION_QUERY_FAILS, "positions"),
        (FaultKind.BALANCE_QUERY_FAILS, "balance"),
        (FaultKind.ORDER_QUERY_FAILS, "open_orders"),
    )

    @pytest.mark.parametrize(("fault", "question"), QUESTIONS)
    async def test_fails(self, make_venue: MakeVenue, fault: FaultKind, question: str) -> None:
        market = await faulty(make_venue, always(fault))
        with pytest.raises(VenueUnavailable):
            await getattr(market.venue, question)()

    async def test_asked_again_a_question_has_another_fate_and_the_next_bar_starts_anew(
        self, make_venue: MakeVenue
    ) -> None:
        market = await faulty(make_venue, FaultPlan(5, FaultProbabilities(position_query_fails=0.5)))
        fates = []
        for _ in range(2):
            fates.append([await answers(market) for _ in range(12)])
            await market.venue.advance(market.shown[-1])
        assert fates[0] == fates[1]
        assert set(fates[0]) == {True, False}
        await market.bar()
        assert [await answers(market) for _ in range(12)] != fates[0]

    async def test_an_order_denied_by_one_query_is_in_the_history(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.ORDER_QUERY_MISSES))
        await market.venue.submit(buy("a", "1"))
        assert await market.venue.order("a", SYMBOL) is None
        assert [report.client_order_id for report in await market.venue.order_history(0)] == ["a"]

    async def test_missing_from_the_list_of_open_orders(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.ORDER_MISSING_FROM_OPEN_LIST))
        await market.venue.submit(buy("a", "1"))
        assert await market.venue.open_orders() == []
        assert await market.venue.order("a", SYMBOL) is not None

    async def test_maintenance_at_the_start(self, make_venue: MakeVenue) -> None:
        venue = FaultyVenue(make_venue(), always(), refused_opens=2)
        for _ in range(2):
            with pytest.raises(VenueUnavailable, match="maintenance"):
                await venue.open()
        await venue.open()
        assert await venue.positions() == []


class TestStream:
    """One order bought in bar 1 with funding after it: acknowledgement, fill, end, funding."""

    ORDERLY = ("a-accepted-0", "a-3600000", "a-filled-1.00", f"{SYMBOL}-3600005")

    async def day(self, make_venue: MakeVenue, plan: FaultPlan) -> Faulty:
        market = await faulty(make_venue, plan)
        await market.venue.submit(buy("a", "1"))
        await market.bar(funding=[(5, 0.001)])
        return market

    async def test_orderly(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, always())
        assert tuple(names(await market.venue.events(0))) == self.ORDERLY

    async def test_dropped(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, always(FaultKind.EVENT_DROPPED))
        assert not await market.venue.events(0)
        assert len(await market.venue.fills(0)) == len(await market.venue.funding(0)) == 1

    async def test_silent_for_a_bar(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, FaultPlan(0, FaultProbabilities(stream_silent=0.5)))
        heard = []
        for _ in range(20):
            heard.append(len(await market.venue.events(0)))
            await market.bar()
        assert set(heard) == {0, 4}, "what was not said is said later, all of it"

    async def test_repeated_and_again_with_later_news(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, always(FaultKind.EVENT_REPEATED))
        told = names(await market.venue.events(0))
        assert sorted(told[:4]) == sorted(self.ORDERLY)
        assert told[4:] == [name for name in self.ORDERLY if not name.startswith(SYMBOL)]
        await market.venue.submit(sell("b", "1", after=1))
        later = names(await market.venue.events(4))
        assert later[0] == "b-accepted-0"
        assert set(later[1:]) == {"b-accepted-0", *told[4:]}, "old news comes again"
        assert not await market.venue.events(5)

    async def test_funding_twice(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, always(FaultKind.FUNDING_TWICE))
        told = names(await market.venue.events(0))
        assert told == [*self.ORDERLY, self.ORDERLY[-1]]

    async def test_out_of_order(self, make_venue: MakeVenue) -> None:
        market = await self.day(make_venue, always(FaultKind.EVENT_OUT_OF_ORDER))
        told = names(await market.venue.events(0))
        assert told != list(self.ORDERLY)
        assert sorted(told) == sorted(self.ORDERLY)

    async def test_a_fill_before_its_acknowledgement(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(FaultKind.FILL_BEFORE_ACKNOWLEDGEMENT))
        await market.venue.submit(buy("a", "1"))
        assert not await market.venue.events(0), "the acknowledgement is on its way"
        await market.bar(funding=[(5, 0.001)])
        told = names(await market.venue.events(0))
        assert told == [self.ORDERLY[1], self.ORDERLY[0], *self.ORDERLY[2:]]

    async def test_an_acknowledgement_without_a_fill_comes_with_the_next_bar(
        self, make_venue: MakeVenue
    ) -> None:
        market = await faulty(make_venue, always(FaultKind.FILL_BEFORE_ACKNOWLEDGEMENT))
        await market.venue.submit(buy("l", "1", price=90))
        await market.bar()
        assert set(names(await market.venue.events(0))) == {"l-accepted-0", "l-expired-0"}

    async def test_nothing_that_is_not_dropped_is_lost(self, make_venue: MakeVenue) -> None:
        """A reader that remembers the highest number it saw hears of everything in the end."""
        half = {
            fault.value: 0.5
            for fault in FaultKind
            if fault.name.startswith(("EVENT", "STREAM", "FUNDING", "FILL"))
        }
        plan = FaultPlan(11, FaultProbabilities(**half | {"event_dropped": 0.0}))
        market = await faulty(make_venue, plan)
        heard: dict[int, VenueEvent] = {}
        for index in range(12):
            await market.venue.submit(buy(f"a{index}", "1", after=index))
            await market.venue.submit(sell(f"l{index}", "1", after=index, price="100.5"))
            for _ in range(2):
                news = await market.venue.events(max(heard, default=0))
                heard |= {event.sequence: event for event in news}
            await market.bar(funding=[(5, 0.001)])
        for _ in range(9):
            news = await market.venue.events(max(heard, default=0))
            heard |= {event.sequence: event for event in news}
            await market.bar()
        told = list(await market.venue.inner.events(0))
        assert [heard[n] for n in sorted(heard)] == told


class TestHooks:
    """What a rehearsal can do to the account itself, past every plan."""

    async def test_a_second_engine_on_the_account(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always())
        await market.venue.inner.submit(buy("qdOther", "1"))
        assert [report.client_order_id for report in await market.venue.open_orders()] == ["qdOther"]

    async def test_a_position_changed_by_hand(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always())
        await market.venue.inner.move_position_by_hand(SYMBOL, Decimal(1), Decimal(100))
        assert [position.quantity for position in await market.venue.positions()] == [Decimal(1)]

    async def test_the_market_and_the_close_out_go_through(self, make_venue: MakeVenue) -> None:
        market = await faulty(make_venue, always(*FaultKind))
        await market.venue.inner.submit(buy("a", "1"))
        await market.bar()
        assert market.venue.books_ts_ms() == 2 * HOUR_MS
        assert len((await market.venue.close_out()).fills) == 1


async def answers(market: Faulty) -> bool:
    try:
        await market.venue.positions()
    except VenueUnavailable:
        return False
    return True


async def test_the_books_do_not_know_of_the_bad_day(make_venue: MakeVenue, tmp_path: object) -> None:
    """What is lost, repeated or held back on the way changes nothing at the venue."""
    plan = FaultPlan(
        2, FaultProbabilities(**{fault.value: 0.3 for fault in FaultKind if "cancel" not in fault.value})
    )
    market = await faulty(make_venue, plan)
    for index in range(8):
        for attempt in range(30):
            try:
                await market.venue.submit(replace(buy(f"a{index}", "1", after=index), attempt=attempt))
                break
            except Unresolved:
                continue
        await market.bar()
    assert isinstance(market.venue.inner, SimulatedVenue)
    assert [fill.client_order_id for fill in await market.venue.inner.fills(0)] == [f"a{n}" for n in range(8)]
