"""Old telemetry leaves the database beside the bars: a day of it in each transaction, and the others in between."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from store import retention

if TYPE_CHECKING:
    from engine.machine import Machine

LOOK_S = 1.0
BETWEEN_STEPS_S = 0.02


async def keep_thin(machine: Machine) -> None:
    """Thin, on the database's own thread, what [store.retention] calls old, whenever a day of market time has ended.

    What is thinned is told to nobody: no decision depends on it.
    """
    keep = machine.configuration.store.retention
    thinned_day = -1
    while keep.thins:
        day = machine.clock.now_ms() // retention.DAY_MS
        more = day != thinned_day and await machine.database.write(
            partial(retention.step, keep=keep, now_ms=day * retention.DAY_MS)
        )
        if not more:
            thinned_day = day
        await asyncio.sleep(BETWEEN_STEPS_S if more else LOOK_S)
