"""How late the event loop is: one probe that sleeps a little and measures by how much it overslept."""

from __future__ import annotations

import asyncio
import time
from collections import deque

INTERVAL_S = 0.05
SAMPLES = 1_200


class LagProbe:
    """Lag of the last minute, in milliseconds."""

    def __init__(self) -> None:
        self._samples_ms: deque[float] = deque(maxlen=SAMPLES)
        self._p99_ms = 0.0
        self.beat_s = time.monotonic()

    @property
    def p99_ms(self) -> float:
        """99th percentile of the last minute, renewed about once a second."""
        return self._p99_ms

    async def run(self) -> None:
        """Measure until cancelled."""
        rounds = 0
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(INTERVAL_S)
            self.beat_s = time.monotonic()
            self._samples_ms.append(max(0.0, (time.monotonic() - asked_s - INTERVAL_S) * 1e3))
            rounds += 1
            if rounds % 20 == 0:
                ordered = sorted(self._samples_ms)
                self._p99_ms = ordered[int(0.99 * (len(ordered) - 1))]
