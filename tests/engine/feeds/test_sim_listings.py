"""Futures and options of the embedded market: no free lunch among them, and inputs that say what the listings say."""

from datetime import UTC, datetime
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.feeds.feed import BarBlock, DataFault
from engine.feeds.kernels.carry import total_carry
from engine.feeds.kernels.smile import at_the_money, total_variance, variance_at
from engine.feeds.sim_chain import option_expiries
from engine.feeds.sim_futures import (
    LEAST_DAYS,
    last_friday_ms,
    nearest_expiry,
    quarterly_expiries,
)
from engine.feeds.simulated import DAY_MS, HOUR_MS, START_MS, SimulatedFeed
from strategies.options.pricing import implied_volatility
from strategies.options.skew import Chain, recorded_skew

FloatArray = NDArray[np.float64]

DAYS = 600
NAMES = (
    "index_price",
    "future_price",
    "future_days",
    "implied_volatility",
    "skew_25_delta",
    "skew_points",
)
SEEDS = [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(101, 121))]
OPTIONED = ("BTCUSDT", "ETHUSDT")
MOMENTS = st.integers(365 * 24, 120 * 365 * 24).map(lambda hours: hours * HOUR_MS)


def day_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M %a")


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def feed(request: pytest.FixtureRequest) -> SimulatedFeed:
    return SimulatedFeed(request.param, inputs=NAMES)


@pytest.fixture(scope="module")
def history(feed: SimulatedFeed) -> BarBlock:
    return feed.read(feed.first_open_ms, DAYS * 24)


def premium_of(block: BarBlock) -> FloatArray:
    return block.close / block.inputs["index_price"] - 1.0


@pytest.mark.parametrize(
    ("year", "month", "expected"),
    [
        (2022, 12, "2022-12-30 08:00 Fri"),
        (2023, 3, "2023-03-31 08:00 Fri"),
        (2024, 3, "2024-03-29 08:00 Fri"),
        (2024, 9, "2024-09-27 08:00 Fri"),
        (2025, 2, "2025-02-28 08:00 Fri"),
    ],
)
def test_futures_expire_on_last_fridays(year: int, month: int, expected: str) -> None:
    assert day_of(last_friday_ms(year, month)) == expected


@given(MOMENTS)
def test_the_quarters_follow_each_other_without_end(after_ms: int) -> None:
    expiries = list(islice(quarterly_expiries(after_ms), 6))
    assert after_ms < expiries[0] <= after_ms + 99 * DAY_MS
    assert all(84 * DAY_MS <= b - a <= 98 * DAY_MS for a, b in pairwise(expiries))
    assert {day_of(ms)[5:7] for ms in expiries} == {"03", "06", "09", "12"}


@given(MOMENTS, st.integers(1, 300))
def test_the_future_shown_is_the_nearest_with_three_days_to_run(first_ms: int, days: int) -> None:
    now = first_ms + DAY_MS * np.arange(days)
    shown = nearest_expiry(now)
    for now_ms, expiry_ms in zip(now.tolist(), shown.tolist(), strict=True):
        assert expiry_ms == next(quarterly_expiries(now_ms + LEAST_DAYS * DAY_MS - 1))


def test_days_to_run_fall_with_time_and_start_anew_three_days_before_expiry(history: BarBlock) -> None:
    days = history.inputs["future_days"][:, 0]
    steps = np.diff(days)
    rolls = steps > 0.0
    assert days.min() >= LEAST_DAYS
    assert days.max() < 102.0
    np.testing.assert_allclose(steps[~rolls], -1.0 / 24.0, rtol=1e-9)
    assert rolls.sum() in (6, 7)
    assert (days[:-1][rolls] < LEAST_DAYS + 1.0 / 24.0).all()


def test_the_future_among_the_inputs_is_the_one_listed(feed: SimulatedFeed, history: BarBlock) -> None:
    for bar in range(5, DAYS * 24, 1_711):
        open_ms = history.first_open_ms + bar * HOUR_MS
        for column, symbol in enumerate(feed.symbols[:3]):
            listed = feed.futures(open_ms, symbol)
            close_ms = open_ms + HOUR_MS
            expiry_ms = close_ms + round(history.inputs["future_days"][bar, column] * DAY_MS)
            assert listed[expiry_ms] == pytest.approx(history.inputs["future_price"][bar, column], rel=1e-12)
            assert len(listed) == 4


