"""The most that one signal has of its class: whoever weighed it, whoever is switched off, and whoever is silent."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.questions import shares_if
from engine.bookstate import Choice
from engine.decision import STAGES, Decider, Parameters
from engine.shares import to_one
from engine.signal_table import class_shares, signal_table
from engine.weights_view import CAPPED, largest_say
from store import weight_rows
from strategies.blend.rules import BlendRules
from strategies.blend.settings import BlendConfig
from strategies.evidence import breakout, funding_carry, momentum, reversal, stablecoin_supply
from strategies.evidence.settings import FundingCarrySettings, StablecoinSettings
from strategies.settings import BreakoutSettings, MomentumSettings, ReversalSettings
from strategies.signal import Signal
from tests.engine.decision_worlds import random_world
from tests.engine.session_runs import engine, rows
from tests.engine.test_conflict_rules import opinions, ruled
from tests.engine.test_decision_reference import check
from tests.engine.test_weighting import DAILY
from tests.engine.test_weights_foretold import NAMES, WEIGHTS, picture_of

BLEND = STAGES.index("blend")
NAN = float("nan")


@pytest.mark.parametrize(
    ("weights", "cap", "shares"),
    [
        ((0.5, 0.3, 0.2), 1.0, (0.5, 0.3, 0.2)),
        ((0.5, 0.3, 0.2), 0.5, (0.5, 0.3, 0.2)),
        ((0.5, 0.3, 0.2), 0.4, (0.4, 0.36, 0.24)),
        ((8.0, 1.0, 1.0), 0.4, (0.4, 0.3, 0.3)),
        ((6.0, 3.0, 1.0), 0.4, (0.4, 0.4, 0.2)),
        ((0.6, 0.4, 0.0), 0.3, (0.3, 0.3, 0.0)),
        ((1.0, 0.0, 0.0), 0.25, (0.25, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), 0.25, (0.0, 0.0, 0.0)),
    ],
)
def test_what_is_cut_goes_to_the_others_in_proportion_and_the_rest_to_nobody(
    weights: tuple[float, ...], cap: float, shares: tuple[float, ...]
) -> None:
    found = to_one(dict(zip("abc", weights, strict=True)), cap)
    assert tuple(found.values()) == pytest.approx(shares)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=9), st.floats(0.02, 1.0))
def test_none_exceeds_it_all_is_spent_that_can_be_and_those_below_keep_their_proportions(
    weights: list[float], cap: float
) -> None:
    found = to_one({str(k): weight for k, weight in enumerate(weights)}, cap)
    shares = np.array(list(found.values()))
    assert (shares <= cap * (1 + 1e-12)).all()
    assert math.fsum(shares) == pytest.approx(min(1.0, cap * len(weights)))
    factors = shares / np.array(weights)
    below = shares < cap * (1 - 1e-9)
    assert factors[below] == pytest.approx(factors[below].max(initial=0.0))
    assert (factors <= factors[below].max(initial=np.inf) * (1 + 1e-9)).all() or not below.any()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 6), st.booleans(), st.floats(0.05, 1.0))
def test_the_step_follows_it(seed: int, symbols: int, signals: int, by_confidence: bool, cap: float) -> None:
    world = random_world(seed, symbols, signals, 1, 1)
    check(ruled(world, BlendRules(confidence_netting=by_confidence, signal_cap=cap)))


@given(st.integers(0, 2**32 - 1))
def test_one_that_lets_all_through_changes_nothing_to_the_last_bit(seed: int) -> None:
    world = random_world(seed, symbols=6, signals=4, neutral=1, overlays=1)
    plain, free = world.decide(), ruled(world, BlendRules(signal_cap=1.0)).decide()
    assert plain.stages.tobytes() == free.stages.tobytes()


@pytest.mark.parametrize(
    ("values", "weights", "cap", "forecast"),
    [
        ([0.9, 0.5, 0.1], [0.4, 0.4, 0.2], 1.0, 0.58),
        ([NAN, 0.5, 0.1], [0.4, 0.4, 0.2], 1.0, (0.4 * 0.5 + 0.2 * 0.1) / 0.6),
        ([NAN, 0.5, 0.1], [0.4, 0.4, 0.2], 0.6, 0.6 * 0.5 + 0.4 * 0.1),
        ([NAN, 0.5, 0.1], [0.4, 0.4, 0.2], 0.5, 0.5 * 0.5 + 0.5 * 0.1),
        ([NAN, 0.5, 0.1], [0.4, 0.4, 0.2], 0.45, 0.45 * 0.6),
        ([0.9, NAN, NAN], [0.5, 0.25, 0.25], 0.5, 0.45),
        ([0.9, NAN, NAN], [0.3, 0.3, 0.0], 0.3, 0.27),
    ],
)
def test_the_silence_of_others_lifts_nobody_over_it(
    values: list[float], weights: list[float], cap: float, forecast: float
) -> None:
    """The last: two signals at a cap of .3 spend .6 of the weight, of which one that speaks is half: no hold."""
    decision = opinions(values, [1.0] * 3, weights, BlendRules(signal_cap=cap)).decide()
    assert decision.stages[BLEND, 0] == pytest.approx(forecast)


def test_a_loud_voice_does_not_either() -> None:
    rules = BlendRules(confidence_netting=True, signal_cap=0.6)
    decision = opinions([1.0, -1.0], [1.0, 0.25], [0.5, 0.5], rules).decide()
    assert decision.stages[BLEND, 0] == pytest.approx(0.6 - 0.4 * 0.25)


def test_without_one_weights_that_do_not_sum_to_one_are_still_refused() -> None:
    world = opinions([0.5, 0.5], [1.0, 1.0], [0.3, 0.3], BlendRules())
    with pytest.raises(ValueError, match="must sum to 1"):
        Decider(world.parameters, 1)
    over = replace(world.parameters, rules=BlendRules(signal_cap=0.5))
    Decider(over, 1)
    table = opinions([0.5, 0.5], [1.0, 1.0], [0.6, 0.5], BlendRules()).parameters.signals
    with pytest.raises(ValueError, match="must sum to 1"):
        Decider(Parameters(table, over.risk, over.rules), 1)


SIGNALS = (
    momentum.build(MomentumSettings()),
    breakout.build(BreakoutSettings()),
    reversal.build(ReversalSettings()),
    funding_carry.KIND.build(FundingCarrySettings(weight=0.4)),
    stablecoin_supply.KIND.build(StablecoinSettings(weight=0.3)),
)


@pytest.mark.parametrize(
    ("estimated", "choices", "shares"),
    [
        ({}, {}, [0.35, 0.35, 0.3, 0.35, 1.0]),
        ({"directional": {"A1": 0.1, "A2": 0.1, "A3": 0.8}}, {}, [0.325, 0.325, 0.35, 0.35, 1.0]),
        ({}, {"A3": Choice(True, 1.0, "operator@test", 0)}, [0.325, 0.325, 0.35, 0.35, 1.0]),
        ({}, {"A2": Choice(False, None, "operator@test", 0)}, [0.35, 0.0, 0.35, 0.35, 1.0]),
    ],
    ids=["configured", "estimated", "the operator's", "one switched off"],
)
def test_it_holds_whoever_weighed_them_and_overlays_have_none(
    estimated: Any, choices: dict[str, Choice], shares: list[float]
) -> None:
    assert class_shares(SIGNALS, choices, estimated, 0.35) == pytest.approx(shares)
    _, proportions = signal_table(SIGNALS, choices, estimated, 0.35)
    assert proportions.sum() == pytest.approx(1.0)


async def test_a_run_keeps_to_it_before_and_after_an_estimate_and_says_so(tmp_path: Path) -> None:
    session = engine(tmp_path / "engine.db", run__bars="60", blend__signal_cap="0.35", **DAILY)
    await session.run()
    assert any(row.result for row in weight_rows.read(session.database_path))
    found = rows(session.database_path, "SELECT weight FROM signal_days WHERE signal IN ('A1', 'A2', 'A3')")
    assert max(weight for (weight,) in found) == pytest.approx(0.35)
    picture = session.snapshot()
    assert picture is not None
    shown = [row for row in picture.weights if row.name in ("A1", "A2", "A3")]
    assert {row.share_cap for row in shown} == {0.35}
    assert math.fsum(row.weight for row in shown) == pytest.approx(1.0)
    assert [row.estimated_why == CAPPED for row in shown] == [row.weight >= 0.35 for row in shown]
    assert any(row.weight >= 0.35 for row in shown)
    (limit,) = [row for row in picture.limits if row.name == "signal share"]
    assert (limit.used, limit.maximum, limit.unit, limit.status) == (0.35, 0.35, "fraction", "WARN")


NEUTRAL_ALONE = (funding_carry.KIND.build(FundingCarrySettings(weight=0.4)),)


@pytest.mark.parametrize(
    ("signals", "cap", "netting", "value", "confidence", "hold", "share"),
    [
        (SIGNALS[:3], 0.9, "weight", [0.1, 0.1, 0.1], [1.0, 1.0, 1.0], False, 0.4),
        (SIGNALS[:3], 0.9, "weight", [0.1, NAN, 0.1], [1.0, 1.0, 1.0], False, 2 / 3),
        (SIGNALS[:3], 0.6, "weight", [0.1, NAN, 0.1], [1.0, 1.0, 1.0], False, 0.6),
        (SIGNALS[:3], 0.9, "weight", [0.1, NAN, 0.1], [1.0, 1.0, 1.0], True, 0.4),
        (SIGNALS[:3], 0.9, "confidence", [0.1, 0.1, 0.1], [1.0, 0.5, 0.5], False, 0.4 / 0.7),
        (SIGNALS[:3], 0.9, "weight", [0.1, 0.1, 0.1], [1.0, 0.5, 0.5], False, 0.4),
        (SIGNALS[:3], 0.3, "weight", [NAN, NAN, NAN], [0.0, 0.0, 0.0], True, 0.3),
        (NEUTRAL_ALONE, 0.9, "weight", [NAN], [0.0], True, 0.9),
        (SIGNALS[4:], 0.9, "weight", [0.1], [1.0], True, 0.0),
    ],
    ids=[
        "all speak",
        "one is silent",
        "held at the cap",
        "nothing is heard of a hold",
        "a loud voice",
        "loudness is of no account",
        "all at the cap",
        "the only neutral one",
        "overlays have none",
    ],
)
def test_the_share_against_it_is_the_largest_of_a_class_or_of_what_is_said_of_a_symbol(
    signals: tuple[Signal, ...],
    cap: float,
    netting: str,
    value: list[float],
    confidence: list[float],
    hold: bool,
    share: float,
) -> None:
    readings = SimpleNamespace(value=np.array(value)[:, None], confidence=np.array(confidence)[:, None])
    machine: Any = SimpleNamespace(
        signals=signals,
        configuration=SimpleNamespace(
            blend=BlendConfig.model_validate({"signal_cap": cap, "netting": netting})
        ),
        market=SimpleNamespace(readings=readings),
        book=SimpleNamespace(choices={}),
        weighting=SimpleNamespace(shares={}),
        cycle=SimpleNamespace(decision=SimpleNamespace(hold=np.array([hold]))),
    )
    assert largest_say(machine) == pytest.approx(share)


@given(
    st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.sampled_from(NAMES), WEIGHTS, st.sampled_from([0.3, 0.45, 0.9])
)
def test_what_the_console_foretells_keeps_to_it_too(
    configured: tuple[float, float, float], name: str, weight: float, cap: float
) -> None:
    signals = (
        momentum.build(MomentumSettings(weight=configured[0])),
        breakout.build(BreakoutSettings(weight=configured[1])),
        reversal.build(ReversalSettings(weight=configured[2])),
    )
    picture = picture_of(signals, {}, {})
    picture = replace(picture, weights=tuple(replace(row, share_cap=cap) for row in picture.weights))
    chosen = {name: Choice(True, weight, "me", 0)}
    shares = dict(zip(NAMES, class_shares(signals, chosen, cap=cap), strict=True))
    foretold = shares_if(picture, name, weight)
    assert {each: share for each, share in foretold.items() if share} == pytest.approx(
        {each: share for each, share in shares.items() if share}
    )
