"""Asking a venue again while it cannot answer: maintenance at start is waited out, not died of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.venues.venue import VenueUnavailable, VenueUnusable

FIRST_DELAY_S = 0.05
MOST_DELAY_S = 2.0
MOST_PATIENCE_S = 120.0

Answer = TypeVar("Answer")


async def patiently(ask: Callable[[], Awaitable[Answer]], patience_s: float = MOST_PATIENCE_S) -> Answer:
    """The answer of `ask`, asked again with growing pauses; the last VenueUnavailable after `patience_s`.

    VenueUnusable is raised at once.
    """
    delay_s, until_s = FIRST_DELAY_S, time.monotonic() + patience_s
    while True:
        try:
            return await ask()
        except VenueUnusable:
            raise
        except VenueUnavailable:
            if time.monotonic() + delay_s > until_s:
                raise
        await asyncio.sleep(delay_s)
        delay_s = min(2 * delay_s, MOST_DELAY_S)
