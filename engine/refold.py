"""The market folded from its first bar: at a start, and beside the running one where more signals are to be computed.

A signal that is switched on thus has all its past, and stands where a restart would put it, because it is the same
fold. It is folded beside bars and commands, which go on meanwhile, and taken over between two bars: only then does
anything depend on it. So an engine that ends waits for no fold, however long a kernel takes to compile: nobody has it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from engine import kernel_cache
from engine.market import MarketState, Row, rows
from engine.venues.worker import Worker
from strategies.signal import Signal

if TYPE_CHECKING:
    from engine.feeds.feed import Feed

WARM_BARS = 8_192
# Few enough that a fold beside the bars soon leaves the processor to an engine that ends.
BESIDE_BARS = 1_024
# So many bars are folded in a few milliseconds while the running market waits.
CLOSE_BARS = 48
ENDS_WITHIN_S = 5.0
ENDS = "the engine ends"

Answer = TypeVar("Answer")
MakeMarket = Callable[[tuple[Signal, ...]], MarketState]
"""A market that has seen no bar, for these signals."""


class FoldFault(Exception):
    """A fold beside the bars does not come to its end; the message is one line that says why."""


def empty_market(
    make: MakeMarket, signals: tuple[Signal, ...], stopped: threading.Event | None = None
) -> MarketState:
    """A market that has seen no bar, with all kernels its signals need. Blocking: call it off the loop. `stopped`: what
    ends a fold beside the bars, with a FoldFault; None before there are any."""
    needed = kernel_cache.needed_by(name for signal in signals for name in signal.modules)
    if stopped is None:
        kernel_cache.warm(needed)
    else:
        kernel_cache.warm_beside(needed, stopped)
        _heed(stopped)
    return make(signals)


def fold_until(
    market: MarketState,
    feed: Feed,
    until_ms: int,
    block_bars: int = WARM_BARS,
    stopped: threading.Event | None = None,
) -> Row | None:
    """Fold every further bar before `until_ms` as trading does, but for the last, which is returned. Blocking: call it
    off the loop. Raises DataFault; FoldFault once it is `stopped`."""
    open_ms, last_ms = max(feed.first_open_ms, market.now_ms), until_ms - feed.bar_ms
    while open_ms < last_ms:
        _heed(stopped)
        count = min(block_bars, (last_ms - open_ms) // feed.bar_ms)
        block = feed.read(open_ms, count)
        if not len(block):
            return None
        market.extend(block)
        open_ms = block.first_open_ms + len(block) * block.bar_ms
    found = rows(feed.read(last_ms, 1)) if last_ms >= feed.first_open_ms else []
    return found[0] if found else None


@contextmanager
def _faults_told() -> Iterator[None]:
    """A file, a compiler and a plug-in fail in ways of their own, and none may end the engine."""
    try:
        yield
    except FoldFault:
        raise
    except Exception as fault:
        words = " ".join(str(fault).split()) or type(fault).__name__
        raise FoldFault(f"the past of the signals cannot be folded: {words}") from fault


@dataclass(frozen=True, slots=True)
class Folded:
    """A market that has all but caught up with the running one."""

    market: MarketState
    feed: Feed

    async def complete(self, running: MarketState) -> None:
        """Catch up with the running market, which stands still meanwhile. Raises FoldFault."""
        with _faults_told():
            last = await asyncio.to_thread(fold_until, self.market, self.feed, running.now_ms)
            if self.market.selector is not None and running.selector is not None:
                self.market.selector.stand_by(running.selector)
            if last is not None:
                self.market.append(last)


class Refold:
    """Folds markets beside the running one, one at a time: `turn` is held by whoever wants one, from the question
    what is to be folded until it is taken over."""

    def __init__(self, make: MakeMarket, feed: Feed) -> None:
        self._make = make
        self._feed = feed
        self._stopped = threading.Event()
        self._awaited: asyncio.Future[Any] | None = None
        self.turn = asyncio.Lock()

    @property
    def ends(self) -> bool:
        """Whether no fold comes to its end any more, because the engine ends."""
        return self._stopped.is_set()

    async def beside(self, signals: tuple[Signal, ...], cursor_ms: Callable[[], int]) -> Folded:
        """The market with these signals, but for the last few bars before `cursor_ms`, which moves on meanwhile.
        Raises FoldFault."""
        worker = Worker("refold")
        try:
            with _faults_told():
                feed = await self._of(worker, self._feed.beside)
                market = await self._of(worker, partial(empty_market, self._make, signals, self._stopped))
                close_ms = CLOSE_BARS * feed.bar_ms
                while cursor_ms() - max(market.now_ms, feed.first_open_ms) > close_ms:
                    block = partial(fold_until, market, feed, cursor_ms(), BESIDE_BARS, self._stopped)
                    await self._of(worker, block)
                _heed(self._stopped)
                return Folded(market, feed)
        finally:
            worker.stop()

    async def stop(self) -> None:
        """Let nobody wait for a fold any more, and none begin; returns when who did has been answered, or when what
        was to follow one hangs. What a thread is still about then is dropped, and ends with the process."""
        self._stopped.set()
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(FoldFault(ENDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S), self.turn:
                pass

    async def _of(self, worker: Worker, job: Callable[[], Answer]) -> Answer:
        """What this part of a fold comes to. Raises FoldFault as soon as the engine ends, with the job under way."""
        _heed(self._stopped)
        self._awaited = answer = worker.ask(job)
        return await answer


def _heed(stopped: threading.Event | None) -> None:
    if stopped is not None and stopped.is_set():
        raise FoldFault(ENDS)
