"""A5: golden values, the response by hand, four planted quadrants, and what open interest is counted in."""

import numpy as np
import pytest

from strategies.evidence.kernels.open_interest import quadrant_response
from strategies.evidence.open_interest import KIND
from strategies.evidence.settings import OpenInterestSettings
from strategies.signal import FloatArray, Reason
from tests.strategies.fixtures import BARS, G

SIGNAL = KIND.build(OpenInterestSettings())
CLOSE = BARS(300, 1)[3]
INTEREST = 1e5 * np.exp(np.cumsum(0.02 * G(300, 11)))


def test_golden() -> None:
    reading = KIND.build(OpenInterestSettings(horizon=24)).explain(CLOSE, INTEREST)
    assert reading.reason is Reason.OK
    assert reading.statistics["z_price"] == pytest.approx(0.52661387, rel=1e-6)
    assert reading.statistics["z_open_interest"] == pytest.approx(1.49576887, rel=1e-6)
    assert reading.value == pytest.approx(0.196923158, rel=1e-6)
    assert reading.confidence == pytest.approx(0.2633069344, rel=1e-6)


@pytest.mark.parametrize(
    ("price", "interest", "value"),
    [(1.2, 1.0, 0.3), (1.6, -1.4, -0.56), (0.49, 3.0, 0.0), (3.0, 0.49, 0.0), (-5.0, -5.0, 1.0)],
)
def test_response_by_hand(price: float, interest: float, value: float) -> None:
    assert quadrant_response(price, interest, 0.5, 2.0)[0] == pytest.approx(value)


def planted(rng: np.random.Generator, price: float, interest: float) -> tuple[FloatArray, FloatArray]:
    """A quiet window whose newest bar moves price and open interest by so many of their deviations."""
    moves, changes = 0.01 * rng.standard_normal((2, 147))
    moves[-1], changes[-1] = 0.01 * price, 0.01 * interest
    return (100 * np.exp(np.cumsum(np.r_[0, side])) for side in (moves, changes))  # type: ignore[return-value]


@pytest.mark.parametrize(("price", "interest", "sign"), [(2, 2, 1), (2, -2, -1), (-2, 2, -1), (-2, -2, 1)])
def test_four_planted_quadrants(price: float, interest: float, sign: float) -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        assert np.sign(SIGNAL.explain(*planted(rng, price, interest)).value) == sign


def test_the_unit_of_open_interest_means_nothing() -> None:
    one, two = SIGNAL.explain(CLOSE, INTEREST), SIGNAL.explain(CLOSE, 10 * INTEREST)
    assert two.value == pytest.approx(one.value, abs=1e-12)
    assert two.confidence == pytest.approx(one.confidence, abs=1e-12)


def test_reasons() -> None:
    assert SIGNAL.explain(CLOSE[:2], INTEREST[:2]).reason is Reason.WARMUP
    assert SIGNAL.explain(CLOSE, np.full(300, 5.0)).reason is Reason.ZERO_VAR
    assert SIGNAL.explain(np.full(300, 5.0), INTEREST).reason is Reason.ZERO_VAR
    for bad in (0.0, -1.0, np.nan, np.inf):
        spoiled = np.where(np.arange(300) == 200, bad, INTEREST)
        assert SIGNAL.explain(CLOSE, spoiled).reason is Reason.NAN_INPUT


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({"horizon": 148}, "must exceed the horizon"), ({"com": 60.0}, "needs a window of at least")],
)
def test_impossible_settings_are_refused(changes: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        OpenInterestSettings.model_validate(changes)
