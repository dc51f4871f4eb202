"""A kill beside the bars of a running engine: how it is seen, how far it is, and how it comes to its end.

`engine.kill` knows the way; here is when to go on with it, for a bar loop that may move, stand still or have ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.kill import KillProgress

if TYPE_CHECKING:
    from engine.control import Control
    from engine.machine import Machine

STANDS_STILL_S = 2.0


class Killing:
    """Carries latched kills to their end in the background of one session. `hurry` lets the market move on at once."""

    def __init__(self, hurry: Callable[[], None]) -> None:
        self._hurry = hurry
        self._bar_done_s = self._began_s = time.monotonic()

    def bar_done(self) -> None:
        """The bar loop moves."""
        self._bar_done_s = time.monotonic()

    def begin(self) -> None:
        """A kill was latched."""
        self._began_s = time.monotonic()

    async def carry_out(self, machine: Machine) -> None:
        """The operator's kill, beside a bar loop that may be wedged: wait briefly for the books, then go on alone."""
        try:
            async with asyncio.timeout(STANDS_STILL_S):
                async with machine.books:
                    if machine.half_done:
                        return
                    await machine.kill.carry_out(machine.clock.now_ms())
        except TimeoutError:
            await machine.kill.carry_out(machine.clock.now_ms())
        self._hurry()
        await machine.kill.until_flat(self._stands_still, machine.close_out)

    def _stands_still(self) -> bool:
        self._hurry()
        return time.monotonic() - max(self._bar_done_s, self._began_s) > STANDS_STILL_S


async def heed_latch(machine: Machine, control: Control | None) -> bool:
    """See a latch that another process wrote; True where there is one."""
    if not await machine.journal.watch_control() or control is None:
        return False
    await control.adopt_latch()
    return True


def under_way(machine: Machine) -> bool:
    """True while anything of a kill remains to be done."""
    state = machine.kill.state
    return state is not None and not state.done


def flattening(machine: Machine) -> bool:
    """True while a kill waits for positions to close."""
    state = machine.kill.state
    return state is not None and state.progress is KillProgress.FLATTENING


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
