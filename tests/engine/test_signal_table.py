"""What an overlay's settings say reaches the decision, and counts there from the first bit of weight on."""

from typing import Any

import pytest

from engine.bookstate import Choice
from engine.decision import SignalSpec
from engine.signal_table import class_shares, signal_table
from store.records import SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.evidence import breakout, momentum, realised_value, reversal, stablecoin_supply
from strategies.evidence.settings import RealisedValueSettings, StablecoinSettings
from strategies.settings import BreakoutSettings, MomentumSettings, ReversalSettings


@pytest.mark.parametrize(("weight", "shares"), [(0.0, (0.0, 0.0)), (0.3, (0.5, 0.5))])
def test_overlays_bring_their_factors_and_their_side(weight: float, shares: tuple[float, float]) -> None:
    signals = (
        momentum.build(MomentumSettings()),
        stablecoin_supply.KIND.build(StablecoinSettings(weight=weight, up=0.4)),
        realised_value.KIND.build(RealisedValueSettings(weight=weight)),
    )
    table, directional = signal_table(signals)
    assert table.signals[1:] == (
        SignalSpec("A11", SignalClass.OVERLAY, SignalType.FLOW, shares[0], 1.0, 0.4, 0.5, OverlaySide.BOTH),
        SignalSpec(
            "A12", SignalClass.OVERLAY, SignalType.VOLATILITY, shares[1], 1.0, 0.5, 0.75, OverlaySide.LONG
        ),
    )
    assert (table.signals[0].up, table.signals[0].down) == (0.0, 0.0)
    assert directional.tolist() == [1.0, 0.0, 0.0]


def table_of(estimated: dict[str, float], reversal_weight: float = 0.2, **choices: Choice) -> list[float]:
    signals = (
        momentum.build(MomentumSettings()),
        breakout.build(BreakoutSettings()),
        reversal.build(ReversalSettings(weight=reversal_weight)),
    )
    return class_shares(signals, choices, {"directional": estimated} if estimated else {})


def test_what_the_configuration_gives_no_weight_stays_in_shadow_whatever_was_estimated_before() -> None:
    assert table_of({"A1": 0.3, "A2": 0.2, "A3": 0.5}, reversal_weight=0.0) == pytest.approx([0.6, 0.4, 0.0])


def test_a_signal_no_estimate_has_seen_has_no_share_until_one_has_or_the_operator_says_so() -> None:
    assert table_of({"A1": 0.6, "A2": 0.4}) == pytest.approx([0.6, 0.4, 0.0])
    said = Choice(enabled=True, weight=0.25, actor="operator@test", ts_ms=0)
    assert table_of({"A1": 0.6, "A2": 0.4}, A3=said) == pytest.approx([0.48, 0.32, 0.2])
    assert table_of({}) == pytest.approx([0.4, 0.4, 0.2])


def test_what_no_estimate_has_seen_does_not_trade_because_all_others_are_off() -> None:
    off: dict[str, Any] = {
        name: Choice(enabled=False, weight=None, actor="operator@test", ts_ms=0) for name in ("A1", "A2")
    }
    assert table_of({"A1": 0.6, "A2": 0.4}, **off) == [0.0, 0.0, 0.0]
    reversal_alone = (reversal.build(ReversalSettings(weight=0.2)),)
    assert class_shares(reversal_alone, {}, {"directional": {"A1": 0.6, "A2": 0.4}}) == [0.0]
    assert class_shares(reversal_alone, {}, {"neutral": {"A4": 1.0}}) == [1.0], "its class is not estimated"
