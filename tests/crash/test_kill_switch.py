"""The kill switch in processes that hang, wedge and die: HALTED is durable, flat is the venue's word, and both stay."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.venues.choose import venue_path
from engine.venues.simulated import flatten_offline
from store.latch import latch_halt
from tests.crash.books import Told
from tests.crash.campaign import kill_repeatedly
from tests.crash.conftest import Start
from tests.crash.life import Flags
from tests.crash.lives import Career
from tests.crash.riggings import HANG_AFTER_BARS
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

KILL_BAR = 6
STEPS = (
    "kill: latch durable",
    "before cancel all",
    "all cancelled, answer not booked",
    "kill: flattening begun",
    "kill: flattening sent",
    "kill carried out",
    "kill: before flat is proven",
    "kill: flat proven",
)
KILL_FAULTS: Flags = FAULTS | {
    "venue__faults__cancel_lost_before": ".3",
    "venue__faults__cancel_lost_after": ".3",
}


def control(career: Career) -> tuple[str, str]:
    """State and progress of the latch."""
    state, progress = career.rows("SELECT state, progress FROM control")[0]
    return str(state), str(progress)


def assert_flat(career: Career) -> None:
    assert career.told.positions == {}
    assert career.told.working == {}


@pytest.mark.parametrize(
    "faults",
    [pytest.param({}, id="plain"), pytest.param(KILL_FAULTS, id="faults", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_cut_short_at_any_step_is_finished_after_the_restart(
    start: Start, step: str, faults: Flags
) -> None:
    career = start("killed", 40, **MANY_ORDERS | faults)
    ending = career.live(commands=((KILL_BAR, "kill", {}),), kill_at=(step, 1))
    assert ending.killed, ending.output
    assert control(career)[0] == "HALTED"
    assert career.told.orders
    career.finish()
    career.assert_sound()
    assert control(career) == ("HALTED", "flat")
    assert_flat(career)


def test_kept_positions_keep_their_stops_and_nothing_else_works(start: Start) -> None:
    career = start("kept", 12, **MANY_ORDERS)
    assert career.live(
        commands=((6, "kill", {"keep_positions": "true"}),), kill_at=("kill carried out", 1)
    ).killed
    career.finish()
    career.assert_sound()
    assert control(career) == ("HALTED", "kept")
    told = career.told
    assert told.positions
    assert {order["symbol"] for order in told.working.values()} == told.positions.keys()
    assert {order["purpose"] for order in told.working.values()} == {"stop"}


def test_halted_stays_halted_until_the_word_is_typed(start: Start) -> None:
    career = start("halted", 60, **MANY_ORDERS)
    career.live(commands=((6, "kill", {}),), kill_at=("kill carried out", 1))
    assert career.live(bars=4).code == 0
    assert control(career) == ("HALTED", "flat")
    fills = len(career.told.fills)
    assert career.live(bars=8, commands=((2, "resume", {"confirm": "resume"}),)).code == 0
    assert control(career) == ("HALTED", "flat")
    assert len(career.told.fills) == fills
    # At full speed a halted bar takes a moment, and a run that is over refuses what is asked of it.
    assert career.live(bars=32, commands=((2, "resume", {"confirm": "RESUME"}),)).code == 0
    assert control(career)[0] == "ACTIVE"
    career.finish()
    career.assert_sound()
    assert len(career.told.fills) > fills


def test_a_bar_loop_that_waits_for_ever_is_flat_all_the_same(start: Start) -> None:
    career = start("hung", 40, **MANY_ORDERS)
    ending = career.live(
        rigging="hang_in_an_await", commands=((HANG_AFTER_BARS, "kill", {}),), kill_after_s=8.0
    )
    assert ending.killed, ending.output
    assert control(career) == ("HALTED", "flat")
    assert_flat(career)
    career.finish()
    career.assert_sound()
    assert_flat(career)


def test_a_wedged_loop_is_killed_from_outside(start: Start) -> None:
    career = start("wedged", 40, **MANY_ORDERS)
    dying = threading.Thread(target=lambda: career.live(rigging="wedge_the_loop", kill_after_s=6.0))
    dying.start()
    wait_for(Path(f"{career.database}.out"), "wedged", dying)
    assert Told.of(career.database).positions
    latch_halt(career.database, "it hangs", "operator@outside", keep_positions=False)
    flatten_offline(venue_path(career.database))
    assert_flat(career)
    assert dying.is_alive()
    dying.join()
    assert control(career)[0] == "HALTED"
    career.finish()
    career.assert_sound()
    assert control(career) == ("HALTED", "flat")
    assert_flat(career)


def wait_for(output: Path, word: str, writer: threading.Thread) -> None:
    """Until `word` is in the file, which `writer` may end without."""
    pause = threading.Event()
    while not (output.exists() and word in output.read_text()):
        assert writer.is_alive(), output.read_text()
        pause.wait(0.05)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "faults",
    [pytest.param({}, id="plain", marks=pytest.mark.slow), pytest.param(KILL_FAULTS, id="faults")],
)
def test_a_halt_by_a_guard_falls_on_the_same_bar_however_often_it_was_killed(
    start: Start, faults: Flags
) -> None:
    flags = MANY_ORDERS | faults | {"risk__dd_start": ".002", "risk__dd_halt": ".004"}
    undisturbed = start("undisturbed", 60, **flags)
    undisturbed.finish()
    undisturbed.assert_sound()
    assert control(undisturbed) == ("HALTED", "flat")
    toll = kill_repeatedly(lambda name: start(name, 60, **flags), kills=6, seed=3, bar_s=0.005)
    for career in toll.careers:
        career.assert_sound()
        assert control(career) == ("HALTED", "flat")
        assert career.digest == undisturbed.digest
