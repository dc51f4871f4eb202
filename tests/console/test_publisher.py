"""When the screen is brought up to date, and when the engine is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.publisher import Publisher
from tests.console.recorded_link import RecordedLink
from tests.console.snapshots import WALL_MS, running


@dataclass
class Load:
    """What the terminal says of itself."""

    waiting: int = 0
    dropped: int = 0


class Bench:
    """A publisher with everything around it in reach."""

    def __init__(self, hz: float = 4.0) -> None:
        self.load = Load()
        self.lag_ms = 0.0
        self.now_ms = WALL_MS
        self.fetched = 0
        self.link = RecordedLink(self._fetch)
        self.publisher = Publisher(
            self.link, self.load, lambda: self.lag_ms, lambda: self.now_ms, hz=hz, mode="sim"
        )

    def _fetch(self) -> None:
        self.fetched += 1

    def turns(self, count: int) -> int:
        return sum(self.publisher.turn() is not None for _ in range(count))


def test_a_terminal_that_has_not_taken_the_last_frame_gets_no_new_one_and_the_engine_is_not_asked() -> None:
    bench = Bench()
    bench.load.waiting = 3
    assert bench.turns(100) == 0
    assert bench.fetched == 0
    bench.load.waiting = 2
    assert bench.turns(1) == 1


def test_after_dropped_frames_everything_is_drawn_once_the_queue_is_empty() -> None:
    bench = Bench()
    bench.load.dropped = 5
    bench.load.waiting = 1
    waiting = bench.publisher.turn()
    assert waiting is not None
    assert not waiting.repaint
    bench.load.waiting = 0
    first, second = bench.publisher.turn(), bench.publisher.turn()
    assert first is not None
    assert first.repaint
    assert second is not None
    assert not second.repaint


def test_a_lagging_loop_halves_the_rate_until_it_has_clearly_recovered() -> None:
    bench = Bench()
    bench.lag_ms = 21.0
    assert bench.turns(20) == 10
    bench.lag_ms = 15.0
    assert bench.turns(20) == 10
    bench.lag_ms = 9.0
    assert bench.turns(20) == 20


def test_a_lagging_loop_halves_the_slowest_rate_too() -> None:
    bench = Bench(hz=1.0)
    bench.link.show(running())
    bench.lag_ms = 21.0
    bench.turns(40)
    assert bench.turns(20) == 10


def test_where_nothing_moves_it_is_shown_once_a_second_until_something_does() -> None:
    bench = Bench()
    bench.link.show(running())
    assert bench.turns(9) == 9
    assert bench.turns(20) == 5
    bench.link.show(replace(running(), equity="1.00"))
    assert bench.turns(4) >= 1
    assert bench.turns(4) == 4
    bench.turns(20)
    assert bench.turns(20) == 5
    bench.link.show(replace(running(), equity="1.00", sequence=77, wall_ts_ms=WALL_MS + 250))
    assert bench.turns(20) == 5, "a picture that differs in its time alone is no movement"


def test_an_operator_who_does_something_is_shown_what_comes_of_it_at_the_full_rate() -> None:
    bench = Bench()
    bench.link.show(running())
    bench.turns(40)
    bench.publisher.stir()
    assert bench.turns(8) == 8
    assert bench.turns(20) == 5


def test_the_view_says_how_old_the_picture_is_and_at_which_rate_it_is_shown() -> None:
    bench = Bench()
    bench.link.show(running())
    bench.now_ms = WALL_MS + 2_900
    fresh = bench.publisher.view()
    assert (fresh.silent_ms, fresh.silent, fresh.mode, fresh.hz) == (2_900, False, "sim", 4.0)
    bench.now_ms = WALL_MS + 3_100
    assert bench.publisher.view().silent
    bench.lag_ms = 30.0
    bench.publisher.turn()
    slowed = bench.publisher.turn(armed=True)
    assert slowed is not None
    assert (slowed.view.hz, slowed.view.armed) == (2.0, True)


def test_before_the_first_picture_the_mode_is_known_and_nothing_is_called_old() -> None:
    view = Bench().publisher.view()
    assert (view.snapshot, view.mode, view.silent) == (None, "sim", False)


def test_a_wall_clock_that_steps_back_makes_nothing_older() -> None:
    bench = Bench()
    bench.link.show(running())
    bench.now_ms = WALL_MS - 60_000
    assert bench.publisher.view().silent_ms == 0
