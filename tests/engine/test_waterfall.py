"""A decision's stages in words: which of them was a limit, and that the neutral legs are none."""

from __future__ import annotations

from typing import Any

import pytest

from engine.waterfall import with_bounds
from store.records import DECISION_STAGES

PLAIN = dict.fromkeys(DECISION_STAGES, 0.1) | {"blend": 0.5, "conflict": 0.5, "overlay": 0.5, "neutral": 0.0}


def told(**values: float | None) -> dict[str, dict[str, Any]]:
    stages = PLAIN | values
    return {row["stage"]: row for row in with_bounds([{"stage": k, "value": v} for k, v in stages.items()])}


def bound(**values: float | None) -> list[str]:
    return [name for name, row in told(**values).items() if row["bound"]]


@pytest.mark.parametrize(
    "stage", ["type", "symbol", "cluster", "net", "gross", "drawdown", "state", "buffer"]
)
def test_a_cap_that_binds_is_named(stage: str) -> None:
    after = DECISION_STAGES[DECISION_STAGES.index(stage) :]
    assert bound(**dict.fromkeys(after, 0.07)) == [stage]


def test_nothing_binds_where_nothing_changes() -> None:
    assert bound() == []
    assert told()["volatility"]["why"] == "sized to the volatility target"


def test_legs_that_join_the_rest_are_no_cap() -> None:
    """The caps from `type` on see the rest alone, which the legs meet in `state`, scaled by the same factors."""
    scaled = {"gross": 0.08, "drawdown": 0.04}
    met = {"state": 0.04 + 0.05 * 0.4, "buffer": 0.06, "round": 0.06}
    rows = told(neutral=0.05, **scaled, **met)
    assert [name for name, row in rows.items() if row["bound"]] == ["gross", "drawdown"]
    assert rows["neutral"]["why"] == "market-neutral signals add this"
    assert rows["state"]["why"] == "market-neutral legs join"
    locked = {"state": 0.03, "buffer": 0.03, "round": 0.03}
    assert bound(neutral=0.05, **scaled, **locked) == ["gross", "drawdown", "state"]


def test_where_nothing_says_how_far_legs_were_scaled_no_cap_is_claimed() -> None:
    flat = dict.fromkeys(("volatility", "type", "symbol", "cluster", "net", "gross", "drawdown"), 0.0)
    rows = told(neutral=0.05, **flat, state=0.02, buffer=0.02, round=0.02)
    assert (rows["state"]["bound"], rows["state"]["why"]) == (False, "market-neutral legs join")
