"""What a start settles before its first bar, once the books are restored: news, orders of unknown fate, a kill.

The order matters: what the venue did meanwhile is booked before anything is sent to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from engine.dealings import resolve, withdraw_entries
from engine.kill import KillProgress

if TYPE_CHECKING:
    from engine.control import Control
    from engine.machine import Machine


async def settle(
    machine: Machine, control: Control, take_news: Callable[[Machine, int], Awaitable[bool]]
) -> None:
    """Stand where the last run stood; nothing of it is durable before the caller commits."""
    clock = machine.clock
    await control.adopt_latch()
    machine.tape.say(clock.now_ms(), "INFO", "engine.session", machine.describe())
    started = {
        "mode": machine.configuration.run.mode.value,
        "config": machine.config_hash,
        "signals": [signal.name for signal in machine.signals],
    }
    machine.journal.audit("start", "engine", started, clock.now_ms())
    if await take_news(machine, clock.now_ms()):
        machine.cycle.record_equity(clock.now_ms())
    # A kill that had not finished cancelling goes first: what flattens was never sent, and must not be cancelled.
    state = machine.kill.state
    if state is not None and state.progress is KillProgress.CANCELLING:
        await machine.kill.carry_out(clock.now_ms())
    await resolve(machine, clock.now_ms())
    await withdraw_entries(machine)
    await control.finish_cancels()
    if state is not None and not state.done:
        await machine.kill.carry_out(clock.now_ms())
