"""What passes between engine and venue around a bar: news, look-ups, orders withdrawn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.execution import IN_FLIGHT
from engine.lifecycle import is_open
from engine.reconcile import collect
from store.records import Order

if TYPE_CHECKING:
    from engine.machine import Machine

ROUNDS = 60
# What is still unknown when the market moves on is decided on, so this is enough where three of four answers are lost.
RESOLVING_ROUNDS = 400


async def take_news(machine: Machine, now_ms: int, revision: int | None = None) -> bool:
    """Book what the venue told up to `now_ms`, and look up what it should have told; True where the books, or the
    proof of them, changed. `revision`: the venue's, where it has just said so."""
    book = machine.book
    if revision is None:
        revision = machine.venue.revision()
    if revision is not None and revision == machine.proven_revision:
        # Nothing was told and nothing has changed since the books were last compared: the comparison stands.
        book.proven_ms = now_ms
        return False
    news = await collect(machine.venue, machine.ledger, book.venue_sequence, book.proven_ms, now_ms)
    machine.proven_revision = revision if news.agrees else None
    changed = machine.cycle.take(news, now_ms)
    # A venue that is further on (we were killed, and are catching up) would speak of bars that are not decided yet.
    if (changed or revision is None) and machine.venue.books_ts_ms() <= now_ms:
        await machine.execution.verify(now_ms)
    return changed


async def resolve(machine: Machine, now_ms: int) -> bool:
    """Look up orders in flight on the market's clock, before the market moves on; bounded. A file that another process
    holds is waited for once, and False returned: what is unknown then is looked up at the next bar."""
    execution = machine.configuration.execution
    now_ms += execution.inflight_after_ms
    for _ in range(RESOLVING_ROUNDS):
        if not machine.execution.in_flight or machine.execution.locked_out:
            break
        await machine.execution.resolve(now_ms, execution.inflight_after_ms)
        await asyncio.sleep(0)
        now_ms += execution.inflight_check_ms
    reached, machine.execution.locked_out = not machine.execution.locked_out, False
    return reached


async def withdraw_entries(machine: Machine) -> None:
    """While exposure may only fall, of the book or of a symbol that is kept flat, no entry stays at the venue:
    cancelled, and asked again where that was lost."""
    everywhere, flattened = machine.oversight.withdraws_entries, machine.oversight.flattened
    if not everywhere and not flattened:
        return
    now_ms = machine.clock.now_ms()
    for _ in range(ROUNDS):
        entries = [o for o in machine.execution.open_entries() if everywhere or o.symbol in flattened]
        if not entries:
            return
        for order in entries:
            if not machine.execution.locked_out:
                await machine.execution.cancel(order, now_ms)
        if not await resolve(machine, now_ms):
            return


async def withdraw_unwanted(machine: Machine) -> list[Order]:
    """Cancel the orders an operator wants gone; those of them that have ended.

    What the venue cannot be asked now is asked again after the next bar; one that ended as filled while its fill is
    still on its way counts as open until that is here.
    """
    wanted, now_ms = machine.book.withdrawals, machine.clock.now_ms()
    if not wanted:
        return []
    for _ in range(ROUNDS):
        before = [order for order in machine.execution.open_orders() if order.client_order_id in wanted]
        for order in before:
            if order.status not in IN_FLIGHT and not machine.execution.locked_out:
                await machine.execution.cancel(order, now_ms)
        if (
            not await resolve(machine, now_ms)
            or [machine.execution.orders[order.client_order_id] for order in before] == before
        ):
            break
    orders = [machine.execution.orders.get(name) for name in wanted]
    return [order for order in orders if order is not None and not is_open(order)]
