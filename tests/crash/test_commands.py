"""An operator interferes while the engine is killed again and again: what was asked happens once, as if undisturbed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.crash.campaign import kill_repeatedly
from tests.crash.conftest import SIM, Start, dotted
from tests.crash.life import Flags, Script
from tests.crash.lives import Career, Nursery
from tests.crash.test_sigkill import FAULTS, MANY_ORDERS

CANCEL_FAULTS: Flags = {
    "venue__faults__cancel_lost_before": ".3",
    "venue__faults__cancel_lost_after": ".3",
    "venue__faults__fill_after_cancel": ".3",
}
# Orders that work for more than one bar, so that there are entries to cancel.
SLOW: Flags = {"venue__latency_bars": "2"}
KINDS = pytest.mark.parametrize("faults", [{}, FAULTS | CANCEL_FAULTS], ids=["plain", "faults"])
SYMBOLS = str(SIM["run.symbols"]).split(",")
CHOICES: tuple[tuple[str, dict[str, str]], ...] = (
    *(("flatten", {"symbol": symbol, "on": on}) for symbol in SYMBOLS for on in ("true", "true", "false")),
    *(("cancel", {"order": f"any {purpose}"}) for purpose in ("stop", "open", "flatten", "stop", "open")),
    *(("signal", {"name": name, "on": on}) for name in ("A1", "A2", "A3") for on in ("true", "false")),
    *(
        ("signal", {"name": name, "state": state})
        for name in ("A2", "C4")
        for state in ("shadow", "off", "on")
    ),
    *(
        ("weight", {"name": name, "weight": weight})
        for name in ("A1", "A3", "C4")
        for weight in ("0", "0.05", "1")
    ),
    *(
        ("parameters", {"name": name, "parameters": text})
        for name, text in (("A1", "cap=1.5"), ("A2", "channels=[[10,5]]"), ("C4", "scalar=3"))
    ),
    ("parameters", {"name": "A2", "default": "true"}),
    *((kind, {"on": on}) for kind in ("pause", "reduce") for on in ("true", "false", "false")),
    ("weight", {"name": "A1", "weight": "2"}),
)


def drawn(seed: int, bars: int, count: int) -> Script:
    """What the operator asks: commands at bars, both drawn; where the book stands still they change nothing."""
    draw = random.Random(seed)
    at = sorted(draw.randrange(2, bars - 1) for _ in range(count))
    return tuple((decisions, *draw.choice(CHOICES)) for decisions in at)


def asked(career: Career) -> list[tuple[Any, ...]]:
    """Every command with its outcome, in the order of the log."""
    return career.rows(
        "SELECT market_ts_ms, kind, arguments, accepted, state_after FROM commands ORDER BY sequence"
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "faults",
    [pytest.param({}, id="plain", marks=pytest.mark.slow), pytest.param(FAULTS | CANCEL_FAULTS, id="faults")],
)
def test_commands_between_kills_change_what_they_say_and_nothing_else(start: Start, faults: Flags) -> None:
    survive(start, faults, kills=6, bars=50, commands=24)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(4))
@KINDS
def test_many_commands_between_many_kills(start: Start, faults: Flags, seed: int) -> None:
    survive(start, faults, kills=80, bars=400, commands=200, seed=seed)


STEPS = (
    ("transaction begun", 2),
    ("transaction committed", 2),
    ("transaction committed", 3),
    ("before send", 1),
    ("accepted, answer not booked", 1),
    ("before cancel", 1),
    ("cancelled, answer not booked", 1),
    ("cancelled, answer not booked", 2),
)
"""The first transaction is the start's own."""


@pytest.fixture(scope="module")
def undisturbed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Career:
    """A run in which every symbol is flattened, and a stop cancelled, while an entry works at the venue."""
    folder, flags = tmp_path_factory.mktemp("undisturbed"), SIM | dotted(MANY_ORDERS | SLOW)
    before = Career(nursery, folder / "before.db", flags, 16)
    before.finish()
    ((at,),) = before.rows(
        "SELECT count(*) FROM decisions WHERE ts_ms <= (SELECT max(decision_ts_ms) FROM orders WHERE purpose = 'open')"
    )
    script: Script = (
        *((at, "flatten", {"symbol": symbol}) for symbol in SYMBOLS),
        (at, "cancel", {"order": "any stop"}),
    )
    career = Career(nursery, folder / "career.db", flags, at + 6, script)
    career.finish()
    return career


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]} {step[1]}")
def test_a_command_cut_short_at_any_step_is_finished_after_the_restart(
    undisturbed: Career, tmp_path: Path, step: tuple[str, int]
) -> None:
    """The market stands still between the commands and the death, so that only their own steps are passed."""
    at = undisturbed.script[0][0]
    career = Career(undisturbed.nursery, tmp_path / "career.db", undisturbed.flags, undisturbed.bars)
    career.live(bars=at)
    career.script = undisturbed.script
    assert career.live(bars=1, kill_at=step).killed
    assert career.decisions == at
    career.finish()
    career.assert_sound()
    assert asked(career) == asked(undisturbed)
    assert career.digest == undisturbed.digest
    cancelled = career.rows("SELECT purpose FROM orders WHERE status = 'canceled' GROUP BY purpose")
    assert {("open",), ("stop",)} <= set(cancelled)


def survive(start: Start, faults: Flags, kills: int, bars: int, commands: int, seed: int = 1) -> None:
    """One undisturbed run with its operator, then the same between kills; digests, books and answers must agree."""
    flags = MANY_ORDERS | SLOW | faults
    script = drawn(seed, bars, commands)

    def begin(name: str) -> Career:
        career = start(name, bars, **flags)
        career.script = script
        return career

    undisturbed = begin("undisturbed")
    ending = undisturbed.finish()
    undisturbed.assert_sound()
    assert len(asked(undisturbed)) == commands
    assert {accepted for _, _, _, accepted, _ in asked(undisturbed)} == {0, 1}
    bar_s = (ending.seconds - (ending.ready_s or 0.0)) / bars
    toll = kill_repeatedly(begin, kills, seed=seed, bar_s=bar_s)
    for career in toll.careers:
        career.assert_sound()
        assert asked(career) == asked(undisturbed)
        assert career.digest == undisturbed.digest
        assert career.told.fills.keys() == undisturbed.told.fills.keys()
