"""B12: golden values, the response by hand, and ranges that widen."""

import numpy as np
import pytest

from strategies.arithmetic import wilder_ranges
from strategies.signal import Reason
from strategies.statistical.kernels.range_divergence import range_response
from strategies.statistical.range_divergence import KIND
from strategies.statistical.settings import RangeDivergenceSettings
from tests.strategies.fixtures import BARS, FloatArray, walk

SIGNAL = KIND.build(RangeDivergenceSettings())


def test_golden() -> None:
    _, high, low, close, _ = BARS(300, 1)
    reading = SIGNAL.explain(high, low, close)
    assert reading.statistics["widening"] == pytest.approx(0.13140931, rel=1e-6)
    assert reading.statistics["z"] == pytest.approx(-0.49566071, rel=1e-6)
    assert reading.statistics["atr_50"] == pytest.approx(wilder_ranges(high, low, close, 50)[-1])
    assert reading.value == pytest.approx(-0.04698456271, rel=1e-6)
    assert reading.confidence == pytest.approx(0.13140931 / np.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("fast", "slow", "score", "value"),
    [(2, 4, 1.6, -0.8), (4, 2, 1.6, 0.8), (8, 2, -4.0, -1.0), (4, 2, 0.24, 0.0), (4, 4, 2.0, 0.0)],
)
def test_response_by_hand(fast: float, slow: float, score: float, value: float) -> None:
    assert range_response(score, float(np.log(fast / slow)), 0.25) == pytest.approx(value)


def widened(bars: FloatArray, newest: int) -> list[FloatArray]:
    """The newest bars made twice as wide around their middle, closes kept inside."""
    _, high, low, close, _ = bars
    middle, half = (high + low) / 2, high - low
    wide = np.arange(len(close)) >= len(close) - newest
    return [np.where(wide, middle + half, high), np.where(wide, middle - half, low), close]


@pytest.mark.parametrize("seed", range(5))
def test_widening_ranges_are_seen(seed: int) -> None:
    bars = np.stack(BARS(350, seed))
    before = SIGNAL.explain(*bars[1:4]).statistics["widening"]
    assert SIGNAL.explain(*widened(bars, 10)).statistics["widening"] > before + 0.3
    assert abs(SIGNAL.explain(*widened(bars, 350)).statistics["widening"] - before) < 0.1


def test_newest_ranges_twice_as_wide_widen_and_all_of_them_do_not() -> None:
    for bars in walk(np.random.default_rng(1), 350, 200).transpose(2, 0, 1):
        before = SIGNAL.explain(*bars[1:4]).statistics["widening"]
        assert SIGNAL.explain(*widened(bars, 10)).statistics["widening"] > before + 0.2
        assert abs(SIGNAL.explain(*widened(bars, 350)).statistics["widening"] - before) < 0.1


def test_closes_that_never_move_are_no_move() -> None:
    close = np.full(350, 50.0)
    width = np.where(np.arange(350) < 340, 0.5, 2.0)
    reading = SIGNAL.explain(close + width, close - width, close)
    assert (reading.reason, reading.value) == (Reason.OK, 0.0)
    assert reading.confidence > 0


def test_bars_without_any_range_are_no_opinion() -> None:
    flat = np.full(350, 50.0)
    assert SIGNAL.explain(flat, flat, flat).reason is Reason.ZERO_VAR


def test_an_impossible_bar_is_no_input() -> None:
    _, high, low, close, _ = BARS(350, 1)
    high[100] = low[100] / 2
    assert SIGNAL.explain(high, low, close).reason is Reason.NAN_INPUT
