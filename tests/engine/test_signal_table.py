"""What an overlay's settings say reaches the decision, and counts there from the first bit of weight on."""

import pytest

from engine.decision import SignalSpec
from engine.signal_table import signal_table
from store.records import SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.evidence import momentum, realised_value, stablecoin_supply
from strategies.evidence.settings import RealisedValueSettings, StablecoinSettings
from strategies.settings import MomentumSettings


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
