"""A11: the score by hand, the multiplier it becomes, and that no input drives it out of its range."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.arithmetic import unit
from strategies.blend.overlay import overlay_multiplier
from strategies.evidence.settings import StablecoinSettings
from strategies.evidence.stablecoin_supply import KIND
from strategies.signal import Reason

SETTINGS = StablecoinSettings()
SIGNAL = KIND.build(SETTINGS)


def multiplier(value: float) -> float:
    return overlay_multiplier(value, SETTINGS.up, SETTINGS.down)


def test_golden() -> None:
    reading = SIGNAL.explain(np.array([5.0, 5.2, 5.1, 5.4, 5.6]) * 1.5e11, np.full(5, 1.5e11))
    assert reading.reason is Reason.OK
    assert reading.statistics["score"] == pytest.approx(1.578410375, rel=1e-6)
    assert reading.value == pytest.approx(-1.578410375 / 2, rel=1e-6)
    assert reading.confidence == 1.0


@pytest.mark.parametrize(("score", "m"), [(-3, 1.5), (-1, 1.25), (0, 1), (1.2, 0.7), (2, 0.5), (9, 0.5)])
def test_multiplier_by_hand(score: float, m: float) -> None:
    assert multiplier(unit(-score / SETTINGS.full)) == pytest.approx(m)


@given(
    st.lists(st.floats(1e-3, 1e15), min_size=3, max_size=40),
    st.lists(st.floats(1e-3, 1e15), min_size=40, max_size=40),
)
def test_the_multiplier_never_leaves_its_range(caps: list[float], supplies: list[float]) -> None:
    reading = SIGNAL.explain(np.array(caps), np.array(supplies[: len(caps)]))
    assert 0.5 <= multiplier(reading.value) <= 1.5
    assert reading.reason in (Reason.OK, Reason.ZERO_VAR)


def test_the_multiplier_falls_as_the_score_rises() -> None:
    before = 1.4e12 * np.exp(0.01 * np.random.default_rng(1).standard_normal(200))
    scores, multipliers = [], []
    for newest in np.linspace(0.5, 2, 40):
        reading = SIGNAL.explain(np.r_[before[1:], 1.4e12 * newest], np.full(200, 1.5e11))
        scores.append(reading.statistics["score"])
        multipliers.append(multiplier(reading.value))
    assert (np.diff(scores) > 0).all()
    assert (np.diff(multipliers) <= 0).all()
    assert (multipliers[0], multipliers[-1]) == (1.5, 0.5)


def test_reasons() -> None:
    caps, supply = np.linspace(1e12, 2e12, 200), np.full(200, 1.5e11)
    assert SIGNAL.explain(caps[:2], supply[:2]).reason is Reason.WARMUP
    assert SIGNAL.explain(2 * supply, supply).reason is Reason.ZERO_VAR
    for bad in (0.0, -1.0, np.nan, np.inf):
        assert SIGNAL.explain(np.where(np.arange(200) == 9, bad, caps), supply).reason is Reason.NAN_INPUT
        assert SIGNAL.explain(caps, np.where(np.arange(200) == 9, bad, supply)).reason is Reason.NAN_INPUT
