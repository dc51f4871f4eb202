"""C4: golden bands and scores, and what has no spread."""

import numpy as np
import pytest

from strategies.classical.bands import KIND
from strategies.classical.settings import BandSettings
from strategies.signal import Reason
from tests.strategies.fixtures import BARS

SIGNAL = KIND.build(BandSettings())


def test_golden() -> None:
    reading = SIGNAL.explain(BARS(300, 1)[3])
    assert reading.statistics == pytest.approx(
        {"z": -0.3624487261, "upper": 107.8190662, "average": 103.6010675, "lower": 99.38306879}, rel=1e-6
    )
    assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 0.0, 0.5)


def test_golden_by_hand() -> None:
    reading = KIND.build(BandSettings(period=5)).explain(np.array([10, 10.5, 10.2, 10.8, 11.6]))
    assert reading.statistics["z"] == pytest.approx(1.75, rel=1e-6)
    assert reading.value == pytest.approx(-0.83333333, rel=1e-6)


def test_its_window_is_its_period() -> None:
    assert KIND.build(BandSettings(period=33)).window == 33
    assert SIGNAL.explain(BARS(19, 1)[3]).reason is Reason.WARMUP


@pytest.mark.parametrize("price", [1e-9, 7.0, 1e9])
def test_a_constant_price_has_no_spread(price: float) -> None:
    assert SIGNAL.explain(np.full(20, price)).reason is Reason.ZERO_VAR


def test_a_band_inside_the_silence_is_refused() -> None:
    with pytest.raises(ValueError, match="must exceed flat"):
        BandSettings(full=0.5)
