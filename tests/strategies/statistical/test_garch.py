"""B7: golden fit, filter and test, a better likelihood than scipy finds, and which fit counts when."""

from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.signal import Reason
from strategies.statistical.garch import KIND, STATISTICS
from strategies.statistical.kernels.garch import garch_reading, newest_fit
from strategies.statistical.kernels.garch_fit import arch_statistic, backcast, fit, loss, next_variance
from strategies.statistical.settings import VolatilitySettings
from tests.strategies.fixtures import HOUR_MS, START_MS, G
from tests.strategies.statistical.noise import (
    SIZE_LIMIT,
    FloatArray,
    closes,
    garch,
    no_less,
    no_more,
    runs,
    white,
)

SIGNAL = KIND.build(VolatilitySettings())


def golden_series() -> tuple[FloatArray, list[float]]:
    """1500 values of omega .05, alpha .1, beta .85 from h = 1 on, and their variances."""
    shocks, variances = G(1500, 41), [1.0]
    series = np.empty(1500)
    for t, shock in enumerate(shocks):
        series[t] = np.sqrt(variances[-1]) * shock
        variances.append(0.05 + 0.1 * series[t] ** 2 + 0.85 * variances[-1])
    return series, variances


SERIES, VARIANCES = golden_series()


def test_filter_by_hand() -> None:
    """omega .1, alpha .1, beta .8 from h = 1 on: 1.125, 1.025, 1.32 after 1.5, -.5, 2."""
    returns = np.array([1.5, -0.5, 2.0])
    after = [next_variance(returns[:count], 0.1, 0.1, 0.8) for count in (1, 2, 3)]
    assert after == pytest.approx([1.125, 1.025, 1.32])


def test_the_golden_series_is_the_one_meant() -> None:
    assert VARIANCES[1:4] == pytest.approx([0.9446681164, 1.592018527, 1.648133984], rel=1e-6)


def test_golden_fit() -> None:
    found = np.empty(4)
    assert fit(SERIES, found)
    assert found[:3] == pytest.approx([0.080542, 0.116231, 0.806843], abs=2e-3)
    assert found[3] == pytest.approx(-2106.356, abs=0.02)
    assert next_variance(SERIES, *found[:3]) == pytest.approx(1.647, abs=0.01)


def test_golden_test() -> None:
    statistic, p = arch_statistic(SERIES, 5)
    assert statistic == pytest.approx(57.010614, rel=1e-6)
    assert p == pytest.approx(5.03e-11, rel=1e-3)
    statistic, p = arch_statistic(G(1500, 42), 5)
    assert statistic == pytest.approx(6.2245586, rel=1e-6)
    assert p == pytest.approx(0.285, abs=5e-4)


def test_golden_reading_with_the_true_parameters() -> None:
    assert next_variance(SERIES, 0.05, 0.1, 0.85) == pytest.approx(1.553803233, rel=1e-6)
    assert SERIES[-24:].sum() == pytest.approx(-3.159797228, rel=1e-6)
    told = np.empty(len(STATISTICS))
    value, confidence = garch_reading(SERIES, np.array([0.05, 0.1, 0.85, 0.0]), 24, 5, 0.05, told)
    assert value == pytest.approx(-0.2075523124, rel=1e-6)
    assert confidence == pytest.approx(1.0, abs=1e-8)


@given(seed=st.integers(0, 2**32), size=st.integers(60, 600))
def test_the_test_is_a_regression_of_squares(seed: int, size: int) -> None:
    squares = (returns := np.random.default_rng(seed).standard_t(5, size)) ** 2
    rows = np.column_stack([np.ones(size - 5), *(squares[5 - lag : size - lag] for lag in range(1, 6))])
    residuals = squares[5:] - rows @ np.linalg.lstsq(rows, squares[5:])[0]
    explained = 1 - (residuals @ residuals) / ((squares[5:] - squares[5:].mean()) ** 2).sum()
    assert arch_statistic(returns, 5)[0] == pytest.approx((size - 5) * explained, rel=1e-6, abs=1e-6)


@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**32),
    alpha=st.floats(0.03, 0.2),
    persistence=st.floats(0.8, 0.98),
    step=st.floats(0.001, 0.1),
)
def test_no_likelihood_of_scipys_is_better(seed: int, alpha: float, persistence: float, step: float) -> None:
    rng = np.random.default_rng(seed)
    returns = step * garch(rng, 1, 1_500, 1 - persistence, alpha, persistence - alpha)[0]
    found = np.empty(4)
    fit(returns, found)
    squares = returns**2 / np.mean(returns**2)
    before = backcast(squares)
    starts = ((0.02, 0.05, 0.93), (0.3, 0.1, 0.6), (0.1, 0.05, 0.85))
    inside = {"type": "ineq", "fun": lambda x: 0.9999 - x[1] - x[2]}
    bounds = [(1e-8, 10), (0, 1), (0, 1)]
    minimize: Any = scipy.optimize.minimize

    def objective(x: FloatArray) -> float:
        return float(loss(squares, before, *x))

    least = min(
        minimize(objective, start, bounds=bounds, constraints=inside, method="SLSQP").fun for start in starts
    )
    scale = 1_500 / 2 * (np.log(2 * np.pi) + np.log(np.mean(returns**2)))
    assert -found[3] - scale <= least + 1e-3


