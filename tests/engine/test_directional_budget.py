"""The budget of the directional book: its own cap, before those of the account, that leaves the neutral book alone."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import ConfigFault
from engine.decision import STAGES, NeutralLegs, Readings, SignalSpec, SignalTable
from engine.waterfall import with_bounds
from risk.config import RiskConfig
from store import query
from store.records import SignalClass, SignalType
from tests.engine.decision_worlds import World, directional, simple_world, worlds
from tests.engine.session_runs import engine, rows
from tests.engine.test_decision_reference import check

NET, GROSS = STAGES.index("net"), STAGES.index("gross")


def both_books(budget: float, max_gross: float = 9.0) -> World:
    """.4 long and .2 short of directional positions beside legs of .1 and -.1."""
    world = simple_world(np.array([0.4, -0.2]), np.zeros(2))
    neutral = SignalSpec("n", SignalClass.NEUTRAL, SignalType.CARRY, 1.0)
    value = np.array([[0.4, -0.2], [1.0, 1.0]])
    world = replace(
        world,
        readings=Readings(value, np.ones_like(value)),
        parameters=replace(world.parameters, signals=SignalTable((directional("d", 1.0), neutral))),
        neutral=NeutralLegs(np.array([[0.0, 0.0], [1.0, -1.0]]), np.ones(2), -1, np.zeros(2)),
    )
    return world.with_limits(neutral_budget=0.1, directional_budget=budget, max_gross=max_gross)


@pytest.mark.parametrize(
    ("budget", "max_gross", "left", "gross", "target"),
    [
        (math.inf, 9.0, 1.0, 1.0, [0.5, -0.3]),
        (0.6, 9.0, 1.0, 1.0, [0.5, -0.3]),
        (0.3, 9.0, 0.5, 1.0, [0.3, -0.2]),
        (0.0, 9.0, 0.0, 1.0, [0.1, -0.1]),
        (0.3, 0.25, 0.5, 0.5, [0.15, -0.1]),
    ],
)
def test_it_scales_the_directional_book_alone_and_the_account_s_cap_both(
    budget: float, max_gross: float, left: float, gross: float, target: list[float]
) -> None:
    decision = both_books(budget, max_gross).decide()
    assert decision.directional_factor == pytest.approx(left)
    assert decision.gross_factor == pytest.approx(gross)
    assert decision.stages[STAGES.index("state")] == pytest.approx(target)
    assert decision.bound[GROSS].tolist() == [left * gross < 1.0] * 2


@given(worlds(), st.floats(0.0, 0.6))
def test_the_step_follows_it_and_never_exceeds_it(world: World, budget: float) -> None:
    world = world.with_limits(directional_budget=budget)
    check(world)
    assert float(np.abs(world.decide().stages[GROSS]).sum()) <= budget + 1e-9


@given(worlds())
def test_without_one_nothing_changes_to_the_last_bit(world: World) -> None:
    usual, wide = world.decide(), world.with_limits(directional_budget=1e9).decide()
    np.testing.assert_array_equal(usual.stages, wide.stages)
    assert usual.directional_factor == 1.0


def test_the_configuration_has_none_unless_it_says_so() -> None:
    assert RiskConfig().resolve().directional_budget == math.inf
    assert RiskConfig(directional_budget=0.3).resolve().directional_budget == 0.3
    with pytest.raises(ConfigFault, match=r"directional_budget"):
        engine(Path("x.db"), risk__directional_budget="3.5")


def words(net: float, gross: float, scalars: dict[str, float | None]) -> str:
    stages = [{"stage": name, "value": 0.1} for name in STAGES[: STAGES.index("type")]]
    stages += [{"stage": name, "value": net} for name in ("type", "symbol", "cluster", "net")]
    stages += [{"stage": name, "value": gross} for name in STAGES[GROSS:]]
    return next(
        str(row["why"]) for row in with_bounds(stages, {"scalars": scalars}) if row["stage"] == "gross"
    )


@pytest.mark.parametrize(
    ("gross", "scalars", "told"),
    [
        (0.05, {"directional": 0.5}, "directional budget bound"),
        (0.04, {"directional": 0.5}, "directional budget bound; gross limit or Kelly cap bound"),
        (0.05, {}, "gross limit or Kelly cap bound"),
        (
            0.1,
            {"directional": 0.5, "neutral_gross": 1.0},
            "directional budget bound; gross limit or Kelly cap bound",
        ),
    ],
)
def test_a_why_names_it(gross: float, scalars: dict[str, float | None], told: str) -> None:
    net = 0.1 if gross < 0.1 else 0.25
    assert words(net, gross, scalars) == told


async def test_a_run_keeps_to_it_and_its_decisions_and_its_risk_pane_say_so(tmp_path: Path) -> None:
    session = engine(tmp_path / "engine.db", run__bars="30", risk__directional_budget="0.05")
    await session.run()
    picture = session.snapshot()
    assert picture is not None
    row = {row.name: row for row in picture.limits}["directional"]
    assert (row.maximum, row.unit) == (0.05, "x")
    assert row.used is not None
    assert 0.0 < row.used < 0.06
    orders = [
        order
        for (order,) in rows(
            session.database_path, "SELECT client_order_id FROM orders WHERE purpose = 'open'"
        )
    ]
    found = [query.explain(session.database_path, order) for order in orders]
    bound = [each for each in found if "directional" in each["decision"]["scalars"]]
    assert bound
    for each in bound:
        told = {stage["stage"]: stage["why"] for stage in with_bounds(each["stages"], each["decision"])}
        assert told["gross"].startswith("directional budget bound")
