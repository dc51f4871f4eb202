"""Values and Greeks of options: printed values, parity, differences, an integral as oracle, the edges."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from strategies.options.pricing import DAYS_A_YEAR, VOL_POINT, Greeks, black_76, black_scholes

RATES = st.floats(-0.05, 0.15)
OPTION = {
    "spot": st.floats(20, 200),
    "strike": st.floats(20, 200),
    "years": st.floats(0.02, 2),
    "volatility": st.floats(0.1, 1.5),
    "rate": RATES,
    "carry": RATES,
}


def test_values_by_hull() -> None:
    found = black_scholes(42, 40, 0.5, 0.2, [True, False], rate=0.1).price
    assert found == pytest.approx([4.759422393, 0.8085993729], rel=1e-9)


def test_greeks_by_hull_as_a_screen_shows_them() -> None:
    found = black_scholes(49, 50, 0.3846, 0.2, True, rate=0.05)
    assert found.delta == pytest.approx(0.521601634, rel=1e-9)
    assert found.gamma == pytest.approx(0.06554537725, rel=1e-9)
    assert found.vega * VOL_POINT == pytest.approx(0.1210524275, rel=1e-9)
    assert found.theta / DAYS_A_YEAR == pytest.approx(-0.01179558894, rel=1e-9)
    assert found.rho * 0.01 == pytest.approx(0.08906574099, rel=1e-9)


@given(**OPTION)
def test_put_call_parity(
    spot: float, strike: float, years: float, volatility: float, rate: float, carry: float
) -> None:
    call, put = black_scholes(spot, strike, years, volatility, [True, False], rate, carry).price
    forward = spot * np.exp(-carry * years) - strike * np.exp(-rate * years)
    assert call - put == pytest.approx(forward, abs=1e-12 * spot, rel=1e-12)


@given(**OPTION, call=st.booleans())
def test_greeks_are_what_differences_say(
    spot: float, strike: float, years: float, volatility: float, rate: float, carry: float, call: bool
) -> None:
    def moved(ds: float = 0.0, dt: float = 0.0, dv: float = 0.0, dr: float = 0.0) -> Greeks:
        return black_scholes(spot + ds, strike, years + dt, volatility + dv, call, rate + dr, carry)

    found = moved()
    step, far, soon = 1e-4, 1e-4 * spot * volatility * np.sqrt(years), 1e-4 * years
    expected = (
        (found.delta, (moved(ds=far).price - moved(ds=-far).price) / (2 * far), 1.0),
        (found.gamma, (moved(ds=far).delta - moved(ds=-far).delta) / (2 * far), 1 / spot),
        (found.vega, (moved(dv=step).price - moved(dv=-step).price) / (2 * step), spot),
        (found.theta, (moved(dt=-soon).price - moved(dt=soon).price) / (2 * soon), spot),
        (found.rho, (moved(dr=step).price - moved(dr=-step).price) / (2 * step), spot),
    )
    for exact, difference, unit in expected:
        assert exact == pytest.approx(float(difference), abs=1e-5 * unit)


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("strike", [70.0, 100.0, 150.0])
def test_a_value_is_the_discounted_mean_of_what_is_paid(strike: float, call: bool) -> None:
    forward, years, volatility, rate = 100.0, 0.75, 0.6, 0.03
    spread = volatility * np.sqrt(years)

    def paid(score: float) -> float:
        end = forward * np.exp(spread * score - spread**2 / 2)
        gain = end - strike if call else strike - end
        return float(max(gain, 0.0) * scipy.stats.norm.pdf(score))

    kink = (np.log(strike / forward) + spread**2 / 2) / spread
    expected = sum(scipy.integrate.quad(paid, *part)[0] for part in ((-9.0, kink), (kink, 12.0)))
    found = black_76(forward, strike, years, volatility, call, rate).price
    assert found == pytest.approx(np.exp(-rate * years) * expected, rel=1e-8)


def test_a_forward_s_option_ignores_the_rate_but_for_the_discount() -> None:
    forward = black_76(100.0, 110.0, 0.5, 0.6, True)
    discounted = black_76(100.0, 110.0, 0.5, 0.6, True, rate=0.08)
    assert discounted.price == pytest.approx(np.exp(-0.04) * forward.price)
    assert discounted.rho == pytest.approx(-0.5 * discounted.price)


@pytest.mark.parametrize("years", [0.0, -1.0])
def test_what_has_expired_is_worth_what_it_pays(years: float) -> None:
    found = black_scholes([90, 100, 110], 100, years, 0.5, [[True], [False]], rate=0.1, carry=0.02)
    assert found.price.tolist() == [[0, 0, 10], [10, 0, 0]]
    assert found.delta.tolist() == [[0, 0.5, 1], [-1, -0.5, 0]]
    for nothing in (found.gamma, found.vega, found.theta, found.rho):
        assert not nothing.any()


def test_without_volatility_it_is_worth_the_discounted_difference() -> None:
    found = black_scholes([90, 130], 100, 2.0, 0.0, [[True], [False]], rate=0.1, carry=0.03)
    forward = np.array([90, 130]) * np.exp(-0.06) - 100 * np.exp(-0.2)
    np.testing.assert_allclose(found.price, [np.maximum(forward, 0), np.maximum(-forward, 0)], atol=1e-12)
    assert not found.gamma.any()
    assert not found.vega.any()


@pytest.mark.parametrize(
    ("spot", "strike", "volatility"),
    [(0.0, 100, 0.5), (-1, 100, 0.5), (100, 0, 0.5), (100, 100, -0.1), (np.nan, 1, 1)],
)
def test_what_makes_no_sense_has_no_value(spot: float, strike: float, volatility: float) -> None:
    found = black_scholes(spot, strike, 1.0, volatility, True)
    assert np.isnan([found.price, found.delta, found.gamma, found.vega, found.theta, found.rho]).all()


def test_a_chain_is_valued_at_once() -> None:
    strikes, expiries = np.linspace(50, 150, 21), np.array([[0.1], [0.5], [1.0]])
    chain = black_76(100.0, strikes, expiries, 0.7, strikes >= 100)
    assert chain.price.shape == (3, 21)
    assert chain.price[1, 7] == black_76(100.0, strikes[7], 0.5, 0.7, False).price
