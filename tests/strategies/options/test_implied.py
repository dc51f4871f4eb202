"""Implied volatility: round trips over the whole range, what no volatility can explain, what every one would."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from strategies.options.pricing import black_76, black_scholes, implied_volatility
from strategies.signal import REASONS, IntArray, Reason


def reasons(codes: IntArray) -> list[Reason]:
    return [REASONS[code] for code in np.ravel(codes).tolist()]


def test_golden() -> None:
    found = implied_volatility(4.759422392871532, 42, 40, 0.5, True, rate=0.1)
    assert found.volatility == pytest.approx(0.2, abs=1e-10)


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_round_trip(call: bool, rate: float, count: int) -> None:
    rng = np.random.default_rng(count)
    volatility, delta = rng.uniform(0.05, 3, count), rng.uniform(0.01, 0.99, count)
    years = np.exp(rng.uniform(np.log(1 / 365), 0.0, count))
    spread = volatility * np.sqrt(years)
    strike = 100 * np.exp(spread**2 / 2 - scipy.special.ndtri(delta) * spread)
    price = black_76(100.0, strike, years, volatility, call, rate).price
    found = implied_volatility(price, 100.0, strike, years, call, rate, rate)
    assert (found.reason == 0).all()
    assert np.abs(found.volatility - volatility).max() < 1e-8


@given(
    volatility=st.floats(0.01, 5),
    years=st.floats(1e-3, 3),
    moneyness=st.floats(-1.5, 1.5),
    call=st.booleans(),
)
def test_a_volatility_that_is_told_gives_the_price_back(
    volatility: float, years: float, moneyness: float, call: bool
) -> None:
    strike = 50.0 * np.exp(moneyness)
    price = black_scholes(50.0, strike, years, volatility, call).price
    found = implied_volatility(price, 50.0, strike, years, call)
    if found.reason == 0:
        again = black_scholes(50.0, strike, years, found.volatility, call).price
        assert again == pytest.approx(float(price), rel=1e-12, abs=1e-12)
    else:
        assert np.isnan(found.volatility)


def test_what_cannot_be_without_arbitrage() -> None:
    discount = np.exp(-0.1)
    at_least, at_most = 100 - 90 * discount, 100.0
    calls = implied_volatility(
        [at_least, at_least - 1, at_most, at_most + 1, -1], 100, 90, 1.0, True, rate=0.1
    )
    puts = implied_volatility([0.0, 90 * discount, 95.0], 100, 90, 1.0, False, rate=0.1)
    for found in (calls, puts):
        assert set(reasons(found.reason)) == {Reason.NO_ARB}
        assert np.isnan(found.volatility).all()


def test_a_price_without_time_value_tells_nothing() -> None:
    intrinsic = 10.0
    little, enough = implied_volatility([intrinsic + 5e-7, intrinsic + 2e-6], 100, 90, 0.1, True).reason
    assert reasons(np.array([little, enough])) == [Reason.DEGENERATE, Reason.OK]


@pytest.mark.parametrize(
    ("price", "spot", "years"), [(np.nan, 100.0, 1.0), (5.0, np.nan, 1.0), (5.0, 100.0, 0.0), (5.0, 0.0, 1.0)]
)
def test_what_is_not_known_is_said(price: float, spot: float, years: float) -> None:
    found = implied_volatility(price, spot, 100.0, years, True)
    assert reasons(found.reason) == [Reason.NAN_INPUT]
    assert np.isnan(found.volatility)


def test_at_the_forward_and_far_from_it() -> None:
    strikes = np.array([100.0, np.nextafter(100, 101), 100.0 * np.exp(2.5), 100.0 * np.exp(-2.5)])
    price = black_76(100.0, strikes, 0.5, 1.1, strikes >= 100).price
    found = implied_volatility(price, 100.0, strikes, 0.5, strikes >= 100)
    assert found.volatility == pytest.approx(1.1, abs=1e-9)
