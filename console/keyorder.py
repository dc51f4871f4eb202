"""Keys in the order they were struck, each where the one before it led.

A key is handled by the widget that has the focus and by everything around it, one message queue after the other. Keys
that come in one burst, as after a stalled line, would all be sent to where the focus was when the first of them came: a
filter typed ahead would be obeyed as commands. So a key waits until the one before it has passed every queue.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from textual.events import Key
from textual.message_pump import MessagePump

# A queue that was taken down with its widget never answers; one that is only slow, on a busy machine, does.
_WAITS_S = 0.1
_MOST_WAITS = 10


class KeyOrder:
    """Hands keys to `forward` one by one; `queues` are those a key passes from the focus on, the app's the last."""

    def __init__(
        self, forward: Callable[[Key], Awaitable[None]], queues: Callable[[], Sequence[MessagePump]]
    ) -> None:
        self._forward = forward
        self._queues = queues
        self._waiting: deque[Key] = deque()
        self._passing: Key | None = None
        self._given_up: asyncio.TimerHandle | None = None

    async def take(self, key: Key) -> None:
        """This key now, or when its turn comes."""
        self._waiting.append(key)
        if self._passing is None:
            await self._next()

    def drop(self) -> None:
        """Forget the keys that wait and stop the one on its way: they were not meant for what opens now."""
        self._waiting.clear()
        if self._passing is not None:
            self._passing.stop()
        self._end()

    async def _next(self) -> None:
        if not self._waiting:
            return
        self._passing = key = self._waiting.popleft()
        queues = self._queues()
        self._wait(key, queues, _MOST_WAITS)
        await self._forward(key)
        self._pass(key, [*queues, *queues])

    def _pass(self, key: Key, queues: Sequence[MessagePump]) -> None:
        """Follow the key through its queues; behind it in each that is still open."""
        first, *rest = queues
        taken = first.call_later(partial(self._pass, key, rest) if rest else partial(self._done, key))
        if rest and not taken:
            self._pass(key, rest)

    def _wait(self, key: Key, queues: Sequence[MessagePump], waits: int) -> None:
        loop = asyncio.get_running_loop()
        self._given_up = loop.call_later(_WAITS_S, self._give_up, key, queues, waits - 1)

    def _give_up(self, key: Key, queues: Sequence[MessagePump], waits: int) -> None:
        if waits and all(queue.is_running for queue in queues):
            self._wait(key, queues, waits)
            return
        queues[-1].call_later(partial(self._done, key))

    async def _done(self, key: Key) -> None:
        if key is self._passing:
            self._end()
            await self._next()

    def _end(self) -> None:
        self._passing = None
        if self._given_up is not None:
            self._given_up.cancel()
