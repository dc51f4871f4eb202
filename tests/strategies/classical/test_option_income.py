"""C7 and C8: golden strikes and premia, and that options are sold only where the volatility premium says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.classical import covered_call, secured_put
from strategies.evidence import volatility_premium
from strategies.options.income import covered_call_profit, secured_put_profit
from strategies.options.settings import IncomeSettings, PremiumSettings
from strategies.signal import FloatArray, Reason, Signal
from tests.strategies.statistical.noise import closes

CALL = covered_call.KIND.build(IncomeSettings())
PUT = secured_put.KIND.build(IncomeSettings())
PREMIUM = volatility_premium.KIND.build(PremiumSettings())
BOTH = pytest.mark.parametrize("signal", [CALL, PUT], ids=["call", "put"])


def prices(volatility: float, newest: float = 60_000.0, seed: int = 1) -> FloatArray:
    """Closes [721] of hours with so much volatility a year, the newest as given."""
    steps = volatility / np.sqrt(8_760) * np.random.default_rng(seed).standard_normal(720)
    path = newest * closes(steps)
    path *= newest / path[-1]
    return path


@pytest.mark.parametrize(
    ("signal", "strike", "premium", "delta"),
    [(CALL, 66642.57619, 1800.227097, 0.3), (PUT, 55641.78847, 2157.598472, -0.3)],
    ids=["call", "put"],
)
def test_golden(signal: Signal, strike: float, premium: float, delta: float) -> None:
    statistics = signal.explain(prices(0.5), np.full(721, 0.6)).statistics
    assert statistics["strike"] == pytest.approx(strike, rel=1e-9)
    assert statistics["premium"] == pytest.approx(premium, rel=1e-9)
    assert statistics["delta"] == pytest.approx(delta, rel=1e-9)


def test_break_even_is_where_nothing_is_earned() -> None:
    close, implied = prices(0.5), np.full(721, 0.6)
    call, put = (signal.explain(close, implied).statistics for signal in (CALL, PUT))
    earned = covered_call_profit(60_000, call["break_even"], call["strike"], call["premium"])
    assert earned == pytest.approx(0.0, abs=1e-9)
    assert secured_put_profit(put["break_even"], put["strike"], put["premium"]) == pytest.approx(
        0.0, abs=1e-9
    )


@BOTH
@given(implied=st.floats(0.02, 4.9), realised=st.floats(0.05, 3), seed=st.integers(0, 99))
def test_the_part_sold_is_the_premium_s_value_where_it_is_positive(
    signal: Signal, implied: float, realised: float, seed: int
) -> None:
    close, series = prices(realised, seed=seed), np.full(721, implied)
    reading, premium = signal.explain(close, series), PREMIUM.explain(close, series)
    assert reading.value == max(premium.value, 0.0)
    assert reading.confidence == 0.5
    assert reading.statistics["log_ratio"] == premium.statistics["log_ratio"]


@BOTH
def test_what_the_premium_cannot_read_they_cannot(signal: Signal) -> None:
    close, implied = prices(0.5), np.full(721, 0.6)
    for series, reason in (
        ((np.full(721, 7.0), implied), Reason.ZERO_VAR),
        ((close, np.full(721, np.nan)), Reason.NO_INPUT),
        ((close, np.r_[implied[:-1], np.nan]), Reason.STALE),
        ((close, np.full(721, 7.0)), Reason.NAN_INPUT),
        ((np.r_[np.nan, close[1:]], implied), Reason.NAN_INPUT),
        ((close[1:], implied[1:]), Reason.WARMUP),
    ):
        reading = signal.explain(*series)
        assert reading.reason is reason is PREMIUM.explain(*series).reason
        assert (np.isnan(reading.value), reading.confidence) == (True, 0.0)


def test_another_delta_and_life() -> None:
    close, implied = prices(0.5), np.full(721, 0.6)
    near = (
        covered_call.KIND.build(IncomeSettings(delta=0.5, expiry_days=7)).explain(close, implied).statistics
    )
    assert near["delta"] == pytest.approx(0.5)
    assert near["strike"] == pytest.approx(60_000 * np.exp(0.6**2 * 7 / 365 / 2))
