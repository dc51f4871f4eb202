"""Where a signal stands, and the words for it: by the operator, else by an estimate, else by the configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.bookstate import Choice
from engine.estimates import Standing
from engine.signal_state import SignalState, changed, silence_words, state_of, why
from strategies.config import unfit_bars
from strategies.evidence import breakout, momentum, realised_value, reversal
from strategies.evidence.settings import RealisedValueSettings
from strategies.registry import BUILT_IN
from strategies.settings import BreakoutSettings, MomentumSettings, ReversalSettings
from strategies.signal import Reason

A1 = momentum.build(MomentumSettings())
A2 = breakout.build(BreakoutSettings())
A3 = reversal.build(ReversalSettings())
A12 = realised_value.KIND.build(RealisedValueSettings(enabled=True))
ESTIMATE = Standing(
    kind="directional",
    method="equal-risk",
    estimated_ms=0,
    days=90,
    share={"A1": 1.0, "A2": 0.0},
    change={},
    why={"A1": "at the cap", "A2": "12 of 60 days known"},
)
UNTIL = "until an estimate or an operator gives it one"


def chosen(**parts: bool | float | None) -> Choice:
    return Choice(**{"enabled": True, "weight": None, "actor": "me", "ts_ms": 0, **parts})  # type: ignore[arg-type]


def test_an_estimate_decides_where_a_signal_stands_and_says_why() -> None:
    standings = {"directional": ESTIMATE}
    assert [state_of(signal, {}, standings) for signal in (A1, A2, A3)] == ["on", "shadow", "shadow"]
    assert why(A1, {}, standings) == "its estimated share is 1.000 by equal-risk (at the cap)"
    share = "in shadow: its estimated share is 0.000 by equal-risk"
    assert why(A2, {}, standings) == f"{share} (12 of 60 days known), {UNTIL}"
    assert why(A3, {}, standings) == f"{share} (not in the estimate), {UNTIL}"


@pytest.mark.parametrize("kind", ["neutral", "overlay"])
def test_an_estimate_of_another_class_says_nothing(kind: str) -> None:
    standings = {kind: replace(ESTIMATE, kind=kind)}
    assert state_of(A3, {}, standings) is SignalState.ON
    assert why(A3, {}, standings) == ""


def test_the_operator_stands_above_an_estimate() -> None:
    standings = {"directional": ESTIMATE}
    assert state_of(A2, {"A2": chosen(weight=0.3)}, standings) is SignalState.ON
    assert why(A2, {"A2": chosen(weight=0.3)}, standings) == ""
    assert (
        why(A1, {"A1": chosen(enabled=False)}, standings) == "in shadow by me, until an operator enables it"
    )
    assert why(A1, {"A1": chosen(enabled=False, computed=False)}, standings).startswith("switched off by me")


FOLLOWED = "in shadow: followed behind the decisions, which do not depend on it, until an operator "


@pytest.mark.parametrize(
    ("name", "weight", "ends"),
    [
        ("C1", 0.0, "gives it a weight"),
        ("C1", 0.3, "switches it on"),
        ("A4", 0.0, "gives it a weight"),
        ("A12", 0.0, "switches it on"),
    ],
)
def test_what_ends_the_shadow_of_a_signal_that_follows_is_what_an_operator_can_do(
    name: str, weight: float, ends: str
) -> None:
    (kind,) = (kind for kind in BUILT_IN if kind.name == name)
    signal = replace(kind.build(kind.settings()), weight=weight)
    assert why(signal, {}, followed=True) == f"{FOLLOWED}{ends}"
    put = {name: chosen(enabled=False, weight=weight or None)}
    aside = "" if ends == "switches it on" else " and gives it a weight"
    assert why(signal, put) == f"in shadow by me, until an operator enables it{aside}"


def test_an_overlay_multiplies_or_does_not() -> None:
    assert state_of(A12, {}) is SignalState.SHADOW
    assert why(A12, {}) == "in shadow: it multiplies nothing, until an operator switches it on"
    on = chosen(weight=1.0)
    assert state_of(A12, {"A12": on}) is SignalState.ON
    assert changed(A12, on) == "switched on by me"
    assert changed(A12, chosen(enabled=False)) == "put in shadow by me"


@pytest.mark.parametrize(
    ("bars", "unknown", "words"),
    [
        (427, [(), ()], "warm-up: 427 of 428 daily bars"),
        (428, [(), ()], "no opinion: GAP, STALE"),
        (428, [("funding_rate",), ()], "no opinion: GAP, STALE"),
        (428, [("funding_rate",), ("funding_rate",)], "it reads what is not known here: funding_rate"),
        (0, [("funding_rate",), ("funding_rate",)], "warm-up: 0 of 428 daily bars"),
    ],
)
def test_silence_is_called_a_warm_up_only_while_it_is_one(
    bars: int, unknown: list[tuple[str, ...]], words: str
) -> None:
    assert silence_words(A1, bars, unknown, (Reason.GAP, Reason.STALE)) == words


HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (1, ""),
        (12, ""),
        (24, ""),
        (48, "its bars of 1d are finer than this market's 2880m: set signals.A1.bar"),
        (7, "its bars of 1d cannot be made of this market's 420m: set signals.A1.bar"),
    ],
)
def test_bars_that_cannot_be_made_of_a_market_s(hours: int, said: str) -> None:
    assert unfit_bars(A1, hours * HOUR_MS) == said
    assert unfit_bars(replace(A1, name="mine"), hours * HOUR_MS) == said.replace(
        "signals.A1.bar", "signals.plugins.mine.parameters.bar"
    )


def test_what_a_market_has_no_bars_for_is_not_said_to_be_switched_off_by_the_configuration() -> None:
    off = momentum.build(MomentumSettings(enabled=False))
    assert why(off, {}, unfit="its bars are finer") == "not computed: its bars are finer"
    assert why(A1, {}, unfit="its bars are finer") == ""
