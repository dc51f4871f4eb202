"""What passes between engine and venue around a bar: news, look-ups, entries withdrawn, an account left in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.execution import IN_FLIGHT
from engine.kill import KillProgress, KillState, cancel_all
from engine.lifecycle import is_open
from engine.reconcile import collect
from engine.venues.patience import patiently
from engine.venues.venue import VenueUnavailable
from store import latch
from store.errors import StoreError
from store.records import Event, Order, TradingState

if TYPE_CHECKING:
    from engine.machine import Machine
    from store.rows import ControlRow

ROUNDS = 60
# What is still unknown when the market moves on is decided on, so this is enough where three of four answers are lost.
RESOLVING_ROUNDS = 400
CANCEL_ATTEMPTS = 20
# Longer than a venue's locked books are waited for.
ANSWERS_WITHIN_S = 8.0
LOOK_AGAIN = "start it again, or run `quarterdeck kill`"


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


async def close_out_the_dead(machine: Machine) -> None:
    """Where a kill waits for nothing but markets that have ended (delisted, no more data), close at the last known
    price: an open that never comes cannot fill."""
    if not flattening(machine):
        return
    held = {position.symbol for position in machine.ledger.positions.values() if position.quantity}
    market = machine.market
    dead = dict(zip(market.listed, market.dead.tolist(), strict=True))
    if held and all(dead[symbol] for symbol in held):
        await machine.close_out()


async def leave_in_order(machine: Machine, policy: str, complain: Callable[[str], None]) -> None:
    """Before a run ends: finish a kill that is under way, else cancel or flatten as the stop policy says. The market
    moves no more, so positions close at the last known price. What a kill kept is kept, and its stops with it."""
    now_ms, state = machine.clock.now_ms(), machine.kill.state
    killing = state is not None and not state.done
    if killing:
        await machine.kill.carry_out(now_ms)
    closes = policy == "flatten" and machine.oversight.state is not TradingState.HALTED
    if not killing and policy != "keep":
        await cancel_all(machine.venue, not closes, complain, CANCEL_ATTEMPTS)
    if flattening(machine) or closes:
        await patiently(machine.close_out)
        await machine.kill.prove_flat()
    # A kill that went on by itself may have closed what nobody has heard of yet.
    changed = (state is not None or policy != "keep") and await take_news(machine, now_ms)
    if changed or killing or policy != "keep":
        machine.cycle.record_equity(now_ms)


async def leave_to_the_venue(machine: Machine, policy: str) -> None:
    """Where a run ends before a kill, or a stop that is to cancel or close, was carried out (a bar failed, the disk is
    full): the venue does it, and the next start reads there how that went. Books that may be half moved are asked
    nothing; the latch is read beside their database, whose queue may be stuck."""
    keeps = _keeps_positions(await _standing(machine), policy)
    if keeps is None:
        return
    wish = "cancel, positions kept" if keeps else "cancel and close"
    level = "ERROR"
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await patiently(lambda: machine.venue.close_out(keeps), ANSWERS_WITHIN_S)
        level, said = "WARN", f"the engine ends: the venue was asked to {wish} instead, and has done so"
    except VenueUnavailable as failure:
        said = f"the engine ends, and the venue did not {wish}: {failure}; {LOOK_AGAIN}"
    except TimeoutError:
        waited = f"got no answer within {ANSWERS_WITHIN_S:g} s"
        said = f"the engine ends, asked the venue to {wish}, and {waited}; {LOOK_AGAIN}"
    await _say_apart(machine, level, said)


async def _standing(machine: Machine) -> ControlRow | KillState | None:
    try:
        return await asyncio.to_thread(latch.standing, machine.database.path)
    except StoreError:
        return machine.kill.state


def _keeps_positions(halted: ControlRow | KillState | None, policy: str) -> bool | None:
    """What closing an account leaves open, under a halt and a stop policy; None: nothing is to be closed."""
    if halted is not None:
        return None if halted.progress in latch.DONE else halted.keep_positions
    return None if policy == "keep" else policy == "cancel"


async def _say_apart(machine: Machine, level: str, said: str) -> None:
    """Into the stored log where that still works, without what a bar left half done."""
    now_ms = machine.clock.now_ms()
    try:
        await machine.journal.commit_apart(lambda: machine.tape.say(now_ms, level, "engine.session", said))
    except StoreError:
        machine.tape.show(Event(now_ms, level, "engine.session", said))


def flattening(machine: Machine) -> bool:
    """True while a kill waits for positions to close."""
    state = machine.kill.state
    return state is not None and state.progress is KillProgress.FLATTENING
