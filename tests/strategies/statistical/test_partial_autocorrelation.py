"""B11: golden values, least squares and White's variance in NumPy, and a series of order two."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from strategies.statistical.kernels.partial_autocorrelation import partial_correlations
from strategies.statistical.partial_autocorrelation import KIND
from strategies.statistical.settings import PartialAutocorrelationSettings
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import FloatArray, autoregressive, closes, no_less, runs

SIGNAL = KIND.build(PartialAutocorrelationSettings())


def test_golden() -> None:
    reading = SIGNAL.explain(closes(AR(500, 0.2, 1)))
    said = [reading.statistics[f"pacf_{lag}"] for lag in range(1, 6)]
    assert said == pytest.approx([0.18936696, 0.012877654, 0.031839917, 0.068728918, -0.06529267], rel=1e-6)
    assert reading.statistics["p"] == pytest.approx(2.533165865e-4, rel=1e-6)
    assert reading.statistics["order"] == 1
    assert reading.statistics["forecast"] == pytest.approx(-0.03463083851, rel=1e-6)
    assert reading.value == pytest.approx(-0.08304387312, rel=1e-6)
    assert reading.confidence == pytest.approx(0.9949336683, rel=1e-6)


def test_golden_of_order_two() -> None:
    series = G(500, 51)
    for t in range(2, 500):
        series[t] += 0.3 * series[t - 2]
    said = SIGNAL.explain(closes(series)).statistics
    expected = [-0.037049892, 0.24943271, -0.026139491, 0.013025901]
    assert [said[f"pacf_{lag}"] for lag in range(1, 5)] == pytest.approx(expected, rel=1e-6)


def test_correlations_by_hand() -> None:
    found = np.empty(2)
    partial_correlations(np.array([1.0, 0.5, 0.4]), found)
    assert found == pytest.approx([0.5, 0.2])


def least_squares(x: FloatArray, order: int) -> tuple[FloatArray, float]:
    """Coefficients of an AR without constant, and the last one's HC0 score."""
    rows = np.column_stack([x[order - lag : len(x) - lag] for lag in range(1, order + 1)])
    coefficients: FloatArray = np.linalg.lstsq(rows, x[order:])[0].astype(np.float64)
    residuals = x[order:] - rows @ coefficients
    bread = np.linalg.inv(rows.T @ rows)
    variance = bread @ (rows.T * residuals**2) @ rows @ bread
    return coefficients, float(coefficients[-1] / np.sqrt(variance[-1, -1]))


@given(seed=st.integers(0, 2**32), phi=st.floats(-0.3, 0.3), size=st.integers(60, 400))
def test_definition(seed: int, phi: float, size: int) -> None:
    returns = autoregressive(np.random.default_rng(seed), 1, size, 0.0, phi)[0]
    x = returns - returns.mean()
    said = SIGNAL.explain(closes(returns)).statistics
    products = np.array([x[lag:] @ x[: size - lag] for lag in range(11)])
    p = []
    for order in range(1, 11):
        solved = scipy.linalg.solve_toeplitz(products[:order], products[1 : order + 1])
        assert said[f"pacf_{order}"] == pytest.approx(solved[-1], rel=1e-7, abs=1e-12)
        p.append(min(1.0, 10 * 2 * scipy.stats.norm.sf(abs(least_squares(x, order)[1]))))
    significant = [order for order in range(1, 11) if p[order - 1] < 0.05]
    assert said["p"] == pytest.approx(min(p), rel=1e-6)
    assert said["order"] == max(significant, default=0)
    if significant:
        coefficients, _ = least_squares(x, max(significant))
        expected = sum(c * x[size - lag] for lag, c in enumerate(coefficients, start=1))
        assert said["forecast"] == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_windows_of_a_series_say_what_each_says_alone() -> None:
    signal = KIND.build(PartialAutocorrelationSettings(window=101))
    series = closes(autoregressive(np.random.default_rng(11), 1, 400, 0.0, 0.2)[0])
    assert signal.roll is not None
    together = signal.roll(series[None]).statistics
    alone = signal.run(np.lib.stride_tricks.sliding_window_view(series, 101).copy()).statistics
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)


@runs(100, 1_000)
def test_finds_the_order(count: int) -> None:
    statistics = SIGNAL.run(
        closes(autoregressive(np.random.default_rng(10), count, 1_000, 0.0, 0.3))
    ).statistics
    assert no_less(statistics[:, 1] < 0.05, 0.99)
    assert no_less(statistics[:, 0] == 2, 0.85)
