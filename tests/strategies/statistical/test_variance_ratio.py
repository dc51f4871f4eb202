"""B2: golden values, the definition in NumPy, and a series that turns back."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.variance_ratio import plain_score
from strategies.statistical.settings import VarianceRatioSettings
from strategies.statistical.variance_ratio import KIND
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import FloatArray, autoregressive, closes, no_less, runs, white

SIGNAL = KIND.build(VarianceRatioSettings())


def test_golden() -> None:
    reading = SIGNAL.explain(closes(AR(500, 0.2, 1)))
    expected = {
        "horizon": 4,
        "p": 1.145339138e-4,
        "vr_2": 1.193485984,
        "z_2": 3.987148697,
        "vr_8": 1.49691983,
        "z_8": 3.754310728,
    }
    assert {name: reading.statistics[name] for name in expected} == pytest.approx(expected, rel=1e-6)
    assert reading.value == pytest.approx(0.04331200042, rel=1e-6)
    assert reading.confidence == pytest.approx(0.9977093217, rel=1e-6)


def test_golden_under_constant_volatility() -> None:
    reading = KIND.build(VarianceRatioSettings(horizons=(2,))).explain(closes(AR(500, 0.2, 1)))
    assert reading.statistics["z_constant_volatility"] == pytest.approx(4.326478138, rel=1e-6)


def test_printed_score() -> None:
    """Weekly stock index of Lo and MacKinlay: VR(2) = 1.30 over 1216 weeks."""
    assert plain_score(1.30, 2, 1216) == pytest.approx(10.46135746, rel=1e-6)


def by_definition(prices: FloatArray, q: int) -> tuple[float, float]:
    """VR(q) and its robust score, read off the formula with log prices."""
    logs, count = np.log(prices), len(prices) - 1
    mean = (logs[-1] - logs[0]) / count
    x = np.diff(logs) - mean
    one = (x**2).sum() / (count - 1)
    many = sum((logs[k] - logs[k - q] - q * mean) ** 2 for k in range(q, count + 1))
    ratio = many / (q * (count - q + 1) * (1 - q / count)) / one
    theta = 0.0
    for j in range(1, q):
        delta = (x[j:] ** 2 * x[:-j] ** 2).sum() / (x**2).sum() ** 2
        theta += (2 * (q - j) / q) ** 2 * delta
    return ratio, (ratio - 1) / np.sqrt(theta)


@given(seed=st.integers(0, 2**32), phi=st.floats(-0.4, 0.4))
def test_definition(seed: int, phi: float) -> None:
    prices = closes(autoregressive(np.random.default_rng(seed), 1, 220, phi)[0])
    said = SIGNAL.explain(prices).statistics
    scores = {}
    for q in (2, 4, 8, 16):
        ratio, scores[q] = by_definition(prices, q)
        assert said[f"vr_{q}"] == pytest.approx(ratio, rel=1e-9)
        assert said[f"z_{q}"] == pytest.approx(scores[q], rel=1e-7, abs=1e-9)
    largest = max(scores, key=lambda q: abs(scores[q]))
    smallest = 2 * scipy.stats.norm.sf(abs(scores[largest]))
    assert said["horizon"] == largest
    assert said["p"] == pytest.approx(1 - (1 - smallest) ** 4, rel=1e-6)


def test_a_horizon_beyond_a_quarter_of_the_window_is_not_used() -> None:
    signal = KIND.build(VarianceRatioSettings(horizons=(2, 40)))
    said = signal.explain(closes(0.01 * G(120, 3))).statistics
    assert np.isfinite(said["vr_2"])
    assert np.isnan(said["vr_40"])


def moving_average(rng: np.random.Generator, count: int, size: int, theta: float) -> FloatArray:
    """Returns [count, size] that take part of the innovation before back."""
    shocks = white(rng, count, size + 1)
    return shocks[:, 1:] + theta * shocks[:, :-1]


@pytest.mark.parametrize("series", [autoregressive, moving_average], ids=["autoregression", "moving average"])
@runs(100, 1_000)
def test_a_series_that_turns_back_is_faded(series: Callable[..., FloatArray], count: int) -> None:
    returns = series(np.random.default_rng(3), count, 500, -0.2)
    result = SIGNAL.run(closes(returns))
    horizon = result.statistics[:, 0].astype(int)
    spoke = result.confidence > 0
    ratio = np.array(
        [result.statistics[row, SIGNAL.statistic_names.index(f"vr_{q}")] for row, q in enumerate(horizon)]
    )
    last = np.array([returns[row, -q:].sum() for row, q in enumerate(horizon)])
    assert no_less(spoke, 0.9)
    assert no_less((ratio < 1)[spoke], 0.99)
    assert (np.sign(result.value) == -np.sign(last))[spoke & (ratio < 1)].all()
