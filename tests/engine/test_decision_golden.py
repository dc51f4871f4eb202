"""One decision worked through by hand, to every printed digit."""

from __future__ import annotations

import numpy as np
import pytest

from engine.decision import (
    STAGES,
    Decision,
    Market,
    Parameters,
    Portfolio,
    Readings,
    RiskInputs,
    SignalSpec,
    SignalTable,
    decide,
)
from store.records import SignalClass, SignalType, TradingState
from tests.engine.decision_worlds import directional, flags, loose_limits

NAN = np.nan

# Symbols in columns; where the table is silent about a stage (the neutral legs), there is nothing to print.
GOLDEN = {
    "blend": [0.828, 0.0144, 0.1248, 0.0],
    "conflict": [0.79488, 0.00757895, 0.08126512, 0.0],
    "overlay": [0.874368, 0.00757895, 0.08126512, 0.0],
    "volatility": [0.40963227, 0.0027898, 0.0220416, 0.0],
    "neutral": [0.0, 0.0, 0.0, 0.0],
    "type": [0.19166667, 0.0027898, 0.0195, 0.0],
    "symbol": [0.18, 0.0027898, 0.0195, 0.03],
    "cluster": [0.1674054, 0.0025946, 0.0195, 0.03],
    "net": [0.11440005, 0.00177308, 0.01332574, 0.02050114],
    "gross": [0.10677338, 0.00165487, 0.01243736, 0.0191344],
    "drawdown": [0.07474136, 0.00115841, 0.00870615, 0.0191344],
    "state": [0.07474136, 0.00115841, 0.00870615, 0.0191344],
    "buffer": [0.06, 0.0, 0.00395961, 0.03],
}
EQUITY = 88_000.0
PRICE = np.array([100.0, 10.0, 1.0, 50.0])
CURRENT = np.array([0.06, 0.0, -0.02, 0.03])


@pytest.fixture(scope="module")
def decision() -> Decision:
    limits = dict.fromkeys(SignalType, 0.1) | {SignalType.MOMENTUM: 0.20, SignalType.REVERSION: 0.03}
    overlay = SignalSpec("over", SignalClass.OVERLAY, SignalType.FLOW, weight=1.0, up=0.1)
    signals = (
        directional("first", 0.4),
        directional("second", 0.4),
        directional("third", 0.2, SignalType.REVERSION),
        overlay,
    )
    no = flags(4)
    return decide(
        Readings(
            value=np.array(
                [[0.9, -0.4, 0.2, NAN], [1.0, 0.5, -0.6, NAN], [-0.3, -0.2, 0.8, 0.4], [1.0, 0.0, 0.0, 0.0]]
            ),
            confidence=np.array(
                [[1.0, 0.5, 0.8, NAN], [0.9, 0.6, 0.5, NAN], [0.5, 0.7, 1.0, 1.0], [NAN] * 4]
            ),
        ),
        Market(
            price=PRICE,
            sigma=np.array([0.55, 0.70, 0.95, 0.80]),
            correlation=np.array(
                [[1, 0.8, 0.7, 0.6], [0.8, 1, 0.75, 0.6], [0.7, 0.75, 1, 0.65], [0.6, 0.6, 0.65, 1]]
            ),
            tradable=~no,
            stale=no,
            shortable=~no,
            lot=np.full(4, 0.001),
            min_quantity=np.full(4, 0.001),
            min_notional=np.full(4, 5.0),
            instrument_weight=np.full(4, 0.25),
            cluster=np.array([0, 0, -1, -1]),
        ),
        Portfolio(EQUITY, 100_000.0, CURRENT * EQUITY / PRICE, np.zeros(4)),
        RiskInputs(TradingState.ACTIVE, no, no, no, fdm=1.2, kelly=1.0),
        Parameters(
            SignalTable(signals),
            loose_limits(
                volatility_target=0.45,
                type_limits=limits,
                max_symbol=0.18,
                max_cluster=0.17,
                max_net=0.15,
                max_gross=0.14,
                dd_start=0.10,
                dd_halt=0.15,
                buffer_fraction=0.1,
            ),
        ),
    )


@pytest.mark.parametrize("stage", GOLDEN)
def test_every_stage_to_every_printed_digit(decision: Decision, stage: str) -> None:
    np.testing.assert_allclose(
        decision.stages[STAGES.index(stage)], GOLDEN[stage], rtol=0, atol=0.5e-8, err_msg=stage
    )


def test_the_diversification_multiplier_to_the_last_digit(decision: Decision) -> None:
    assert decision.idm == 1.1451966686277364


def test_what_is_reported_beside_the_stages(decision: Decision) -> None:
    np.testing.assert_allclose(decision.coverage, [1.0, 1.0, 1.0, 0.2])
    np.testing.assert_array_equal(decision.hold, [False, False, False, True])
    np.testing.assert_allclose(decision.current, CURRENT)
    assert decision.drawdown == pytest.approx(0.12)
    assert decision.multiplier == pytest.approx(0.7)
    assert (decision.fdm, decision.kelly) == (1.2, 1.0)
    assert decision.state is TradingState.ACTIVE
    assert not decision.halt


def test_the_orders_that_follow(decision: Decision) -> None:
    """Only the third symbol trades: its short is closed whole, then 0.00395961 of equity is bought."""
    assert decision.close_lots.tolist() == [0, 0, 1_760_000, 0]
    assert decision.open_lots.tolist() == [0, 0, 348_445, 0]
    assert decision.whole_close.tolist() == [False, False, True, False]
    np.testing.assert_allclose(decision.stages[-1], [0.06, 0.0, 348.445 / EQUITY, 0.03], rtol=1e-12)


def test_what_bound_each_symbol(decision: Decision) -> None:
    bound = {name: np.flatnonzero(row).tolist() for name, row in zip(STAGES, decision.bound, strict=True)}
    assert bound == {
        "blend": [],
        "conflict": [0, 1, 2],
        "overlay": [0],
        "volatility": [],
        "neutral": [],
        "type": [0, 2],
        "symbol": [0],
        "cluster": [0, 1],
        "net": [0, 1, 2, 3],
        "gross": [0, 1, 2, 3],
        "drawdown": [0, 1, 2],
        "state": [],
        "buffer": [0, 1, 2, 3],
        "round": [],
    }
