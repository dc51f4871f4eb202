"""A3: golden values, the response by hand, and whether it foresees a series that reverts."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from strategies.arithmetic import reversal_response
from strategies.evidence.kernels.reversal import efficiency_ratio
from strategies.evidence.reversal import build
from strategies.settings import ReversalSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS

SIGNAL = build(ReversalSettings())


@pytest.mark.parametrize(
    ("horizon", "score", "value"), [(1, -2.557629212, 0.77881461), (3, -1.714393868, 0.35719693)]
)
def test_golden(horizon: int, score: float, value: float) -> None:
    reading = build(ReversalSettings(horizon=horizon)).explain(BARS(300, 1)[3])
    assert reading.reason is Reason.OK
    assert reading.statistics["z"] == pytest.approx(score, rel=1e-6)
    assert reading.statistics["efficiency_ratio"] == pytest.approx(0.1840730301, rel=1e-6)
    assert reading.value == pytest.approx(value, rel=1e-6)
    assert reading.confidence == pytest.approx(0.8159269699, rel=1e-6)


@pytest.mark.parametrize(("score", "value"), [(2, -0.5), (-3.5, 1), (0.8, 0), (1, 0), (3, -1), (0, 0)])
def test_response_by_hand(score: float, value: float) -> None:
    assert reversal_response(float(score), 1.0, 3.0) == value


def test_efficiency_ratio_by_hand() -> None:
    assert efficiency_ratio(np.array([10, 11, 10.5, 11.5, 12]), 4) == pytest.approx(2 / 3)
    assert efficiency_ratio(np.full(5, 3.0), 4) == 0.0


def test_needs_one_close_more_than_its_longest_look_back() -> None:
    close = BARS(21, 3)[3]
    assert SIGNAL.explain(close).reason is Reason.OK
    assert SIGNAL.explain(close[1:]).reason is Reason.WARMUP


def test_a_path_without_variation_has_no_score() -> None:
    assert SIGNAL.explain(np.full(148, 0.02)).reason is Reason.ZERO_VAR


@pytest.mark.parametrize("runs", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_foresees_a_series_that_reverts(runs: int) -> None:
    rng = np.random.default_rng(3)
    correlations = []
    for _ in range(runs):
        returns = 0.01 * rng.standard_normal(5_000)
        for index in range(1, len(returns)):
            returns[index] -= 0.3 * returns[index - 1]
        close = 100 * np.exp(np.cumsum(returns))
        value, _ = SIGNAL.evaluate(sliding_window_view(close[:-1], SIGNAL.window))
        correlations.append(np.corrcoef(value, returns[SIGNAL.window :])[0, 1])
    error = np.std(correlations, ddof=1) / np.sqrt(runs)
    assert np.mean(correlations) - 3.29 * error > 0.15


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"full": 1.0}, "must exceed dead_band"),
        ({"horizon": 148}, "must exceed horizon and efficiency"),
        ({"com": 60.0}, "needs a window of at least"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ReversalSettings.model_validate(changes)