def test_the_unit_of_returns_changes_omega_alone() -> None:
    one, two = np.empty(4), np.empty(4)
    fit(SERIES, one)
    fit(0.01 * SERIES, two)
    assert two[:3] == pytest.approx([one[0] * 1e-4, one[1], one[2]], rel=1e-9)
    assert two[3] == pytest.approx(one[3] - 1500 * np.log(0.01), rel=1e-9)


@runs(50, 200)
def test_finds_the_parameters(count: int) -> None:
    rng = np.random.default_rng(11)
    found = np.empty((count, 4))
    for row, series in enumerate(garch(rng, count, 3_000)):
        assert fit(np.ascontiguousarray(series), found[row])
    close = (abs(found[:, 1] - 0.10) < 0.04) & (abs(found[:, 2] - 0.85) < 0.08)
    assert no_less(close, 0.95)


@runs(100, 1_000)
def test_detects_clustering(count: int) -> None:
    rng = np.random.default_rng(12)
    p = np.array([arch_statistic(np.ascontiguousarray(s), 5)[1] for s in garch(rng, count, 1_500)])
    assert no_less(p < 0.05, 0.99)


@runs(200, 1_000)
def test_size(count: int) -> None:
    noise = white(np.random.default_rng(7), count, 512)
    rejected = np.array([arch_statistic(series, 5)[1] < 0.05 for series in noise])
    assert rejected.mean() <= SIZE_LIMIT if count == 1_000 else no_more(rejected, SIZE_LIMIT)


def place_of_fit(age: int, usable: dict[int, int], oldest: int = 48) -> int:
    """Which position counts when fits of two hundred returns end every 24 bars, and some are not usable."""
    state = np.zeros(600, dtype=np.int64)
    for place, kind in usable.items():
        state[place] = kind
    return newest_fit(
        white(np.random.default_rng(0), 1, 600)[0], 0, 599, age, 24, oldest, 200, state, np.empty((600, 4))
    )


@pytest.mark.parametrize(
    ("age", "usable", "place"),
    [
        (0, {599: 1}, 599),
        (7, {592: 1}, 592),
        (7, {592: 2, 568: 1}, 568),
        (7, {592: 2, 568: 2, 544: 1}, -1),
        (0, {599: 2, 575: 2, 551: 1}, 551),
    ],
    ids=["due now", "due 7 bars ago", "the one before", "too old", "just not too old"],
)
def test_which_fit_counts(age: int, usable: dict[int, int], place: int) -> None:
    assert place_of_fit(age, usable) == place


def test_a_fit_needs_its_whole_history_in_the_window() -> None:
    state = np.zeros(300, dtype=np.int64)
    state[:] = 1
    returns = np.zeros(300)
    assert newest_fit(returns, 0, 250, 0, 24, 200, 200, state, np.empty((300, 4))) == 250
    assert newest_fit(returns, 60, 250, 0, 24, 200, 200, state, np.empty((300, 4))) == -1


def windows_at(hour: int, returns: FloatArray) -> list[FloatArray]:
    """The fields of one window whose newest bar closes `hour` hours after a midnight."""
    count = SIGNAL.window
    closed = START_MS + HOUR_MS * (hour + np.arange(1.0 - count, 1.0))
    return [closed, closes(returns[-(count - 1) :])]


@pytest.mark.parametrize("hour", [0, 1, 13, 23])
def test_fits_are_made_at_midnight(hour: int) -> None:
    returns = 0.01 * garch(np.random.default_rng(3), 1, SIGNAL.window - 1)[0]
    reading = SIGNAL.explain(*windows_at(hour, returns))
    found = np.empty(4)
    fit(np.log(closes(returns)[1:] / closes(returns)[:-1])[: len(returns) - hour][-1500:], found)
    assert reading.statistics["fit_age"] == hour
    assert reading.statistics["alpha"] == pytest.approx(found[1], rel=1e-6)
    assert reading.reason is Reason.OK


def test_no_usable_fit_is_no_opinion() -> None:
    rng = np.random.default_rng(5)
    returns = white(rng, 1, SIGNAL.window - 1)[0] * np.exp(np.linspace(0, 8, SIGNAL.window - 1))
    reading = SIGNAL.explain(*windows_at(5, 0.01 * returns / abs(returns).max()))
    assert reading.reason is Reason.FIT_FAILED


def test_a_price_that_stands_still_at_the_end_is_no_opinion() -> None:
    returns = white(np.random.default_rng(6), 1, SIGNAL.window - 1)[0]
    returns[-600:] = 0.0
    assert SIGNAL.explain(*windows_at(5, returns)).reason is Reason.ZERO_VAR


def test_its_window_holds_the_oldest_fit_that_counts() -> None:
    assert SIGNAL.window == 1 + 1_500 + 168
    with pytest.raises(ValueError, match="must hold move"):
        VolatilitySettings(samples=100, move=200)
    with pytest.raises(ValueError, match="must reach back to the last fit"):
        VolatilitySettings(refit=24, oldest=12)
