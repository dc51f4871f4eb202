"""A1: golden values, an independent computation, and what it says of trends and of noise."""

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from strategies.evidence.kernels.momentum import momentum_reading
from strategies.evidence.momentum import build
from strategies.settings import MomentumSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS, FloatArray

SIGNAL = build(MomentumSettings())


def test_golden() -> None:
    reading = SIGNAL.explain(BARS(300, 1)[3])
    assert reading.reason is Reason.OK
    assert reading.statistics == pytest.approx(
        {"sigma": 0.00933017498, "z_7": -0.52734135, "z_14": 0.07364885, "z_28": 0.75073434}, rel=1e-6
    )
    assert reading.value == pytest.approx(0.04950697361, rel=1e-6)
    assert reading.confidence == pytest.approx(1 / 3, rel=1e-6)


@pytest.mark.parametrize(
    ("scores", "by_sign", "value", "confidence"),
    [
        ((1.0, 3.0, -0.5), False, 0.41666667, 1 / 3),
        ((1.0, 3.0, -0.5), True, 1 / 3, 1 / 3),
        ((2.0, 2.0, 2.0), False, 1.0, 1.0),
        ((-9.0, -2.0, -2.1), False, -1.0, 1.0),
        ((0.0, 0.0, 0.0), False, 0.0, 0.0),
    ],
)
def test_scores_by_hand(scores: tuple[float, ...], by_sign: bool, value: float, confidence: float) -> None:
    assert momentum_reading(np.array(scores), 2.0, by_sign) == pytest.approx((value, confidence))


def test_deviation_is_that_of_pandas() -> None:
    close = BARS(428, 7)[3]
    returns = pd.Series(np.diff(np.log(close)))
    expected = float(returns.ewm(com=60, adjust=False).std(bias=True).iloc[-1])
    assert SIGNAL.explain(close).statistics["sigma"] == pytest.approx(expected, rel=1e-12)


def test_needs_one_close_more_than_the_longest_look_back() -> None:
    close = BARS(29, 3)[3]
    assert SIGNAL.explain(close).reason is Reason.OK
    assert SIGNAL.explain(close[1:]).reason is Reason.WARMUP


@pytest.mark.parametrize("close", [np.full(428, 7.0), 100.0 * 1.01 ** np.arange(428)])
def test_a_path_without_variation_has_no_score(close: FloatArray) -> None:
    assert SIGNAL.explain(close).reason is Reason.ZERO_VAR


def mean_value(drift: float, runs: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(runs):
        close = 100 * np.exp(np.cumsum(drift + 0.01 * rng.standard_normal(1_000)))
        value, _ = SIGNAL.evaluate(sliding_window_view(close, SIGNAL.window))
        assert value.shape == (573,)
        means.append(float(value.mean()))
    return float(np.mean(means))


def test_rises_with_a_trend() -> None:
    assert 0.30 <= mean_value(0.002, 200, 1) <= 0.45


def test_is_silent_on_average_without_one() -> None:
    assert abs(mean_value(0.0, 200, 2)) < 0.02


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lookbacks": (7, 500)}, "must exceed the longest look-back"),
        ({"com": 100.0}, "needs a window of at least 696 closes"),
        ({"lookbacks": ()}, "at least 1 item"),
        ({"window": 436}, "less than or equal to 435"),
        ({"cap": 0.0}, "greater than 0"),
        ({"response": "root"}, "'clip' or 'sign'"),
        ({"weight": 1.2}, "less than or equal to 1"),
        ({"look_backs": (7,)}, "Extra inputs"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        MomentumSettings.model_validate(changes)


def test_the_shortest_window_a_refusal_names_is_accepted() -> None:
    assert MomentumSettings(com=50.0, window=350).window == 350
    with pytest.raises(ValueError, match="at least 350 closes"):
        MomentumSettings(com=50.0, window=349)
