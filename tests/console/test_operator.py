"""A pause that only an armed kill switch asked for does not outlive the screen that armed it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from console.operator import ARMED_REASON, Operator, lift_forgotten_hold
from engine.snapshot import OverrideRow, Snapshot
from tests.console import snapshots
from tests.console.recorded_link import RecordedLink

ANN = "operator ann@console"
WHY = "the terminal is gone"
HELD = replace(snapshots.PAUSED, actor=ANN, reason=ARMED_REASON)


def restricted(*overrides: OverrideRow) -> Snapshot:
    return replace(snapshots.running(), state="REDUCING", overrides=overrides)


async def test_a_hold_whose_screen_is_gone_is_lifted_and_says_why() -> None:
    link = RecordedLink(restricted(snapshots.DRAWDOWN, HELD))
    result = await lift_forgotten_hold(link, ANN, WHY)
    assert result is not None
    assert result.accepted
    (command,) = link.commands
    assert (str(command.kind), command.arguments) == (
        "pause",
        {"on": "false", "hold": ARMED_REASON, "whose": ANN},
    )
    assert command.actor == f"{ANN}, after its screen"
    assert command.reason == "kill switch disarmed: the terminal is gone"


@pytest.mark.parametrize(
    "picture",
    [
        None,
        snapshots.running(),
        snapshots.paused(),
        restricted(replace(HELD, actor="operator bob@console")),
        restricted(replace(HELD, name="operator reduce")),
    ],
    ids=["no picture", "no pause", "a pause asked for", "another screen's", "another restriction"],
)
async def test_every_other_restriction_stays(picture: Snapshot | None) -> None:
    link = RecordedLink(picture)
    assert await lift_forgotten_hold(link, ANN, WHY) is None
    assert link.commands == []


async def test_an_engine_that_cannot_be_asked_any_more_is_told_not_raised() -> None:
    link = RecordedLink(restricted(HELD))
    link.failure = RuntimeError("the journal is closed")
    result = await lift_forgotten_hold(link, ANN, WHY)
    assert result is not None
    assert not result.accepted
    assert "the journal is closed" in result.message


ON = ("pause", {"on": "true", "hold": ARMED_REASON})
OFF = ("pause", {"on": "false", "hold": ARMED_REASON})
FOR_MAINTENANCE = replace(HELD, actor="cli pid=7 uid=0", reason="exchange maintenance")


async def all_answered() -> None:
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


@pytest.mark.parametrize(
    ("meanwhile", "asked", "words"),
    [
        (restricted(), [ON, OFF], "Entries go on."),
        (restricted(HELD), [ON, OFF], "Entries go on."),
        (restricted(replace(HELD, actor=f"{ANN} pid=7 uid=0")), [ON, OFF], "Entries go on."),
        (restricted(FOR_MAINTENANCE), [ON], "Entries stay paused by cli pid=7 uid=0: exchange maintenance."),
        (
            restricted(replace(HELD, actor="operator bob@console")),
            [ON],
            f"Entries stay paused by operator bob@console: {ARMED_REASON}.",
        ),
    ],
    ids=[
        "not shown yet",
        "its own",
        "its own over a socket",
        "asked for by somebody",
        "another armed switch",
    ],
)
async def test_disarming_lifts_its_own_pause_and_no_other(
    meanwhile: Snapshot, asked: list[object], words: str
) -> None:
    link = RecordedLink(snapshots.running())
    hold = Operator(link, ANN).hold_entries(link.snapshot())
    await all_answered()
    link.show(meanwhile)
    assert hold.afterwards == words
    hold.lift("by the operator")
    await all_answered()
    assert link.asked_for == asked


@pytest.mark.parametrize(
    ("before", "asked"),
    [(FOR_MAINTENANCE, []), (replace(HELD, actor="operator bob@console"), [ON])],
    ids=["a pause asked for is enough", "another armed switch may be disarmed"],
)
async def test_arming_over_a_pause(before: OverrideRow, asked: list[object]) -> None:
    link = RecordedLink(restricted(before))
    Operator(link, ANN).hold_entries(link.snapshot())
    await all_answered()
    assert link.asked_for == asked
