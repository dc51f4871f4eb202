"""Options sold against holdings: strikes, premia, what is earned, and that nothing is sold uncovered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.options.income import (
    calls_covered,
    covered_call_profit,
    puts_secured,
    quote_premium,
    secured_put_profit,
    strike_at_delta,
)
from strategies.options.pricing import black_76

YEARS = 30 / 365
PRICE = st.floats(0.01, 1e6)


@pytest.mark.parametrize(
    ("call", "strike", "premium"), [(True, 66642.57619, 1800.227097), (False, 55641.78847, 2157.598472)]
)
def test_strike_and_premium(call: bool, strike: float, premium: float) -> None:
    found = strike_at_delta(60_000, 0.6, YEARS, 0.30, call)
    option = black_76(60_000, found, YEARS, 0.6, call)
    assert found == pytest.approx(strike, rel=1e-9)
    assert option.price == pytest.approx(premium, rel=1e-9)
    assert abs(option.delta) == pytest.approx(0.30)


def test_a_covered_call_by_hand() -> None:
    profit = covered_call_profit(100, [80, 97, 110, 130], 110, 3)
    assert profit.tolist() == [-17, 0, 13, 13]


def test_a_secured_put_by_hand() -> None:
    assert secured_put_profit([80, 97], 95, 2.5).tolist() == [-12.5, 2.5]


@given(
    spot=st.floats(10, 1e5), moneyness=st.floats(0.3, 3), end=st.floats(0, 1e6), volatility=st.floats(0.1, 2)
)
def test_a_covered_call_is_a_secured_put_at_the_same_strike(
    spot: float, moneyness: float, end: float, volatility: float
) -> None:
    strike = spot * moneyness
    call, put = black_76(spot, strike, 0.25, volatility, [True, False]).price
    covered = covered_call_profit(spot, end, strike, call)
    secured = secured_put_profit(end, strike, put)
    assert covered == pytest.approx(float(secured), abs=1e-10 * max(spot, strike, end))


def test_with_interest_the_two_differ_by_what_the_cash_earns() -> None:
    rate, years = 0.05, 0.25
    call, put = black_76(100 * np.exp(rate * years), 110, years, 0.6, [True, False], rate).price
    ends = np.linspace(0, 300, 31)
    carry = 110 * (1 - np.exp(-rate * years))
    np.testing.assert_allclose(
        covered_call_profit(100, ends, 110, call), secured_put_profit(ends, 110, put) + carry, atol=1e-10
    )


@given(
    cash=st.floats(0, 1e7),
    steps=st.lists(st.tuples(st.floats(1, 1e6), st.floats(-1, 2)), max_size=12),
)
def test_cash_behind_puts_is_never_less_than_their_strikes(
    cash: float, steps: list[tuple[float, float]]
) -> None:
    reserved = 0.0
    for strike, fraction in steps:
        units = puts_secured(cash, reserved, strike, fraction)
        assert units >= 0
        reserved += units * strike
        assert reserved <= cash * (1 + 1e-12)


@given(
    holding=st.floats(-10, 1e5),
    fractions=st.lists(st.floats(-1, 2), max_size=12),
)
def test_calls_are_never_more_than_coins(holding: float, fractions: list[float]) -> None:
    sold = 0.0
    for fraction in fractions:
        units = calls_covered(holding, sold, fraction)
        assert units >= 0
        sold += units
        assert sold <= max(holding, 0.0) * (1 + 1e-12)


def test_a_premium_in_coins() -> None:
    assert quote_premium([0.03, 0.001], 60_000).tolist() == [1_800, 60]
