"""B4: golden values, the long-run variance by its formula, and that finer bars do not help."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.signal import bar_length_ms
from strategies.statistical.drift import KIND
from strategies.statistical.kernels.drift import drift_bound, long_run_variance, years_needed
from strategies.statistical.settings import BARS_A_DAY, DriftSettings
from tests.strategies.fixtures import G
from tests.strategies.statistical.noise import closes, no_less, runs, white

DAILY = KIND.build(DriftSettings(bar="1d"))


def test_golden() -> None:
    reading = DAILY.explain(closes(0.1 + G(400, 21)))
    assert reading.statistics["t"] == pytest.approx(1.201202663, rel=1e-6)
    assert reading.statistics["p"] == pytest.approx(0.2296725968, rel=1e-6)
    assert reading.statistics["ungated"] == pytest.approx(0.4004008875, rel=1e-6)
    assert (reading.value, reading.confidence) == (0.0, 0.0)


def test_golden_without_the_gate() -> None:
    reading = KIND.build(DriftSettings(bar="1d", alpha=0.25)).explain(closes(0.1 + G(400, 21)))
    assert reading.value == pytest.approx(0.4004008875, rel=1e-6)
    assert reading.confidence == pytest.approx(1 - 0.2296725968 / 0.25, rel=1e-6)


def test_bound_and_years_by_hand() -> None:
    assert drift_bound(0.6, 4.0) == pytest.approx(0.3)
    assert years_needed(0.1, 0.7) == pytest.approx(188.2384)


def test_statistics_of_the_bound_are_a_year_s() -> None:
    returns = 0.001 + white(np.random.default_rng(0), 1, 365)[0]
    said = DAILY.explain(closes(returns)).statistics
    assert said["least_error_a_year"] == pytest.approx(returns.std() * np.sqrt(365))
    assert said["years_needed"] == pytest.approx(
        (1.96 * returns.std() * np.sqrt(365) / (returns.mean() * 365)) ** 2
    )


@given(seed=st.integers(0, 2**32), count=st.integers(40, 500))
def test_long_run_variance(seed: int, count: int) -> None:
    x = np.random.default_rng(seed).standard_normal(count)
    x -= x.mean()
    lags = int(4 * (count / 100) ** (2 / 9))
    expected = (x @ x) / count
    for j in range(1, lags + 1):
        expected += 2 * (1 - j / (lags + 1)) * (x[j:] @ x[:-j]) / count
    assert long_run_variance(x) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("bar", ["1h", "4h", "8h"])
def test_on_finer_bars_it_reads_closes_a_day_apart(bar: str) -> None:
    rng = np.random.default_rng(1)
    signal = KIND.build(DriftSettings.model_validate({"bar": bar, "days": 40}))
    step = signal.settings.bars_a_day  # type: ignore[attr-defined]
    prices = closes(white(rng, 1, 40 * step)[0])
    assert signal.window == len(prices)
    daily = KIND.build(DriftSettings(bar="1d", days=40)).explain(prices[::step])
    assert signal.explain(prices) == daily


def test_bars_a_day() -> None:
    assert {bar: count * bar_length_ms(bar) for bar, count in BARS_A_DAY.items()} == dict.fromkeys(
        BARS_A_DAY, 86_400_000
    )


@runs(20, 200)
def test_more_bars_do_not_help(count: int) -> None:
    rng = np.random.default_rng(2)
    hourly = 0.6 / np.sqrt(365 * 24) * rng.standard_normal((count, 4 * 365 * 24))
    errors = []
    for step in (1, 4, 24):
        returns = hourly.reshape(count, -1, step).sum(axis=2)
        a_year = 365 * 24 / step
        errors.append(returns.std(axis=1) * np.sqrt(a_year) / np.sqrt(returns.shape[1] / a_year))
    assert no_less(np.max(errors, axis=0) / np.min(errors, axis=0) < 1.06, 0.99)
    assert errors[0] == pytest.approx(drift_bound(0.6, 4.0), rel=0.06)
