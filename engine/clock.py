"""What time it is for the market, and how long a bar of it may take on the wall.

Decisions read a `Clock` and nothing else. A `Pacer` only delays a virtual market so that a person can follow
it: it never changes what happens, so a run at any speed, paused or not, decides the same.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol

# Debt a late loop may make up by running bars early; anything older (a laptop lid, SIGSTOP) is forgiven.
CATCH_UP_S = 0.25


class ClockError(Exception):
    """The market's clock was asked to do what no clock does; the message names both times."""


class Clock(Protocol):
    """The market's time. `is_virtual`: it stands still until the session moves it on."""

    @property
    def is_virtual(self) -> bool: ...

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...


class VirtualClock:
    """A clock the session moves on from bar to bar; it never runs back."""

    is_virtual = True

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance_to(self, now_ms: int) -> None:
        """Move on to `now_ms`. Raises ClockError when that lies in the past."""
        if now_ms < self._now_ms:
            raise ClockError(f"the market's clock cannot run back from {self._now_ms} to {now_ms}")
        self._now_ms = now_ms


class WallClock:
    """The machine's own time, wherever its operator sets it."""

    is_virtual = False

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class Pacer:
    """Gives every bar of a virtual market its time on the wall: `bar_ms / speed`, none at infinite speed.

    Per bar: `begin_bar()`, then `wait(wake)` until it returns True, then the bar is processed. Time comes
    from the running loop, so call it there only.
    """

    def __init__(self, bar_ms: int, speed: float) -> None:
        self._bar_ms = bar_ms
        self._interval_s = _interval_s(bar_ms, speed)
        self._due_s = -math.inf

    @property
    def interval_s(self) -> float:
        """Seconds on the wall one bar takes; 0 at full speed."""
        return self._interval_s

    def set_speed(self, speed: float) -> None:
        """Go on at `speed` times real time (`math.inf`: no delay) from where the bar in progress is now."""
        interval_s = _interval_s(self._bar_ms, speed)
        if not math.isinf(self._due_s):
            self._due_s = _loop_time_s() + (1.0 - self.fraction()) * interval_s
        self._interval_s = interval_s

    def begin_bar(self) -> None:
        """Start the next bar's time where the last one's ended, as far as `CATCH_UP_S` allows."""
        now_s = _loop_time_s()
        if math.isinf(self._due_s):
            self._due_s = now_s + self._interval_s
        else:
            self._due_s = max(self._due_s + self._interval_s, now_s - CATCH_UP_S)

    async def wait(self, wake: asyncio.Event) -> bool:
        """True when the bar's time is up, False when `wake` was set first.

        A bar that was interrupted keeps what is left of its time: handle what woke it, clear the event, wait
        again. Other tasks get their turn even at full speed.
        """
        remaining_s = self._due_s - _loop_time_s()
        if remaining_s <= 0.0:
            await asyncio.sleep(0)
            return not wake.is_set()
        try:
            async with asyncio.timeout(remaining_s):
                await wake.wait()
        except TimeoutError:
            self._due_s = max(self._due_s, _loop_time_s() - CATCH_UP_S)
        return not wake.is_set()

    def fraction(self) -> float:
        """How much of the bar's time is over, in [0, 1]; 0 at full speed, where nothing lies between bars."""
        if self._interval_s == 0.0 or math.isinf(self._due_s):
            return 0.0
        return min(1.0, max(0.0, 1.0 - (self._due_s - _loop_time_s()) / self._interval_s))


def _interval_s(bar_ms: int, speed: float) -> float:
    if not speed > 0.0:
        raise ClockError(
            f"speed {speed} does not move the market; give a multiple of real time above 0, or max"
        )
    return bar_ms / 1000.0 / speed


def _loop_time_s() -> float:
    return asyncio.get_running_loop().time()