def test_the_basis_is_gone_at_expiry(feed: SimulatedFeed, history: BarBlock) -> None:
    """Day by day to the last hour: never more than an annual 60 % for the time left, give or take half a tick."""
    expiry_ms = next(quarterly_expiries(feed.first_open_ms + 150 * DAY_MS))
    index = history.inputs["index_price"]
    for column, symbol in ((0, "BTCUSDT"), (1, "ETHUSDT"), (6, "DOGEUSDT")):
        tick = float(feed.instruments[column].tick)
        off = []
        for hours in (24 * 60, 24 * 20, 24 * 5, 24, 6, 1):
            open_ms = expiry_ms - (hours + 1) * HOUR_MS
            spot = index[(open_ms - feed.first_open_ms) // HOUR_MS, column]
            basis = abs(feed.futures(open_ms, symbol)[expiry_ms] - spot)
            assert basis <= 0.6 * hours / 8_760 * spot + tick
            off.append(basis / spot)
        assert off[-1] < 1e-4
        assert off[0] > 3.0 * off[-1]


@given(carry=st.floats(-0.5, 0.8), years=st.floats(1e-6, 1.0))
def test_the_term_structure_runs_from_todays_carry_to_the_ordinary_one(carry: float, years: float) -> None:
    mean = total_carry(carry, years) / years
    assert min(carry, 0.06) - 1e-9 <= mean <= max(carry, 0.06) + 1e-9
    assert total_carry(carry, 1e-6) == pytest.approx(carry * 1e-6, rel=1e-4, abs=1e-12)


def test_the_basis_follows_the_premium(history: BarBlock) -> None:
    future, index, days = (history.inputs[name] for name in ("future_price", "index_price", "future_days"))
    annual = np.log(future / index) * 365.0 / days
    assert annual.min() > -0.35
    assert annual.max() < 0.6
    assert 0.0 < annual.mean() < 0.15
    week = 7 * 24
    summed = np.cumsum(premium_of(history), axis=0)
    premium = (summed[week:] - summed[:-week]) / week
    for column in range(annual.shape[1]):
        assert np.corrcoef(premium[:, column], annual[week:, column])[0, 1] > 0.5


SURFACES = {
    "variance": st.floats(0.01, 9.0),
    "long_variance": st.floats(0.01, 9.0),
    "rho": st.floats(-0.95, 0.95),
}


@given(**SURFACES, near=st.floats(1e-3, 1.5), gap=st.floats(1e-3, 1.5), k=st.floats(-1.5, 1.5))
def test_total_variance_rises_with_time_at_every_strike(
    variance: float, long_variance: float, rho: float, near: float, gap: float, k: float
) -> None:
    sooner, later = (at_the_money(variance, long_variance, years) for years in (near, near + gap))
    assert 0.0 < sooner < later
    assert total_variance(k, sooner, rho) <= total_variance(k, later, rho) + 1e-12


@given(**SURFACES, years=st.floats(1e-3, 1.5), x=st.floats(-5.0, 5.0))
def test_no_butterfly_costs_less_than_nothing(
    variance: float, long_variance: float, rho: float, years: float, x: float
) -> None:
    """Durrleman's density g(k) of the forward is nowhere negative, five deviations to both sides."""
    theta = at_the_money(variance, long_variance, years)
    k, h = x * theta**0.5, 1e-3 * theta**0.5
    below, w, above = (total_variance(at, theta, rho) for at in (k - h, k, k + h))
    slope, bend = (above - below) / (2 * h), (above - 2 * w + below) / h**2
    density = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
    assert density > -1e-6


@given(**SURFACES, d1=st.floats(-1.0, 1.0))
def test_the_smile_at_a_delta_is_the_smile_at_its_strike(
    variance: float, long_variance: float, rho: float, d1: float
) -> None:
    theta = at_the_money(variance, long_variance, 30 / 365)
    w = variance_at(d1, theta, rho)
    k = 0.5 * w - d1 * w**0.5
    assert total_variance(k, theta, rho) == pytest.approx(w, rel=1e-9)


@pytest.fixture(scope="module")
def chains(feed: SimulatedFeed, history: BarBlock) -> list[tuple[int, int, Chain]]:
    """Bar, column and chain of both coins, spread over the history."""
    return [
        (bar, column, feed.option_chain(history.first_open_ms + bar * HOUR_MS, symbol))
        for bar in range(3, DAYS * 24, 1_213)
        for column, symbol in enumerate(OPTIONED)
    ]


def test_calls_less_puts_are_worth_the_forward_less_the_strike(
    chains: list[tuple[int, int, Chain]],
) -> None:
    for _, _, chain in chains:
        for price in (chain.bid, chain.ask):
            call, put = price[0::2], price[1::2]
            assert chain.call[0::2].all()
            assert not chain.call[1::2].any()
            np.testing.assert_array_equal(chain.strike[0::2], chain.strike[1::2])
            worth = (chain.forward - chain.strike)[0::2]
            np.testing.assert_allclose(call - put, worth, atol=1e-12 * chain.forward.max())


def test_options_are_worth_less_the_further_and_no_spread_of_them_is_free(
    chains: list[tuple[int, int, Chain]],
) -> None:
    for _, _, chain in chains:
        for expiry_ms in np.unique(chain.expiry_ms):
            calls = chain.call & (chain.expiry_ms == expiry_ms)
            strike, middle = chain.strike[calls], (chain.bid + chain.ask)[calls] / 2
            steepness = np.diff(middle) / np.diff(strike)
            assert len(strike) > 10
            assert (steepness < 0.0).all()
            assert (steepness > -1.0).all()
            assert (np.diff(steepness) > 0.0).all()
        assert (chain.ask > chain.bid).all()
        assert (chain.bid >= 0.0).all()


def test_later_expiries_carry_more_variance_at_the_same_moneyness(
    chains: list[tuple[int, int, Chain]], history: BarBlock
) -> None:
    for bar, _, chain in chains:
        now_ms = history.first_open_ms + (bar + 1) * HOUR_MS
        before: FloatArray | None = None
        for expiry_ms in np.unique(chain.expiry_ms):
            side = chain.call & (chain.expiry_ms == expiry_ms)
            years = (expiry_ms - now_ms) / (365 * DAY_MS)
            found = implied_volatility(chain.ask[side], chain.forward[side], chain.strike[side], years, True)
            moneyness = np.log(chain.strike / chain.forward)[side]
            variance = np.interp([-0.03, 0.0, 0.03], moneyness, found.volatility**2 * years)
            assert before is None or (variance > before).all()
            before = variance


def test_expiries_lie_around_thirty_days_whenever_one_looks() -> None:
    for day in range(800):
        now_ms = START_MS + day * DAY_MS
        expiries = option_expiries(now_ms)
        days = [(ms - now_ms) / DAY_MS for ms in expiries]
        assert all(day_of(ms).endswith("08:00 Fri") for ms in expiries)
        assert 0.0 < days[0] <= 7.0
        assert sum(d <= 30 for d in days) >= 4
        assert any(30 <= d < 70 for d in days)
        assert days[-1] > 250


def test_the_inputs_are_what_is_read_off_the_chain(
    chains: list[tuple[int, int, Chain]], history: BarBlock
) -> None:
    for bar, column, chain in chains:
        volatility, skew, points = (
            history.inputs[name][bar, column]
            for name in ("implied_volatility", "skew_25_delta", "skew_points")
        )
        read = recorded_skew(chain, history.first_open_ms + (bar + 1) * HOUR_MS)
        assert read.skew == pytest.approx(skew, abs=0.006)
        assert read.volatility[1] == pytest.approx(volatility, rel=0.02)
        assert read.points == points


def test_quotes_of_a_side_are_pulled_now_and_then_and_the_chain_shows_it(
    feed: SimulatedFeed, history: BarBlock
) -> None:
    points = history.inputs["skew_points"]
    pulled = np.argwhere(points[:, :2] < 2.0)
    assert 0.001 < len(pulled) / (2 * len(points)) < 0.02
    for bar, column in pulled[:3].tolist():
        open_ms = history.first_open_ms + bar * HOUR_MS
        chain = feed.option_chain(open_ms, OPTIONED[column])
        assert recorded_skew(chain, open_ms + HOUR_MS).points == points[bar, column]


def test_only_two_coins_have_options(feed: SimulatedFeed, history: BarBlock) -> None:
    for name in ("implied_volatility", "skew_25_delta", "skew_points"):
        assert np.isfinite(history.inputs[name][:, :2]).all()
        assert np.isnan(history.inputs[name][:, 2:]).all()
    with pytest.raises(DataFault, match="no options"):
        feed.option_chain(feed.first_open_ms, "SOLUSDT")


def test_nothing_is_listed_where_no_inputs_were_asked_for() -> None:
    plain = SimulatedFeed(7)
    with pytest.raises(DataFault, match="ask the feed for inputs"):
        plain.futures(plain.first_open_ms, "BTCUSDT")


def test_options_cost_more_than_the_coin_moves_and_know_when_it_moves(history: BarBlock) -> None:
    week, month = 7 * 24, 30 * 24
    squares = np.cumsum(np.diff(np.log(history.close[:, :2]), axis=0) ** 2, axis=0)
    realised = np.sqrt((squares[month:] - squares[:-month]) * 8_760 / month)
    lately = np.sqrt((squares[week:] - squares[:-week]) * 8_760 / week)
    implied = history.inputs["implied_volatility"][:, :2]
    assert (implied > 0.15).all()
    assert (implied < 4.0).all()
    then = np.log(implied[month + 1 :] / realised)
    afterwards = np.log(implied[: len(realised)] / realised)
    for column in range(2):
        assert 0.0 < np.median(then[:, column]) < 0.25
        assert -0.1 < afterwards[:, column].mean() < 0.35
        both = np.corrcoef(implied[week + 1 :, column], lately[:, column])
        assert both[0, 1] > 0.6


def test_puts_get_dearer_when_the_market_falls_and_the_skew_comes_back(history: BarBlock) -> None:
    for column in range(2):
        skew = history.inputs["skew_25_delta"][23::24, column]
        price = np.log(history.close[23::24, column])
        assert np.corrcoef(np.diff(skew), np.diff(price))[0, 1] < -0.3
        assert 0.0 < skew.mean() < 0.2
        assert np.abs(skew).max() < 0.5
        assert 0.6 < np.corrcoef(skew[:-1], skew[1:])[0, 1] < 0.99
        assert np.corrcoef(skew[:-60], skew[60:])[0, 1] < 0.6
