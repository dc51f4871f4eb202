"""What the console's questions foretell of the weights is what the engine makes of them, to the last digit: whatever
the operator chose, and whatever an estimate has seen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.questions import shares_if, weight_row
from engine.bookstate import Choice
from engine.signal_table import Choices, Estimated, chosen_weight, class_shares
from engine.snapshot import Snapshot, WeightRow
from engine.weight_facts import NONE_SEEN, OPERATORS_OWN
from store import weight_rows
from strategies.evidence import breakout, momentum, reversal
from strategies.settings import BreakoutSettings, MomentumSettings, ReversalSettings
from strategies.signal import Signal
from tests.console.snapshots import running as a_picture
from tests.engine.session_runs import Said, Script, ScriptedSession, engine

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

NAMES = ("A1", "A2", "A3")
WEIGHTS = st.sampled_from([0.0, 0.2, 0.4, 1.0])
CHOICES = st.dictionaries(
    st.sampled_from(NAMES), st.builds(Choice, st.booleans(), st.none() | WEIGHTS, st.just("me"), st.just(0))
)
ESTIMATED = st.none() | st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
DAILY = {
    "blend__method": "equal-risk",
    "blend__every_days": "1",
    "blend__least_days": "2",
    "blend__effective_after_bars": "5",
}


def picture_of(signals: tuple[Signal, ...], choices: Choices, estimated: Estimated) -> Snapshot:
    shares = class_shares(signals, choices, estimated)
    rows = tuple(
        WeightRow(
            signal.name,
            "",
            "directional",
            "",
            share,
            signal.name not in choices or choices[signal.name].enabled,
            1.0,
            0.0,
            1,
            1,
            raw_weight=chosen_weight(signal, choices, estimated),
        )
        for signal, share in zip(signals, shares, strict=True)
    )
    return replace(a_picture(), weights=rows)


@given(
    st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), CHOICES, ESTIMATED, st.sampled_from(NAMES), st.booleans(), WEIGHTS
)
def test_whatever_was_chosen_and_estimated(
    configured: tuple[float, float, float],
    choices: dict[str, Choice],
    seen: dict[str, float] | None,
    name: str,
    on: bool,
    weight: float,
) -> None:
    signals = (
        momentum.build(MomentumSettings(weight=configured[0])),
        breakout.build(BreakoutSettings(weight=configured[1])),
        reversal.build(ReversalSettings(weight=configured[2])),
    )
    estimated: Estimated = {} if seen is None else {"directional": seen}
    picture = picture_of(signals, choices, estimated)
    row = weight_row(picture, name)
    assert row is not None
    before = choices.get(name, Choice(True, None, "me", 0))
    for foretold, choice in (
        (shares_if(picture, name, row.raw_weight, enabled=on), replace(before, enabled=on)),
        (shares_if(picture, name, weight, enabled=row.enabled), replace(before, weight=weight)),
    ):
        shares = class_shares(signals, {**choices, name: choice}, estimated)
        assert {each: share for each, share in foretold.items() if share} == pytest.approx(
            {each: share for each, share in zip(NAMES, shares, strict=True) if share}
        )


def switch(name: str, state: str) -> Said:
    return "signal", {"name": name, "state": state}


class Foretelling(ScriptedSession):
    """A session of which is noted, at each command, what the console's question says that it comes to; and in the
    end the notes of the pane."""

    def __init__(self, database: Path, bars: int, script: Script, **flags: str) -> None:
        super().__init__(engine(database, run__bars=str(bars), **flags).configuration, database, script)
        self.foretold: list[dict[str, float]] = []
        self.notes: dict[int, Mapping[str, str]] = {}
        self.shown: dict[int, Mapping[str, WeightRow]] = {}

    async def _pace(self, machine: Machine, row: Row) -> bool:
        decisions = machine.book.decisions
        for kind, arguments in self._script.get(decisions, ()):
            picture = self.snapshot()
            assert picture is not None
            about = weight_row(picture, arguments["name"])
            assert about is not None
            raw = float(arguments["weight"]) if kind == "weight" else about.raw_weight
            self.foretold.append(
                shares_if(picture, about.name, raw, enabled=arguments.get("state", "on") == "on")
            )
        going_on = await super()._pace(machine, row)
        picture = self.snapshot()
        assert picture is not None
        self.notes[decisions] = {each.kind: each.note for each in picture.estimates}
        self.shown[decisions] = {each.name: each for each in picture.weights}
        return going_on


def told(message: str) -> dict[str, float]:
    """The directional weights that an answer says are in force from the next decision on."""
    return {name: float(share) for name, share in re.findall(r"(A[123]) (\d\.\d{3})(?=[,;]|$)", message)}


async def test_what_the_newest_estimate_has_not_seen_trades_nothing_when_all_that_it_saw_are_off(
    tmp_path: Path,
) -> None:
    database = tmp_path / "engine.db"
    script: Script = {
        54: [switch("A3", "on")],
        56: [switch("A1", "off")],
        57: [switch("A2", "shadow")],
        59: [("weight", {"name": "A3", "weight": "0.2"})],
    }
    session = Foretelling(database, 62, script, signals__A3__enabled="false", **DAILY)
    await session.run()
    (row,) = weight_rows.read(database)
    assert json.loads(row.settings)["names"] == ["A1", "A2"]
    for foretold, answer in zip(session.foretold, session.answers, strict=True):
        assert answer.accepted
        assert told(answer.message) == pytest.approx(
            {name: share for name, share in foretold.items() if share}, abs=6e-4
        )
    assert session.foretold[0]["A3"] == 0.0
    assert (
        "no directional signal is left: the next decision closes every position" in session.answers[2].message
    )
    assert session.notes[58] == {"directional": NONE_SEEN}
    waiting = session.shown[58]["A3"]
    assert (waiting.state, waiting.weight, waiting.raw_weight, waiting.waits) == ("shadow", 0.0, 0.0, True)
    assert "not in the estimate" in waiting.why
    assert session.notes[60] == {"directional": OPERATORS_OWN}
    assert session.shown[60]["A3"].weight == 1.0


async def test_a_class_that_the_operator_weighs_says_that_no_estimate_applies(tmp_path: Path) -> None:
    script: Script = {1: [("weight", {"name": "A4", "weight": "0.3"})]}
    flags = DAILY | {"signals__A4__enabled": "true", "signals__A4__weight": "0"}
    session = Foretelling(tmp_path / "engine.db", 3, script, **flags)
    await session.run()
    assert session.notes[0].keys() == {"directional"}
    assert session.notes[2]["neutral"] == OPERATORS_OWN
