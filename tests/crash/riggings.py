"""Engines built wrong on purpose, each by one function, so that a test can show that the harness would notice."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

from engine.execution import Execution
from engine.lifecycle import moved
from engine.neutral_book import NeutralBook
from engine.session import Session
from engine.venues.simulated import SimulatedVenue
from engine.venues.venue import VenueUnavailable
from engine.weighting import Weighting
from store.records import OrderStatus


def send_before_commit() -> None:
    """Orders leave before the transaction that holds their intents has begun."""
    commit = Session._commit

    async def too_late(self: Session, machine: Any, *urgent: Any, **named: Any) -> None:
        waiting = [o for o in machine.execution.open_orders() if o.status is OrderStatus.INTENT]
        await machine.execution.dispatch(waiting, machine.clock.now_ms())
        await commit(self, machine, *urgent, **named)

    Session._commit = too_late  # type: ignore[method-assign]


def send_again_under_another_id() -> None:
    """An answer that was lost is taken for a refusal, and the order is sent anew."""

    async def anew(self: Any, name: str, now_ms: int) -> None:
        lost = self.orders[name]
        self._set(lost, moved(lost, OrderStatus.EXPIRED, now_ms, "taken for lost"))
        self._in_flight_since_ms.pop(name, None)
        second = replace(lost, client_order_id=f"{name[:-1]}9{name[-1]}", status=OrderStatus.INTENT)
        self.intend(second)
        await self.dispatch([second], now_ms)

    Execution._look_up = anew  # type: ignore[method-assign]


def never_look_up() -> None:
    """An order whose fate is unknown is declared dead."""

    async def declare_dead(self: Any, name: str, now_ms: int) -> None:
        lost = self.orders[name]
        self._set(lost, moved(lost, OrderStatus.EXPIRED, now_ms, "declared dead"))
        self._in_flight_since_ms.pop(name, None)

    Execution._look_up = declare_dead  # type: ignore[method-assign]


def forget_what_was_asked() -> None:
    """Estimates of weights that were under way when the engine ended are not taken up again."""

    def shrug(self: Any, row: Any) -> None:
        return None

    restore = Weighting.restore

    async def only_answers(self: Any, *given: Any) -> None:
        begin = Weighting._begin
        Weighting._begin = shrug  # type: ignore[method-assign, assignment]
        await restore(self, *given)
        Weighting._begin = begin  # type: ignore[method-assign]

    Weighting.restore = only_answers  # type: ignore[method-assign, assignment]


def forget_the_legs() -> None:
    """What is held for market-neutral signals is not read back at the start."""

    def shrug(self: Any, states: Any, anew: Any = ()) -> None:
        return None

    NeutralBook.load = shrug  # type: ignore[method-assign]


HANG_AFTER_BARS = 8


def hang_in_an_await() -> None:
    """The bar loop waits for ever with the books in its hands."""
    take_news = Session._take_news
    bars = -1  # the first news is heard at the start, before any bar

    async def hang(self: Session, *arguments: Any) -> bool:
        nonlocal bars
        bars += 1
        if bars > HANG_AFTER_BARS:
            await asyncio.Event().wait()
        return await take_news(self, *arguments)

    Session._take_news = hang  # type: ignore[method-assign, assignment]


def wedge_the_loop() -> None:
    """A call that never returns stops the whole event loop."""
    take_news = Session._take_news
    bars = -1  # the first news is heard at the start, before any bar

    async def wedge(self: Session, *arguments: Any) -> bool:
        nonlocal bars
        bars += 1
        if bars > HANG_AFTER_BARS:
            print("wedged", flush=True)
            threading.Event().wait()
        return await take_news(self, *arguments)

    Session._take_news = wedge  # type: ignore[method-assign, assignment]


def maintenance_at_start() -> None:
    """The venue cannot be opened at first."""
    open_books = SimulatedVenue.open
    refused = 0

    async def closed(self: SimulatedVenue) -> None:
        nonlocal refused
        refused += 1
        if refused <= 3:
            raise VenueUnavailable(f"{self.name}: in maintenance")
        await open_books(self)

    SimulatedVenue.open = closed  # type: ignore[method-assign]
