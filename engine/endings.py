"""How a run ends: the followers come to its last decision, and the account is left as the stop, or a kill, says.

A market that has ended or was stopped moves no more: what is to be closed closes at the last known price.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import killing
from engine.dealings import take_news
from engine.kill import KillState, cancel_all
from engine.venues.patience import patiently
from engine.venues.venue import VenueUnavailable
from store import latch
from store.errors import StoreError
from store.records import Event, TradingState

if TYPE_CHECKING:
    from engine.control import Control
    from engine.machine import Machine
    from store.rows import ControlRow

CANCEL_ATTEMPTS = 20
# Longer than a venue's locked books are waited for.
ANSWERS_WITHIN_S = 8.0
LOOK_AGAIN = "start it again, or run `quarterdeck kill`"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run ends, and what happens to orders and positions first: `policy` keep, cancel or flatten."""

    policy: str
    actor: str
    reason: str


async def wind_down(
    machine: Machine,
    control: Control | None,
    stop: Stop,
    commit: Callable[[], Awaitable[None]],
    complain: Callable[[str], None],
) -> None:
    """Leave the account in order, and write that down; a latch that no bar is left to notice is seen here."""
    now_ms = machine.clock.now_ms()
    await killing.heed_latch(machine, control)
    await leave_in_order(machine, stop.policy, complain)
    said = f"stopping ({stop.policy}) asked by {stop.actor}: {stop.reason}"
    machine.tape.say(now_ms, "INFO", "engine.session", said)
    machine.journal.audit("stop", stop.actor, {"policy": stop.policy, "reason": stop.reason}, now_ms)
    await commit()
    # A kill that came while all this was written is told that it is carried out, and is.
    await killing.heed_latch(machine, control)
    if killing.under_way(machine):
        await leave_in_order(machine, "keep", complain)
        await commit()


async def leave_in_order(machine: Machine, policy: str, complain: Callable[[str], None]) -> None:
    """Before a run ends: finish a kill that is under way, else cancel or flatten as the stop policy says. The market
    moves no more, so positions close at the last known price. What a kill kept is kept, and its stops with it."""
    now_ms, kills = machine.clock.now_ms(), killing.under_way(machine)
    if kills:
        await machine.kill.carry_out(now_ms)
    closes = policy == "flatten" and machine.oversight.state is not TradingState.HALTED
    if not kills and policy != "keep":
        await cancel_all(machine.venue, not closes, complain, CANCEL_ATTEMPTS)
    if killing.flattening(machine) or closes:
        await patiently(machine.close_out)
        await machine.kill.prove_flat()
    # A kill that went on by itself may have closed what nobody has heard of yet.
    changed, closes_something = False, kills or policy != "keep"
    try:
        if closes_something or machine.kill.state is not None:
            changed = await take_news(machine, now_ms)
    except VenueUnavailable:
        # Where this run was to close nothing, the next start asks again.
        if closes_something:
            raise
    if changed or closes_something:
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
