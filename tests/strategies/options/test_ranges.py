"""Volatility from ranges: golden values, their efficiency on simulated days, the edges."""

import numpy as np
import pytest

from strategies.options.ranges import garman_klass, parkinson
from strategies.signal import REASONS, Reason
from tests.strategies.fixtures import BARS, FloatArray
from tests.strategies.statistical.noise import runs


def bar(*prices: float) -> list[FloatArray]:
    return [np.array([price]) for price in prices]


def test_golden_by_hand() -> None:
    open_, high, low, close = bar(100, 110, 95, 105)
    assert parkinson(high, low).volatility == pytest.approx(0.08804435903, rel=1e-9)
    assert garman_klass(open_, high, low, close).volatility == pytest.approx(0.0991298304, rel=1e-9)


def test_golden() -> None:
    open_, high, low, close, _ = (series[-20:] for series in BARS(300, 1))
    assert parkinson(high, low).volatility == pytest.approx(0.007357936672, rel=1e-9)
    assert garman_klass(open_, high, low, close).volatility == pytest.approx(0.006022607496, rel=1e-9)


@runs(fast=4_000, full=40_000)
def test_efficiency_against_closes(count: int) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for size in np.full(count // 1_000, 1_000):
        path = np.cumsum(rng.standard_normal((size, 1_000)) / np.sqrt(1_000), axis=1)
        high, low = np.maximum(path.max(axis=1), 0), np.minimum(path.min(axis=1), 0)
        rows.append(np.exp(np.stack([np.zeros(size), high, low, path[:, -1]])))
    open_, high, low, close = np.concatenate(rows, axis=1)
    of_close = np.log(close) ** 2
    slack = 1.0 if count < 10_000 else 0.0
    for found, efficiency, width in (
        (parkinson(high[:, None], low[:, None]), 4.9, 0.5),
        (garman_klass(*(price[:, None] for price in (open_, high, low, close))), 7.4, 0.8),
    ):
        variance = np.where(found.reason == 0, found.volatility**2, 0.0)
        assert of_close.var() / variance.var() == pytest.approx(efficiency, abs=width + slack)
        assert 0.02 <= 1 - variance.mean() <= 0.07


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        ((100, 100, 100, 100), Reason.ZERO_VAR),
        ((100, 110, 95, np.nan), Reason.NAN_INPUT),
        ((100, 110, 0, 105), Reason.NAN_INPUT),
        ((100, 101, 100, 120), Reason.DEGENERATE),
    ],
)
def test_edges(prices: tuple[float, ...], reason: Reason) -> None:
    found = garman_klass(*bar(*prices))
    assert REASONS[int(found.reason)] is reason
    assert np.isnan(found.volatility)


def test_leading_axes_are_kept() -> None:
    open_, high, low, close, _ = (series.reshape(3, 100) for series in BARS(300, 1))
    assert parkinson(high, low).volatility.shape == (3,)
    assert garman_klass(open_, high, low, close).volatility[1] == pytest.approx(
        float(garman_klass(open_[1], high[1], low[1], close[1]).volatility)
    )
