"""Bars of a feed one by one, the next block being read in a thread while this one is traded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.feeds.feed import Feed
    from engine.market import Row

BLOCK_BARS = 512


async def bars_ahead(feed: Feed, open_ms: int) -> AsyncIterator[Row]:
    """Every bar from `open_ms` on until the market ends. Raises DataFault."""
    from engine.market import rows

    ahead = asyncio.ensure_future(asyncio.to_thread(feed.read, open_ms, BLOCK_BARS))
    try:
        while True:
            block = await ahead
            if not len(block):
                return
            open_ms = block.first_open_ms + len(block) * block.bar_ms
            ahead = asyncio.ensure_future(asyncio.to_thread(feed.read, open_ms, BLOCK_BARS))
            for row in rows(block):
                yield row
    finally:
        ahead.cancel()
