"""Until when a stablecoin counts towards what waits beside the market, and what it is worth.

A coin counts from the first day its supply is recorded. One that was wound down or lost its promise counts until a day
that was known by then, so that its series may end: of any other a series that ends is knowledge that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

ENDED: Mapping[str, datetime] = {
    "UST": datetime(2022, 5, 28, tzinfo=UTC),  # its chain was left for another without it
    "BUSD": datetime(
        2023, 12, 15, tzinfo=UTC
    ),  # its exchange ended it, ten months after it could last be issued
}
"""The first day on which a coin no longer counts."""
PEG_BREAK = 0.02
"""How far the price of a coin may lie from a dollar before its supply is worth that price (fraction)."""
FOREVER_MS = 2**62


def counts_until_ms(coin: str) -> int:
    """The end of the last day on which a coin counts."""
    ended = ENDED.get(coin)
    return FOREVER_MS if ended is None else int(ended.timestamp() * 1000)
