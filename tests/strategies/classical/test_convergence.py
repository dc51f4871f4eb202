"""C2: golden values, the averages of pandas, and a drift that gathers no pace."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.classical.convergence import KIND
from strategies.classical.settings import ConvergenceSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS, FloatArray

SIGNAL = KIND.build(ConvergenceSettings())


def test_golden() -> None:
    _, high, low, close, _ = BARS(300, 1)
    reading = SIGNAL.explain(high, low, close)
    assert reading.statistics == pytest.approx(
        {"macd": 1.421343184, "signal": 1.559760587, "histogram": -0.1384174023, "atr_14": 1.126975602},
        rel=1e-6,
    )
    assert reading.value == pytest.approx(-0.1384174023 / 1.126975602, rel=1e-6)
    assert (reading.reason, reading.confidence) == (Reason.OK, 0.5)


def seeded(series: FloatArray, first: int, period: int) -> pd.Series:
    """An exponential average that begins at `first` as the simple one of the `period` values up to it."""
    start = float(series[first - period + 1 : first + 1].mean())
    values = pd.Series(np.r_[start, series[first + 1 :]])
    averaged: pd.Series = values.ewm(span=period, adjust=False).mean()
    return averaged


@given(
    seed=st.integers(0, 2**32),
    fast=st.integers(2, 20),
    gap=st.integers(1, 20),
    own=st.integers(2, 15),
    more=st.integers(0, 60),
)
def test_lines_are_those_of_pandas(seed: int, fast: int, gap: int, own: int, more: int) -> None:
    slow = fast + gap
    _, high, low, close, _ = BARS(max(slow + own - 1, 15) + more, seed)
    line = (seeded(close, slow - 1, fast) - seeded(close, slow - 1, slow)).to_numpy()
    signal = seeded(line, own - 1, own)
    said = KIND.build(ConvergenceSettings(fast=fast, slow=slow, signal=own)).explain(high, low, close)
    assert said.statistics["macd"] == pytest.approx(line[-1], rel=1e-9, abs=1e-12)
    assert said.statistics["signal"] == pytest.approx(float(signal.iloc[-1]), rel=1e-9, abs=1e-12)


def test_a_constant_drift_gathers_no_pace() -> None:
    close: FloatArray = 100.0 + 0.5 * np.arange(300.0)
    reading = SIGNAL.explain(close + 0.1, close - 0.1, close)
    assert reading.statistics["macd"] == pytest.approx(0.5 * (26 - 12) / 2)
    assert reading.value == pytest.approx(0.0, abs=1e-9)


def test_needs_34_bars() -> None:
    _, high, low, close, _ = BARS(34, 2)
    assert SIGNAL.explain(high, low, close).reason is Reason.OK
    assert SIGNAL.explain(high[1:], low[1:], close[1:]).reason is Reason.WARMUP


@pytest.mark.parametrize(
    ("changes", "fault"), [({"fast": 26}, "must be below slow"), ({"window": 60}, "needs a window")]
)
def test_impossible_settings_are_refused(changes: dict[str, int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ConvergenceSettings.model_validate(changes)
