"""A7: values by hand, confidence from the basis' own variation, and a pair that earns the basis on any path."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.evidence.basis import KIND
from strategies.evidence.settings import BasisSettings
from strategies.signal import FloatArray, Reason
from tests.strategies.evidence.pairs import Pair

SIGNAL = KIND.build(BasisSettings())
BORROWING = KIND.build(BasisSettings(borrowable=True))


def steady(future: float, days: float, spot: float = 60_000.0, bars: int = 30) -> list[FloatArray]:
    return [np.full(bars, float(number)) for number in (spot, future, days)]


def test_golden() -> None:
    reading = SIGNAL.explain(*steady(61_500, 60))
    assert reading.reason is Reason.OK
    assert reading.statistics["basis"] == pytest.approx(0.1502133933, rel=1e-6)
    assert reading.statistics["excess"] == pytest.approx(0.1102133933, rel=1e-6)
    assert reading.statistics["annual_cost"] == pytest.approx(0.0121666667, rel=1e-6)
    assert reading.value == pytest.approx(0.4902336329, rel=1e-6)
    assert reading.confidence == 1.0


def test_golden_within_its_costs() -> None:
    reading = SIGNAL.explain(*steady(60_100, 30))
    assert reading.statistics["basis"] == pytest.approx(0.0202608984, rel=1e-6)
    assert (reading.reason, reading.value) == (Reason.OK, 0.0)


def test_a_future_below_fair_needs_spot_that_can_be_borrowed() -> None:
    window = steady(58_500, 60)
    assert (SIGNAL.explain(*window).reason, SIGNAL.explain(*window).value) == (Reason.NOT_BORROWABLE, 0.0)
    excess = np.log(58_500 / 60_000) * 365 / 60 - 0.04
    assert BORROWING.explain(*window).value == pytest.approx((excess + 0.002 * 365 / 60) / 0.20)


def test_confidence_is_what_is_left_in_deviations_of_thirty_daily_bases() -> None:
    rng = np.random.default_rng(1)
    spot, days = 60_000 * np.exp(np.cumsum(0.03 * rng.standard_normal(30))), np.arange(89.0, 59.0, -1)
    future = spot * np.exp((0.10 + 0.05 * rng.standard_normal(30)) * days / 365)
    bases = np.log(future / spot) * 365 / days
    left = max(0.0, abs(bases[-1] - 0.04) - 0.002 * 365 / days[-1])
    reading = SIGNAL.explain(spot, future, days)
    assert 0 < left < bases.std(ddof=1)
    assert reading.confidence == pytest.approx(left / bases.std(ddof=1), rel=1e-9)


def test_hourly_bars_measure_the_deviation_from_day_to_day() -> None:
    hourly = KIND.build(BasisSettings(bar="1h"))
    rng = np.random.default_rng(2)
    spot, days = np.full(hourly.window, 60_000.0), np.full(hourly.window, 60.0)
    noise = rng.standard_normal(hourly.window)
    noise[-1] = 0.0
    future = spot * np.exp((0.08 + 0.05 * noise) * 60 / 365)
    hours, daily = hourly.explain(spot, future, days), SIGNAL.explain(spot[::24], future[::24], days[::24])
    assert hourly.window == 29 * 24 + 1
    assert (hours.value, hours.confidence) == (daily.value, daily.confidence)
    assert 0 < hours.confidence < 1


@pytest.mark.parametrize(("days", "reason"), [(2.99, Reason.NEAR_EXPIRY), (3.0, Reason.OK)])
def test_near_its_expiry_a_basis_says_nothing(days: float, reason: Reason) -> None:
    spot, future, _ = steady(60_100, 1)
    assert SIGNAL.explain(spot, future, np.arange(29.0, -1, -1) + days).reason is reason


def test_reasons() -> None:
    window = steady(61_500, 60)
    assert SIGNAL.explain(*(field[1:] for field in window)).reason is Reason.WARMUP
    for field in range(3):
        for bad in (0.0, -1.0, np.nan, np.inf):
            spoiled = [side.copy() for side in window]
            spoiled[field][7] = bad
            assert SIGNAL.explain(*spoiled).reason is Reason.NAN_INPUT


CENTS = st.integers(100, 10_000_000).map(lambda cents: Decimal(cents) / 100)


@given(spot=CENTS, future=CENTS, expiry=CENTS)
def test_the_pair_earns_the_basis_whatever_the_path(spot: Decimal, future: Decimal, expiry: Decimal) -> None:
    fee_rate = Decimal("0.0005")
    earned = Pair(spot, future, fee_rate).close(expiry, expiry)
    assert earned == future - spot - fee_rate * (spot + future + 2 * expiry)
