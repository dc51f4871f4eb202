"""What signals in shadow say is told apart from what the decisions were made with, while no engine runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from store import query
from tests.console.cli.conftest import Command
from tests.engine.session_runs import Script, engine, follow
from tests.engine.test_shadow_lane import FOLLOWED, ON

SWITCHED: Script = {20: [("weight", {"name": "C1", "weight": "0.5"})]}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 bars with all 32 signals, C1 among those that decide from the 21st on."""
    made = tmp_path_factory.mktemp("followers") / "x.db"
    asyncio.run(follow(made, 40, SWITCHED, **ON))
    assert engine(made).configuration.signals.C1.weight == 0.0
    return made


def test_an_order_was_decided_with_the_signals_computed_for_it(qd: Command, database: Path) -> None:
    orders = [row for row in query.orders(database) if row["purpose"] == "open"]
    for order, decided in (
        (orders[0], {"A1", "A2", "A3"}),
        (orders[-1], {"A1", "A2", "A3", "C1"}),
    ):
        told = json.loads(qd("explain", order["client_order_id"], "--db", database, "--json").out)
        assert {row["signal"] for row in told["readings"]} == decided
        # They came to these bars when C1 was not theirs any more.
        assert {row["signal"] for row in told["followed"]} == set(FOLLOWED) - {"C1"}
        text = qd("explain", order["client_order_id"], "--db", database).out
        with_it, _, beside = text.partition("In shadow, behind the decision, which does not know of them:")
        assert "\nA1 " in with_it
        assert "\nB12 " not in with_it
        assert "\nB12 " in beside


def test_of_newest_readings_only_those_decided_with_are_a_column(qd: Command, database: Path) -> None:
    text = qd("signals", "--db", database).out
    heading, *_, last = text.splitlines()
    assert [word for word in heading.split() if word[0] in "ABC"] == ["A1", "A2", "A3", "C1"]
    assert last == "28 more in shadow follow the decisions: --json, or `signals show NAME`"
    rows = json.loads(qd("signals", "--db", database, "--json").out)
    followed = {name for name, said in rows[0]["readings"].items() if said["followed"]}
    assert followed == set(FOLLOWED) - {"C1"}


@pytest.mark.parametrize(("name", "followed"), [("C1", False), ("B12", True)])
def test_a_signal_says_whether_decisions_hear_it(
    qd: Command, database: Path, name: str, followed: bool
) -> None:
    text = qd("signals", "show", name, "--db", database).out
    assert ("In shadow, behind the decisions, which do not know of it:" in text) is followed
    told = json.loads(qd("signals", "show", name, "--db", database, "--json").out)
    assert {row["followed"] for row in told["readings"]} == {followed}
