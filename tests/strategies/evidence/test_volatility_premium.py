"""A9: golden values, what is not known of options, and that dear options are worth selling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.records import SignalClass
from strategies.evidence.volatility_premium import KIND
from strategies.options.pricing import black_76
from strategies.options.settings import PremiumSettings
from strategies.signal import Explanation, FloatArray, Reason
from tests.strategies.statistical.noise import Z, closes, no_less, runs

SIGNAL = KIND.build(PremiumSettings())
HOURS_A_YEAR = 8_760
RETURNS = SIGNAL.window - 1


def hours(realised: float, realised_a_day: float) -> FloatArray:
    """Closes [721] whose returns realise so much over the month and over its last day."""
    newest = realised_a_day / np.sqrt(HOURS_A_YEAR)
    older = np.sqrt((realised**2 * RETURNS / HOURS_A_YEAR - 24 * newest**2) / (RETURNS - 24))
    returns = np.r_[np.full(RETURNS - 24, older), np.full(24, newest)]
    returns[::2] *= -1
    return closes(returns)


def read(close: FloatArray, implied: float) -> Explanation:
    return SIGNAL.explain(close, np.full(close.shape, implied))


@pytest.mark.parametrize(
    ("implied", "realised", "a_day", "value", "confidence"),
    [
        (0.60, 0.50, 0.50, 0.3646431136, 1.0),
        (0.50, 0.60, 0.90, -0.3646431136, 0.5),
        (0.52, 0.50, 0.50, 0.0, 1.0),
        (1.50, 0.50, 0.20, 1.0, 1.0),
        (0.60, 0.50, 1.10, 0.3646431136, 0.0),
    ],
)
def test_golden(implied: float, realised: float, a_day: float, value: float, confidence: float) -> None:
    reading = read(hours(realised, a_day), implied)
    assert reading.reason is Reason.OK
    assert reading.value == pytest.approx(value, rel=1e-9)
    assert reading.confidence == pytest.approx(confidence, abs=1e-12)
    assert reading.statistics["realised_volatility"] == pytest.approx(realised)
    assert reading.statistics["realised_a_day"] == pytest.approx(a_day)


def test_the_premium_is_told_as_variance() -> None:
    statistics = read(hours(0.5, 0.5), 0.6).statistics
    assert statistics["premium"] == pytest.approx(0.11)
    assert statistics["log_ratio"] == pytest.approx(0.1823215568, rel=1e-9)


def test_it_is_neutral_and_its_legs_are_not_listed() -> None:
    assert SIGNAL.signal_class is SignalClass.NEUTRAL
    assert SIGNAL.legs is None


@pytest.mark.parametrize("implied", [0.01, 5.0, 0.0, -1.0, np.inf])
def test_an_implied_volatility_that_cannot_be_believed(implied: float) -> None:
    assert read(hours(0.5, 0.5), implied).reason is Reason.NAN_INPUT


def test_only_the_newest_implied_volatility_counts() -> None:
    close, implied = hours(0.5, 0.5), np.full(721, np.nan)
    implied[-1] = 0.6
    assert SIGNAL.explain(close, implied).value == pytest.approx(0.3646431136)
    implied[-1], implied[3] = np.nan, 0.6
    assert SIGNAL.explain(close, implied).reason is Reason.STALE
    assert SIGNAL.explain(close, np.full(721, np.nan)).reason is Reason.NO_INPUT


def test_a_price_that_stands_still() -> None:
    assert read(np.full(721, 7.0), 0.6).reason is Reason.ZERO_VAR


@given(implied=st.floats(0.02, 4.9), realised=st.floats(0.05, 3))
def test_the_sign_is_that_of_the_premium(implied: float, realised: float) -> None:
    reading = read(hours(realised, realised), implied)
    assert reading.value * reading.statistics["premium"] >= 0
    assert (reading.value == 0) == (abs(np.log(implied / realised)) < 0.05)


def test_daily_bars_are_refused() -> None:
    with pytest.raises(ValueError, match="one return a day"):
        PremiumSettings(bar="1d")


@runs(fast=200, full=2_000)
def test_dear_options_are_seen(count: int) -> None:
    rng = np.random.default_rng(1)
    returns = 0.5 / np.sqrt(HOURS_A_YEAR) * rng.standard_normal((count, RETURNS))
    close = closes(returns)
    value, _ = SIGNAL.evaluate(close, np.full(close.shape, 0.6))
    assert no_less(value > 0, 0.99)


@runs(fast=400, full=20_000)
def test_a_straddle_sold_dear_and_hedged_every_day_earns(count: int) -> None:
    rng = np.random.default_rng(2)
    returns = 0.5 / np.sqrt(365) * rng.standard_normal((count, 30)) - 0.5**2 / 730
    spot = 100 * closes(returns)
    left = np.arange(30, 0, -1) / 365
    delta = sum(black_76(spot[:, :-1], 100.0, left, 0.6, call).delta for call in (True, False))
    hedge = (delta * np.diff(spot, axis=1)).sum(axis=1)
    premium = float(black_76(100.0, 100.0, 30 / 365, 0.6, [True, False]).price.sum())
    profit = premium - np.abs(spot[:, -1] - 100.0) + hedge
    assert profit.mean() > Z * profit.std() / np.sqrt(count)
