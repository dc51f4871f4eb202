"""B1: golden values, the definition in NumPy, and a series that remembers its last step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from strategies.signal import Reason
from strategies.statistical.autocorrelation import KIND
from strategies.statistical.settings import AutocorrelationSettings
from tests.strategies.fixtures import AR
from tests.strategies.statistical.noise import Z, autoregressive, closes, no_less, runs

SIGNAL = KIND.build(AutocorrelationSettings())


def test_golden() -> None:
    reading = SIGNAL.explain(closes(AR(500, 0.2, 1)))
    assert reading.statistics == pytest.approx(
        {
            "lag": 1,
            "rho": 0.1893669588,
            "z": 3.902268297,
            "p": 9.529544e-5,
            "forecast": 0.4 * np.std(AR(500, 0.2, 1)) * -0.08303876324,
            "ljung_box_5": 23.95290031,
            "ljung_box_p": 0.00022168458,
        },
        rel=1e-6,
    )
    assert reading.value == pytest.approx(-0.08303876324, rel=1e-6)
    assert reading.confidence == pytest.approx(1 - 9.529544e-5 / 0.05, rel=1e-6)


def test_correlation_by_hand() -> None:
    assert SIGNAL.explain(closes(np.arange(1.0, 6.0))).statistics["rho"] == pytest.approx(0.4)


@given(seed=st.integers(0, 2**32), lags=st.integers(1, 6), phi=st.floats(-0.4, 0.4))
def test_definition(seed: int, lags: int, phi: float) -> None:
    returns = autoregressive(np.random.default_rng(seed), 1, 200, phi)[0]
    x = returns - returns.mean()
    scores = []
    for lag in range(1, lags + 1):
        products = x[lag:] * x[:-lag]
        scores.append(products.sum() / np.sqrt((products**2).sum()))
    lag = int(np.argmax(np.abs(scores))) + 1
    rho = (x[lag:] * x[:-lag]).sum() / (x**2).sum()
    said = KIND.build(AutocorrelationSettings(lags=lags)).explain(closes(returns)).statistics
    assert said["lag"] == lag
    assert said["z"] == pytest.approx(scores[lag - 1], rel=1e-9)
    assert said["forecast"] == pytest.approx(rho * x[200 - lag], rel=1e-9)


@runs(100, 200)
def test_finds_a_series_that_remembers_its_last_step(count: int) -> None:
    returns = autoregressive(np.random.default_rng(1), count, 2_000, 0.2)
    found = SIGNAL.run(closes(returns)).statistics
    rho, p = found[:, SIGNAL.statistic_names.index("rho")], found[:, SIGNAL.statistic_names.index("p")]
    assert no_less((rho > 0) & (p < 0.01), 0.99)


@runs(20, 200)
def test_foresees_it(count: int) -> None:
    returns = autoregressive(np.random.default_rng(2), count, 2_000, 0.2)
    correlations = []
    for series in returns:
        value, _ = SIGNAL.evaluate(sliding_window_view(closes(series)[:-1], SIGNAL.window))
        correlations.append(np.corrcoef(value, series[SIGNAL.window - 1 :])[0, 1])
    assert np.mean(correlations) - Z * np.std(correlations, ddof=1) / np.sqrt(count) > 0.1


def test_growth_without_variation_is_no_opinion() -> None:
    assert SIGNAL.explain(1.01 ** np.arange(501.0)).reason is Reason.ZERO_VAR


def test_more_lags_need_a_longer_window() -> None:
    with pytest.raises(ValueError, match="need a window of at least 400"):
        AutocorrelationSettings(lags=40, window=300)
