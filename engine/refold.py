"""The market folded from its first bar: at start, and again whenever other signals are to be computed.

A signal that is switched on thus has all its past, and stands where a restart would put it, because it is the same
fold. All of this blocks, and is called off the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import kernel_cache
from engine.market import MarketState, Row, rows
from strategies.signal import Signal

if TYPE_CHECKING:
    from engine.feeds.feed import Feed

WARM_BARS = 8_192


MakeMarket = Callable[[tuple[Signal, ...]], MarketState]
"""A market that has seen no bar, for these signals."""


def empty_market(make: MakeMarket, signals: tuple[Signal, ...]) -> MarketState:
    """A market that has seen no bar, with all kernels its signals need."""
    kernel_cache.warm(kernel_cache.needed_by(signal.kernels for signal in signals))
    return make(signals)


def fold_until(market: MarketState, feed: Feed, until_ms: int) -> Row | None:
    """Fold every bar before `until_ms` as trading does, but for the last, which is returned."""
    open_ms, last_ms = feed.first_open_ms, until_ms - feed.bar_ms
    while open_ms < last_ms:
        count = min(WARM_BARS, (last_ms - open_ms) // feed.bar_ms)
        block = feed.read(open_ms, count)
        if not len(block):
            return None
        market.extend(block)
        open_ms = block.first_open_ms + len(block) * block.bar_ms
    found = rows(feed.read(last_ms, 1)) if last_ms >= feed.first_open_ms else []
    return found[0] if found else None


def refolded(make: MakeMarket, signals: tuple[Signal, ...], feed: Feed, until_ms: int) -> MarketState:
    """The market with these signals, every bar before `until_ms` folded in."""
    market = empty_market(make, signals)
    last = fold_until(market, feed, until_ms)
    if last is not None:
        market.append(last)
    return market
