"""The market's clock never runs back, and a bar takes its time on the wall: no more and no less.

The tests run on a real event loop whose time jumps to the next timer instead of sleeping.
"""

import asyncio
import math
import selectors
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from engine.clock import CATCH_UP_S, ClockError, Pacer, VirtualClock, WallClock

HOUR_MS = 3_600_000
SPEED = 900.0  # an hour in four seconds


class JumpingSelector(selectors.SelectSelector):
    """Polls, and lets the time it was asked to sleep pass at once."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self.passed_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return 1_000.0 + self.jumping.passed_s

    def pause(self, seconds: float) -> None:
        """What SIGSTOP or a closed lid does: time passes and nothing runs."""
        self.jumping.passed_s += seconds


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(main)


def loop() -> JumpingLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, JumpingLoop)
    return running


def test_virtual_clock_stands_until_moved_and_never_runs_back() -> None:
    clock = VirtualClock(1_000)
    assert clock.is_virtual
    assert clock.now_ms() == 1_000
    clock.advance_to(1_000)
    clock.advance_to(2_500)
    assert clock.now_ms() == 2_500
    with pytest.raises(ClockError, match="2500 to 2499"):
        clock.advance_to(2_499)
    assert clock.now_ms() == 2_500


def test_wall_clock_is_the_machine_time_in_ms() -> None:
    before_ms = time.time_ns() // 1_000_000
    now_ms = WallClock().now_ms()
    assert not WallClock().is_virtual
    assert before_ms <= now_ms <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_does_not_move_the_market_is_refused(speed: float) -> None:
    with pytest.raises(ClockError, match="speed"):
        Pacer(HOUR_MS, speed)


def test_bars_follow_each_other_at_the_asked_pace_whatever_the_work_takes() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, SPEED)
        assert pacer.interval_s == 4.0
        wake = asyncio.Event()
        began_s = loop().time()
        due = []
        for work_s in (0.0, 1.5, 3.9, 0.1):
            pacer.begin_bar()
            assert await pacer.wait(wake)
            due.append(loop().time() - began_s)
            loop().pause(work_s)
        assert due == pytest.approx([4.0, 8.0, 12.0, 16.0])

    run(main())


def test_full_speed_waits_for_nothing_yet_lets_others_run() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, math.inf)
        wake = asyncio.Event()
        turns = 0

        async def neighbour() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(neighbour())
        began_s = loop().time()
        for _ in range(100):
            pacer.begin_bar()
            assert await pacer.wait(wake)
            assert pacer.fraction() == 0.0
        assert loop().time() == began_s
        assert turns >= 99
        task.cancel()

    run(main())


def test_a_bar_woken_early_keeps_the_rest_of_its_time() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, SPEED)
        wake = asyncio.Event()
        began_s = loop().time()
        pacer.begin_bar()
        loop().call_later(1.0, wake.set)
        assert not await pacer.wait(wake)
        assert loop().time() - began_s == pytest.approx(1.0)
        assert pacer.fraction() == pytest.approx(0.25)
        wake.clear()
        assert await pacer.wait(wake)
        assert loop().time() - began_s == pytest.approx(4.0)
        assert pacer.fraction() == pytest.approx(1.0)

    run(main())


def test_an_event_already_set_wins_over_a_bar_that_is_due() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, math.inf)
        wake = asyncio.Event()
        wake.set()
        pacer.begin_bar()
        assert not await pacer.wait(wake)
        wake.clear()
        assert await pacer.wait(wake)

    run(main())


@pytest.mark.parametrize("where", ["while waiting", "while working"])
def test_after_a_pause_no_bar_is_hurried_to_make_up_for_it(where: str) -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, SPEED)
        wake = asyncio.Event()
        pacer.begin_bar()
        assert await pacer.wait(wake)
        if where == "while working":
            loop().pause(100.0)
            pacer.begin_bar()
        else:
            pacer.begin_bar()
            loop().call_later(1.0, loop().pause, 100.0)
        assert await pacer.wait(wake)
        resumed_s = loop().time()
        for count in range(1, 4):
            pacer.begin_bar()
            assert await pacer.wait(wake)
            assert loop().time() - resumed_s == pytest.approx(count * 4.0 - CATCH_UP_S)

    run(main())


def test_a_pace_faster_than_the_work_never_owes_more_than_the_catch_up() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, HOUR_MS / 1000.0 / 0.010)
        wake = asyncio.Event()
        for _ in range(1_000):
            pacer.begin_bar()
            assert await pacer.wait(wake)
            loop().pause(0.020)
        began_s = loop().time()
        bars = 0
        while loop().time() - began_s < 1.0:
            pacer.begin_bar()
            assert await pacer.wait(wake)
            bars += 1
        assert bars <= 1.0 / 0.010 + CATCH_UP_S / 0.010 + 2

    run(main())


def test_a_speed_set_before_the_first_bar_is_that_bars_speed() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, SPEED)
        pacer.set_speed(SPEED * 2.0)
        began_s = loop().time()
        pacer.begin_bar()
        assert await pacer.wait(asyncio.Event())
        assert loop().time() - began_s == pytest.approx(2.0)

    run(main())


def test_a_new_speed_goes_on_from_where_the_bar_is() -> None:
    async def main() -> None:
        pacer = Pacer(HOUR_MS, SPEED)
        wake = asyncio.Event()
        began_s = loop().time()
        pacer.begin_bar()
        loop().call_later(1.0, wake.set)
        assert not await pacer.wait(wake)
        wake.clear()
        pacer.set_speed(SPEED / 10.0)
        assert pacer.fraction() == pytest.approx(0.25)
        assert await pacer.wait(wake)
        assert loop().time() - began_s == pytest.approx(1.0 + 30.0)
        pacer.begin_bar()
        pacer.set_speed(math.inf)
        assert await pacer.wait(wake)
        assert loop().time() - began_s == pytest.approx(31.0)

    run(main())
