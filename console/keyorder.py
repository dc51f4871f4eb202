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
        self._turn = 0
        self._given_up: asyncio.TimerHandle | None = None

    async def take(self, key: Key) -> None:
        """This key now, or when its turn comes."""
        self._waiting.append(key)
        if self._given_up is None:
            await self._next()

    async def _next(self) -> None:
        if not self._waiting:
            return
        self._turn += 1
        queues = self._queues()
        self._wait(queues, _MOST_WAITS)
        await self._forward(self._waiting.popleft())
        self._pass([*queues, *queues], self._turn)

    def _pass(self, queues: Sequence[MessagePump], turn: int) -> None:
        """Follow the key through its queues; behind it in each."""
        first, *rest = queues
        first.call_later(partial(self._pass, rest, turn) if rest else partial(self._done, turn))

    def _wait(self, queues: Sequence[MessagePump], waits: int) -> None:
        loop = asyncio.get_running_loop()
        self._given_up = loop.call_later(_WAITS_S, self._give_up, self._turn, queues, waits - 1)

    def _give_up(self, turn: int, queues: Sequence[MessagePump], waits: int) -> None:
        if waits and all(queue.is_running for queue in queues):
            self._wait(queues, waits)
            return
        queues[-1].call_later(partial(self._done, turn))

    async def _done(self, turn: int) -> None:
        if turn != self._turn or self._given_up is None:
            return
        self._given_up.cancel()
        self._given_up = None
        await self._next()
