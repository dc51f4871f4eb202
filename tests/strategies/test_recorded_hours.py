"""Hourly statistics and classical rules on recorded coins: how often they are silent and how large they are.

The figures were measured once, apart from this code, on the same twelve coins of 2021 to 2023.
"""

from pathlib import Path

import numpy as np
import pytest

from strategies.evaluate import past_readings
from strategies.panel import Panel
from strategies.registry import BUILT_IN
from strategies.signal import REASONS, Reason
from tests.strategies.fixtures import HOUR_MS
from tests.strategies.test_recorded import hourly

KINDS = {kind.name: kind for kind in BUILT_IN}


@pytest.fixture(scope="module")
def panel(data_folder: Path) -> Panel:
    first, bars = hourly(data_folder)
    panel = Panel([f"S{column}" for column in range(12)], HOUR_MS, days=1_100, more={"1h": bars.shape[1]})
    panel.extend(first, *bars)
    return panel


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bar", "silent", "size"),
    [
        ("B1", "1h", 0.96, 0.005),
        ("B2", "1h", 0.99, 0.001),
        ("B5", "1h", 0.98, 0.002),
        ("B6", "1h", 0.89, 0.013),
        ("B7", "1h", 0.47, 0.15),
        ("B8", "1h", 0.97, 0.001),
        ("B11", "1h", 0.92, 0.013),
        ("B12", "1h", 0.24, 0.029),
        ("C1", "1d", 0.90, 0.009),
        ("C2", "1d", 0.00, 0.083),
        ("C2", "1h", 0.00, 0.08),
        ("C3", "1d", 0.00, 0.28),
        ("C3", "1h", 0.00, 0.26),
        ("C4", "1d", 0.21, 0.21),
    ],
)
def test_silence_and_size(panel: Panel, name: str, bar: str, silent: float, size: float) -> None:
    signal = KINDS[name].build(KINDS[name].settings.model_validate({"bar": bar}))
    past = past_readings([signal], panel, bar)
    value, confidence = past.value[:, 0], past.confidence[:, 0]
    spoke = past.reason[:, 0] == REASONS.index(Reason.OK)
    assert float((value == 0)[spoke].mean()) == pytest.approx(silent, abs=0.015)
    assert float(np.abs(value * confidence)[spoke].mean()) == pytest.approx(size, rel=0.1, abs=5e-4)


@pytest.mark.slow
def test_one_fit_in_ten_is_of_no_use(panel: Panel) -> None:
    signal = KINDS["B7"].build(KINDS["B7"].settings())
    reason = past_readings([signal], panel, "1h").reason[:, 0]
    warm = reason[reason != REASONS.index(Reason.WARMUP)]
    assert float((warm == REASONS.index(Reason.FIT_FAILED)).mean()) == pytest.approx(0.09, abs=0.02)
