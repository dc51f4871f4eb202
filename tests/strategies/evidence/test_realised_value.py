"""A12: the multiplier a score becomes, and its zones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.blend.overlay import overlay_multiplier
from strategies.evidence.realised_value import KIND
from strategies.evidence.settings import RealisedValueSettings
from strategies.signal import Reason

SETTINGS = RealisedValueSettings()
SIGNAL = KIND.build(SETTINGS)


def multiplier(score: float) -> float:
    return overlay_multiplier(SIGNAL.explain(np.array([score])).value, SETTINGS.up, SETTINGS.down)


@pytest.mark.parametrize(("score", "m"), [(-0.5, 1.5), (0, 1.5), (2.8, 1), (7, 0.25), (9, 0.25)])
def test_golden_multiplier(score: float, m: float) -> None:
    assert multiplier(score) == pytest.approx(m, abs=1e-12)


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_the_multiplier_never_rises_with_the_score(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0.25 <= multiplier(high) <= multiplier(low) <= 1.5
    assert multiplier(low) == pytest.approx(np.clip(1.5 - 1.25 * low / 7, 0.25, 1.5))


@pytest.mark.parametrize(("score", "zone"), [(0.09, -1), (0.1, 0), (7.0, 0), (7.01, 1)])
def test_zones(score: float, zone: float) -> None:
    reading = SIGNAL.explain(np.array([score]))
    assert (reading.statistics["zone"], reading.confidence) == (zone, 1.0)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_known_is_no_opinion(score: float) -> None:
    assert SIGNAL.explain(np.array([score])).reason is Reason.NAN_INPUT


@pytest.mark.parametrize("changes", [{"bottom": 3.0}, {"top": 2.0}])
def test_zones_that_do_not_rise_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        RealisedValueSettings.model_validate(changes)
