"""C3: golden values, ramps, and the response between them."""

import numpy as np
import pytest

from strategies.classical.averages import KIND
from strategies.classical.settings import AveragesSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS

SIGNAL = KIND.build(AveragesSettings())


def test_golden() -> None:
    _, high, low, close, _ = BARS(300, 1)
    reading = SIGNAL.explain(high, low, close)
    assert reading.statistics == pytest.approx(
        {"sma_20": 103.6010675, "sma_50": 101.0368092, "atr_14": 1.126975602}, rel=1e-6
    )
    assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 1.0, 0.5)


def test_between_the_ends_it_is_the_distance_in_ranges() -> None:
    _, high, low, close, _ = BARS(300, 1)
    reading = KIND.build(AveragesSettings(cap=20.0)).explain(high, low, close)
    assert reading.value == pytest.approx((close[-20:].mean() - close[-50:].mean()) / (20 * 1.126975602))


@pytest.mark.parametrize(("growth", "value"), [(1.02, 1.0), (0.98, -1.0)])
def test_ramps(growth: float, value: float) -> None:
    close = 100 * growth ** np.arange(250.0)
    assert SIGNAL.explain(close * 1.001, close * 0.999, close).value == value


def test_needs_the_slow_average() -> None:
    _, high, low, close, _ = BARS(50, 2)
    assert SIGNAL.explain(high, low, close).reason is Reason.OK
    assert SIGNAL.explain(high[1:], low[1:], close[1:]).reason is Reason.WARMUP


def test_a_fast_average_that_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="must be below slow"):
        AveragesSettings(fast=50)
    with pytest.raises(ValueError, match="must hold the slow average"):
        AveragesSettings(slow=300, window=250)
