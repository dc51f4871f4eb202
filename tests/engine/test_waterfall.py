"""A decision's stages in words: which of them was a limit, and that the neutral legs are none."""

from __future__ import annotations

from typing import Any

import pytest

from engine.waterfall import with_bounds
from store.records import DECISION_STAGES

PLAIN = dict.fromkeys(DECISION_STAGES, 0.1) | {"blend": 0.5, "conflict": 0.5, "overlay": 0.5, "neutral": 0.0}


def told(scalars: Any = None, **values: float | None) -> dict[str, dict[str, Any]]:
    stages = [{"stage": name, "value": value} for name, value in (PLAIN | values).items()]
    decision = None if scalars is None else {"scalars": scalars}
    return {row["stage"]: row for row in with_bounds(stages, decision)}


def bound(scalars: Any = None, **values: float | None) -> list[str]:
    return [name for name, row in told(scalars, **values).items() if row["bound"]]


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
    factors = {"multiplier": 0.5, "neutral_gross": 0.8, "A6_limited": 1.0, "A6_granted": 1.0}
    rows = told(factors, neutral=0.05, **scaled, **met)
    assert [name for name, row in rows.items() if row["bound"]] == ["gross", "drawdown"]
    assert rows["neutral"]["why"] == "market-neutral signals add this"
    assert rows["state"]["why"] == "market-neutral legs join"
    locked = {"state": 0.03, "buffer": 0.03, "round": 0.03}
    assert bound(factors, neutral=0.05, **scaled, **locked) == ["gross", "drawdown", "state"]


def test_caps_that_bind_legs_alone_are_named_with_their_signals() -> None:
    """No directional signal wants anything: what bound the legs is told all the same."""
    factors = {
        "multiplier": 0.5, "neutral_gross": 0.8,
        "A6_limited": 1.0, "A6_granted": 0.25, "C5_limited": 0.4, "C5_granted": 1.0, "C6_limited": 0.0,
    }  # fmt: skip
    flat = dict.fromkeys(("volatility", "type", "symbol", "cluster", "net", "gross", "drawdown"), 0.0)
    rows = told(factors, neutral=0.05, **flat, state=0.005, buffer=0.005, round=0.005)
    assert [name for name, row in rows.items() if row["bound"]] == ["neutral", "gross", "drawdown", "state"]
    assert rows["neutral"]["why"].startswith("limit of one leg bound: legs of C5 to 40%, legs of C6 to 0%")
    assert rows["state"]["why"].endswith("bound: legs of A6 to 25%")
    free = factors | {"A6_granted": 1.0}
    rows = told(free, neutral=0.05, **flat, state=0.02, buffer=0.02, round=0.02)
    assert (rows["state"]["bound"], rows["state"]["why"]) == (False, "market-neutral legs join")


def test_where_nothing_says_how_far_legs_were_scaled_no_cap_is_claimed() -> None:
    flat = dict.fromkeys(("volatility", "type", "symbol", "cluster", "net", "gross", "drawdown"), 0.0)
    rows = told(neutral=0.05, **flat, state=0.02, buffer=0.02, round=0.02)
    assert (rows["state"]["bound"], rows["state"]["why"]) == (False, "market-neutral legs join")
