"""Parameters of a signal, asked for from its screen: typed, shown beside their bounds, confirmed with a key of their
own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.answers import Parameter
from console.screens.parameters import ParametersScreen, change_lines, fault_of
from console.screens.signal import SignalScreen
from console.widgets.ink import broken
from engine.commands import DetailKind
from tests.console import snapshots
from tests.console.drilled import drilled
from tests.console.recorded_details import recorded, signal
from tests.console.stage import NARROW, Stage

WINDOW = Parameter("window", 428, "at least 3, at most 435", "ann", "days")
KNOWN = (Parameter("cap", 2.0, "above 0, at most 100", ""), WINDOW)
RUNNING = snapshots.running()


async def ask(on: Stage, *keys: str) -> None:
    await on.press("e")
    assert isinstance(on.app.screen, ParametersScreen)
    await on.press(*keys)


async def test_parameters_are_typed_shown_and_confirmed_with_their_own_key() -> None:
    async with drilled("signal", "A1", NARROW, RUNNING) as on:
        await ask(on)
        assert "PARAMETERS OF A1?" in on.text
        assert "by operator ann" in on.text
        await on.press(*"window=300")
        assert "window 428 to 300 days  at least 3, at most 435" in on.text
        assert "It has 0.40 of its class: positions may change" in on.text
        await on.press("E")
        assert on.link.commands == []
        await on.press("backspace", "enter", "E")
        assert on.link.asked_for == [("parameters", {"name": "A1", "parameters": "window=300"})]
        assert isinstance(on.app.screen, SignalScreen)


@pytest.mark.slow
async def test_the_way_back_to_the_configuration_is_typed_too() -> None:
    async with drilled("signal", "A1", NARROW, RUNNING) as on:
        await ask(on, *"default")
        assert "as configured: window" in on.text
        await on.press("enter", "E")
        assert on.link.asked_for == [("parameters", {"name": "A1", "default": "true"})]


@pytest.mark.slow
async def test_what_sets_nothing_is_not_sent() -> None:
    async with drilled("signal", "A1", NARROW, RUNNING) as on:
        await ask(on, *"windw=3", "enter", "tab", "E")
        on.clock.forward(0.4)
        await on.pilot.click("#choice-parameters-confirm")
        await on.turn()
        assert on.link.commands == []
        await on.press("escape")
        assert isinstance(on.app.screen, SignalScreen)


async def test_in_live_the_signal_is_typed_beside_them() -> None:
    async with drilled("signal", "A1", NARROW, replace(RUNNING, mode="live")) as on:
        await ask(on, *"cap=1.5", "enter")
        assert "LIVE: type A1 too" in on.text
        await on.press("enter", "E", "backspace", *"a1", "enter", "E")
        assert on.link.asked_for == [("parameters", {"name": "A1", "parameters": "cap=1.5"})]


@pytest.mark.slow
async def test_an_engine_that_does_not_tell_them_is_not_asked() -> None:
    answer = signal()
    del answer["signal"]["parameters"]
    async with drilled("signal", "A1", answers=recorded() | {DetailKind.SIGNAL: answer}) as on:
        await on.press("e")
        assert "The parameters of A1 are not known yet." in on.text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("default", ""),
        ("cap=1 window=300", ""),
        ("", "Type name=value, or default to go back to the configuration."),
        ("cpa=1", "There is no parameter cpa."),
        ("cap=", "cap=: write it as name=value."),
        ("cap=1 cap=2", "cap is given twice."),
    ],
)
def test_what_is_typed_is_asked_for_where_it_names_parameters(text: str, fault: str) -> None:
    assert fault_of(KNOWN, text) == fault


def test_however_many_there_are_the_choices_stay_in_sight_on_a_small_screen() -> None:
    many = [Parameter(f"parameter_{place}", place, "at least 1, at most 500", "") for place in range(12)]
    for typed in range(13):
        text = " ".join(f"{one.name}=7" for one in many[:typed])
        assert sum(len(broken(line, 70)) for line in change_lines(many, text)) <= 11
