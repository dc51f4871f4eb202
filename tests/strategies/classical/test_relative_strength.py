"""C1: Wilder's own table, an independent computation, the response by hand, and a price that comes back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from strategies.classical.kernels.relative_strength import strength_response
from strategies.classical.relative_strength import KIND
from strategies.classical.settings import RelativeStrengthSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS

SIGNAL = KIND.build(RelativeStrengthSettings())
WILDER = (
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08,
    45.89, 46.03, 45.61, 46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64,
)  # fmt: skip


@pytest.mark.parametrize(
    ("closes", "index"),
    [
        (15, 70.46413502),
        (16, 66.24961855),
        (17, 66.48094183),
        (18, 69.34685316),
        (19, 66.29471266),
        (20, 57.91502067),
    ],
)
def test_golden_table(closes: int, index: float) -> None:
    reading = SIGNAL.explain(np.array(WILDER[:closes]))
    assert reading.statistics["rsi"] == pytest.approx(index, rel=1e-6)


def test_golden() -> None:
    reading = SIGNAL.explain(BARS(300, 1)[3])
    assert reading.statistics["rsi"] == pytest.approx(49.12676682, rel=1e-6)
    assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 0.0, 0.5)


@pytest.mark.parametrize(
    ("index", "value"), [(15, 0.5), (80, -1 / 3), (30, 0), (70, 0), (50, 0), (0, 1), (100, -1)]
)
def test_response_by_hand(index: float, value: float) -> None:
    assert strength_response(float(index), 30.0) == pytest.approx(value)


@given(seed=st.integers(0, 2**32), period=st.integers(2, 30))
def test_averages_are_those_of_pandas(seed: int, period: int) -> None:
    close = BARS(250, seed)[3]
    moves = pd.Series(np.diff(close))
    averages = {}
    for name, part in (("average_gain", moves.clip(lower=0)), ("average_loss", (-moves).clip(lower=0))):
        seeded = pd.concat([pd.Series([part[:period].mean()]), part[period:]])
        averages[name] = float(seeded.ewm(alpha=1 / period, adjust=False).mean().iloc[-1])
    said = KIND.build(RelativeStrengthSettings(period=period)).explain(close).statistics
    assert {name: said[name] for name in averages} == pytest.approx(averages, rel=1e-9)


def test_needs_one_close_more_than_its_period() -> None:
    close = BARS(15, 3)[3]
    assert SIGNAL.explain(close).reason is Reason.OK
    assert SIGNAL.explain(close[1:]).reason is Reason.WARMUP


def test_a_path_that_only_rises_is_sold() -> None:
    assert SIGNAL.explain(np.arange(1.0, 251.0)).value == -1.0


@pytest.mark.parametrize("runs", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_foresees_a_price_that_comes_back(runs: int) -> None:
    rng = np.random.default_rng(5)
    covariances = []
    for _ in range(runs):
        noise = rng.standard_normal(2_000)
        level = np.zeros(2_000)
        for index in range(1, 2_000):
            level[index] = 0.9 * level[index - 1] + noise[index]
        close = 100 * np.exp(0.02 * level)
        value, _ = SIGNAL.evaluate(sliding_window_view(close[:-5], SIGNAL.window))
        ahead = np.log(close[5:] / close[:-5])[SIGNAL.window - 1 :]
        covariances.append(np.cov(value, ahead)[0, 1])
    error = np.std(covariances, ddof=1) / np.sqrt(runs)
    assert np.mean(covariances) - 3.29 * error > 0


def test_a_window_that_remembers_its_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a window of at least"):
        RelativeStrengthSettings(window=100)
