"""A risk limit in words: what it measures, what happens when it is reached, what ends that, and which keys set it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.screens.limit_words import RULES, UNKNOWN, rule_of
from engine.snapshot import LimitRow
from risk.guards import NOT_ARMED
from tests.console import snapshots
from tests.console.drilled import drill_of, drilled
from tests.console.snapshots import DRAWDOWN, LIMITS, PAUSED
from tests.console.stage import MID, NARROW, WIDE
from tests.engine.config_models import MODELS


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_a_limit_says_what_it_is_how_much_is_used_and_what_ends_it(size: tuple[int, int]) -> None:
    async with drilled("limit", "max position", size) as on:
        assert "LIMIT max position" in on.text
        assert "33.80% of 40.00%" in on.text
        assert "84% WARN" in on.text
        assert "the largest position of one symbol, over equity" in on.text
        assert "risk.max_symbol = 0.1 fraction of equity, from default" in on.text
        assert "No restriction is in force: nothing holds trading back." in on.text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_a_position_that_drifted_past_its_limit_is_at_the_limit_and_no_breach(
    size: tuple[int, int],
) -> None:
    drifted = replace(snapshots.running(), limits=(LimitRow("net", 1.01, 1.0, "x", "WARN"),))
    async with drilled("limit", "net", size, snapshot=drifted) as on:
        assert "· WARN, at the limit ━" in on.text
        assert "101% WARN" in on.text
        assert "may stand beyond it by the no-trade band" in " ".join(on.text.replace("┃", " ").split())
        assert "risk.buffer_fraction" in on.text


@pytest.mark.parametrize("size", [WIDE, MID, NARROW])
async def test_a_share_that_the_cap_of_one_signal_holds_is_at_the_limit(size: tuple[int, int]) -> None:
    held = replace(
        snapshots.running(), limits=(LimitRow("signal share", 0.35, 0.35, "fraction", "WARN"), *LIMITS)
    )
    async with drilled("limit", "signal share", size, snapshot=held) as on:
        assert "35.00% of 35.00%" in on.text
        assert "· WARN, at the limit ━" in on.text
        assert "the largest share one signal has" in on.text
        assert "blend.signal_cap" in on.text


async def test_its_own_restriction_comes_before_the_others() -> None:
    streak = replace(DRAWDOWN, name="losing_streak", reason="5 lost in a row", ends="24 hours")
    picture = replace(snapshots.running(), overrides=(PAUSED, DRAWDOWN, streak), state="REDUCING")
    async with drilled("limit", "losing streak", snapshot=picture) as on:
        assert next(iter(drill_of(on).rows.keys)) == "losing_streak "
        assert "5 lost in a row" in on.text
        assert "24 hours" in on.text


async def test_a_limit_that_is_not_armed_says_what_it_needs() -> None:
    async with drilled("limit", "stablecoin peg") as on:
        assert "not armed: it needs a price of the quote currency in dollars" in on.text


async def test_a_limit_that_is_gone_or_unknown_ends_nothing() -> None:
    odd = replace(snapshots.running(), limits=(LimitRow("new rule", 1, 2, "count", "ok"),))
    async with drilled("limit", "drawdown", snapshot=odd) as on:
        assert "drawdown is not among the limits now." in on.text
    async with drilled("limit", "new rule", snapshot=odd) as on:
        assert UNKNOWN.what in on.text


def test_every_guard_that_is_not_armed_has_words() -> None:
    assert all(rule_of(item.guard.replace("_", " ")) is not UNKNOWN for item in NOT_ARMED)


def test_the_keys_exist() -> None:
    known = {"risk." + name for name in MODELS["risk"].model_fields}
    guards = MODELS["risk"].model_fields["guards"].annotation
    assert guards is not None
    known |= {"risk.guards." + name for name in guards.model_fields}
    known |= {"blend." + name for name in MODELS["blend"].model_fields}
    named = {key for rule in RULES.values() for key in rule.keys}
    assert named <= known
