"""When gathered bars become durable: at once where orders or venue news are among them, else in groups."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.machine import Machine
    from store.config import StoreConfig


class GroupCommit:
    """Counts what has been gathered since the last commit, and when that was."""

    def __init__(self) -> None:
        self._gathered = 0
        self._last_s = 0.0

    async def commit(self, machine: Machine, store: StoreConfig, urgent: bool) -> None:
        """One bar more was gathered: commit all there is where it is `urgent`, or the group is full or old."""
        self._gathered += 1
        now_s = time.monotonic()
        grown = self._gathered >= store.group_commit_bars
        late = (now_s - self._last_s) * 1e3 >= store.group_commit_ms
        if not (urgent or grown or late):
            return
        machine.cycle.store_book()
        durable_ms = machine.book.cursor_ms
        await machine.journal.commit()
        machine.lane.decided(durable_ms)
        self._gathered = 0
        self._last_s = now_s
