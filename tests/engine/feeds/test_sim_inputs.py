"""The embedded market's inputs are functions of seed and bar, belong to its prices, and never touch them."""

import hashlib
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.config import load_config
from engine.feeds.choose import open_feed
from engine.feeds.feed import BarBlock
from engine.feeds.kernels import beside as law
from engine.feeds.sim_inputs import TABLE
from engine.feeds.sim_universe import SYMBOLS
from engine.feeds.simulated import DAY_MS, HOUR_MS, SimulatedFeed
from engine.market import rows
from strategies.inputs import ADDED_UP, INPUT_NAMES
from strategies.signal import TAKER_BUY_VOLUME

FloatArray = NDArray[np.float64]

ALL = (TAKER_BUY_VOLUME, *INPUT_NAMES)
DAILY = ("bitcoin_market_cap", "bitcoin_realised_cap", "stablecoin_supply", "mvrv_z")
QUARTER_MS = HOUR_MS // 4
DAYS = 600
SEEDS = [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(101, 121))]


def history_of(seed: int, names: tuple[str, ...] = ALL, symbols: tuple[str, ...] = SYMBOLS) -> BarBlock:
    feed = SimulatedFeed(seed, inputs=names, symbols=symbols)
    return feed.read(feed.first_open_ms, DAYS * 24)


@pytest.fixture(scope="module")
def seven() -> BarBlock:
    """600 days of seed 7."""
    return history_of(7)


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def history(request: pytest.FixtureRequest, seven: BarBlock) -> BarBlock:
    return seven if request.param == 7 else history_of(request.param)


@pytest.fixture(scope="module")
def anywhere() -> SimulatedFeed:
    """One feed that many tests read here and there."""
    return SimulatedFeed(7, inputs=ALL)


def premium_of(block: BarBlock) -> FloatArray:
    return block.close / block.inputs["index_price"] - 1.0


def by_day(rates: FloatArray) -> FloatArray:
    """Sums of hourly rates over each day."""
    return np.asarray(np.nan_to_num(rates).reshape(-1, 24, rates.shape[1]).sum(axis=1))


def assert_part_of(part: BarBlock, whole: BarBlock) -> None:
    first = (part.first_open_ms - whole.first_open_ms) // whole.bar_ms
    assert part.inputs.keys() == whole.inputs.keys()
    for name, values in part.inputs.items():
        expected = whole.inputs[name][first : first + len(part)]
        np.testing.assert_array_equal(values, expected, err_msg=name)


def test_every_input_there_is_can_be_asked_for_and_comes_in_the_shape_of_the_bars(seven: BarBlock) -> None:
    assert set(TABLE) == set(ALL)
    assert set(seven.inputs) == set(ALL)
    assert all(values.shape == seven.close.shape for values in seven.inputs.values())


@pytest.mark.parametrize("asked", [(), ("close",), ("close", "mark_price"), ("mvrv_z", "skew_points")])
def test_a_feed_shows_what_it_is_asked_for_and_nothing_runs_for_one_asked_for_none(
    asked: tuple[str, ...], seven: BarBlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    advance = law.advance

    def counted(*path: object) -> None:
        runs.append(1)
        advance(*path)  # type: ignore[arg-type]

    monkeypatch.setattr(law, "advance", counted)
    feed = SimulatedFeed(7, inputs=asked)
    block = feed.read(feed.first_open_ms, 100)
    assert set(block.inputs) == set(asked) - {"close"}
    assert bool(runs) == bool(block.inputs)
    for name, values in block.inputs.items():
        np.testing.assert_array_equal(values, seven.inputs[name][:100])


def test_a_configured_market_shows_all_it_has_whatever_signals_are_on() -> None:
    feed = open_feed(load_config(None, {}, {}, {}))
    block = feed.read(feed.start_ms, 2)
    assert set(block.inputs) == {TAKER_BUY_VOLUME, *INPUT_NAMES}
    (row, _) = rows(block)
    np.testing.assert_array_equal(row.inputs["mark_price"], block.inputs["mark_price"][0])


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
def test_bars_and_funding_are_the_same_with_inputs_and_without(seed: int) -> None:
    plain, shown = SimulatedFeed(seed), SimulatedFeed(seed, inputs=ALL)
    a, b = (feed.read(feed.first_open_ms, 70 * 24) for feed in (plain, shown))
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.funding == b.funding
    assert plain.identity() == shown.identity()


def test_the_inputs_of_seed_seven_are_these(seven: BarBlock) -> None:
    """A change of the law is a new market, never an accident."""
    digest = hashlib.sha256()
    for name in sorted(ALL):
        digest.update(np.ascontiguousarray(seven.inputs[name][: 60 * 24]).astype("<f8").tobytes())
    assert digest.hexdigest()[:16] == "0ccdeca5c1a7522a"


@settings(max_examples=20)
@given(
    reads=st.lists(st.tuples(st.integers(0, DAYS * 24 - 300), st.integers(1, 300)), min_size=1, max_size=4)
)
def test_any_range_in_any_order_is_that_range_of_one_long_read(
    reads: list[tuple[int, int]], seven: BarBlock, anywhere: SimulatedFeed
) -> None:
    for first, count in reads:
        assert_part_of(anywhere.read(anywhere.first_open_ms + first * HOUR_MS, count), seven)


def test_a_restart_bar_by_bar_sees_the_same(seven: BarBlock) -> None:
    feed = SimulatedFeed(7, inputs=ALL)
    for bar in range(30 * 24 - 30, 30 * 24 + 30):
        assert_part_of(feed.read(feed.first_open_ms + bar * HOUR_MS, 1), seven)


@settings(max_examples=20)
@given(reads=st.lists(st.tuples(st.integers(0, 2_900), st.integers(1, 90)), min_size=1, max_size=4))
def test_so_it_is_inside_the_hour(reads: list[tuple[int, int]], quarters: BarBlock) -> None:
    feed = SimulatedFeed(7, bar_ms=QUARTER_MS, symbols=SYMBOLS[:2], inputs=ALL)
    for first, count in reads:
        assert_part_of(feed.read(feed.first_open_ms + first * QUARTER_MS, count), quarters)


@pytest.fixture(scope="module")
def quarters() -> BarBlock:
    feed = SimulatedFeed(7, bar_ms=QUARTER_MS, symbols=SYMBOLS[:2], inputs=ALL)
    return feed.read(feed.first_open_ms, 32 * 96)


@pytest.mark.parametrize("bar_ms", [HOUR_MS, 4 * HOUR_MS, DAY_MS])
def test_bars_of_every_size_show_the_same_inputs(bar_ms: int, quarters: BarBlock) -> None:
    many = bar_ms // QUARTER_MS
    feed = SimulatedFeed(7, bar_ms=bar_ms, symbols=SYMBOLS[:2], inputs=ALL)
    coarse = feed.read(feed.first_open_ms, 32 * DAY_MS // bar_ms)
    for name, values in coarse.inputs.items():
        fine = quarters.inputs[name].reshape(-1, many, 2)
        if name in ADDED_UP or name == TAKER_BUY_VOLUME:
            none = np.isnan(fine).all(axis=1)
            expected = np.where(none, np.nan, np.nansum(fine, axis=1))
            np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-18, err_msg=name)
        else:
            np.testing.assert_array_equal(values, fine[:, -1], err_msg=name)


@pytest.mark.parametrize("symbols", [SYMBOLS[1:3], (SYMBOLS[5], SYMBOLS[0]), (SYMBOLS[11],)])
def test_leaving_coins_out_changes_no_other_coin_and_nothing_of_the_whole(
    symbols: tuple[str, ...], seven: BarBlock
) -> None:
    block = history_of(7, symbols=symbols)
    columns = [SYMBOLS.index(name) for name in symbols]
    for name, values in block.inputs.items():
        np.testing.assert_array_equal(values, seven.inputs[name][:, columns], err_msg=name)
    np.testing.assert_array_equal(block.close, seven.close[:, columns])


def test_mark_index_and_spot_stand_around_the_perpetual(history: BarBlock) -> None:
    feed = SimulatedFeed(7)
    index, mark, spot = (history.inputs[f"{name}_price"] for name in ("index", "mark", "spot"))
    ticks = np.array([float(item.tick) for item in feed.instruments])
    assert (np.abs(history.close / index - 1.0) < 0.005).all()
    assert (np.abs(mark - history.close) <= 0.0006 * history.close + ticks).all()
    assert (np.abs(spot - index) <= 0.002 * index + ticks).all()
    # The mark belongs to the perpetual, the spot to the index.
    assert (np.abs(mark - history.close).mean(axis=0) < 0.3 * np.abs(mark - index).mean(axis=0)).all()
    assert (np.abs(spot - index).mean(axis=0) < 0.7 * np.abs(history.close - index).mean(axis=0)).all()
    assert (np.abs((spot / index - 1.0).mean(axis=0)) < 0.000_05).all()
    assert ((spot / index - 1.0).std(axis=0) > 0.000_1).all()
    for prices in (mark, spot):
        np.testing.assert_allclose(prices / ticks, np.rint(prices / ticks), atol=1e-4)


def test_the_index_is_the_perpetual_without_its_premium(seven: BarBlock) -> None:
    """Known at the close: the premium of the hour that ends, which `detail` shows when the hour opens."""
    feed = SimulatedFeed(7)
    premium = feed.detail(feed.first_open_ms, len(seven)).premium
    np.testing.assert_allclose(seven.inputs["index_price"] * (1.0 + premium), seven.close, rtol=1e-14)


def test_funding_of_the_venue_traded_is_what_the_bars_settle(seven: BarBlock) -> None:
    expected = np.full(seven.close.shape, np.nan)
    for item in seven.funding:
        expected[(item.ts_ms - seven.first_open_ms) // HOUR_MS, item.symbol_index] = item.rate
    np.testing.assert_array_equal(seven.inputs["funding_rate"], expected)
    np.testing.assert_array_equal(seven.inputs["funding_hours"], np.where(np.isnan(expected), np.nan, 8.0))


@pytest.mark.parametrize(("venue", "hours"), [("", 8), ("_2", 1), ("_3", 4)])
def test_each_venue_settles_at_its_own_interval_and_says_so(venue: str, hours: int, seven: BarBlock) -> None:
    rate, covered = seven.inputs[f"funding_rate{venue}"], seven.inputs[f"funding_hours{venue}"]
    settles = (np.arange(len(seven)) % hours == 0) & (np.arange(len(seven)) > 0)
    assert (np.isnan(rate).all(axis=1) == ~settles).all()
    assert (~np.isnan(rate[settles])).all()
    np.testing.assert_array_equal(covered, np.where(np.isnan(rate), np.nan, float(hours)))


@pytest.mark.parametrize("venue", ["", "_2", "_3"])
def test_funding_of_every_venue_follows_the_premium(venue: str, history: BarBlock) -> None:
    premium = premium_of(history).reshape(-1, 24, 12).mean(axis=1)
    paid = by_day(history.inputs[f"funding_rate{venue}"])
    correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(premium.T, paid.T, strict=True)]
    assert min(correlation) > 0.6, correlation
    assert 0.0 < paid.mean() * 365 < 0.4
    assert (paid < 0.0).mean() > 0.02


def test_venues_are_dispersed_and_seldom_by_more_than_the_way_there_and_back_costs(history: BarBlock) -> None:
    per_day = np.array([by_day(history.inputs[f"funding_rate{venue}"]) for venue in ("", "_2", "_3")])
    three_days = np.array([per_day[:, i - 3 : i].mean(axis=1) for i in range(3, DAYS)])
    captured = 7.0 * (three_days.max(axis=1) - three_days.min(axis=1))
    worth_it = (captured > 0.0020).mean(axis=0)
    assert (worth_it > 0.05).all(), worth_it
    assert (worth_it < 0.70).all(), worth_it
    richest = three_days.argmax(axis=1)[captured > 0.0020]
    assert (np.bincount(richest, minlength=3) / len(richest) > 0.05).all()


def test_open_interest_is_what_the_market_shows(seven: BarBlock) -> None:
    feed = SimulatedFeed(7)
    shown = feed.detail(feed.first_open_ms, len(seven)).open_interest
    np.testing.assert_array_equal(seven.inputs["open_interest"], shown)


def test_takers_buy_a_share_that_goes_with_the_price(history: BarBlock) -> None:
    bought = history.inputs[TAKER_BUY_VOLUME]
    lots = np.array([float(item.lot) for item in SimulatedFeed(7).instruments])
    assert (bought >= 0.0).all()
    assert (bought <= history.volume).all()
    np.testing.assert_allclose(bought / lots, np.rint(bought / lots), rtol=1e-9)
    share = bought / history.volume
    assert (np.abs(share.mean(axis=0) - 0.5) < 0.02).all()
    assert (share.std(axis=0) > 0.03).all()
    moved = np.log(history.close / history.open)
    for column in range(12):
        assert np.corrcoef(share[:, column], moved[:, column])[0, 1] > 0.3
        # Hurry lasts: the share of one hour tells of the next where the price does not.
        assert np.corrcoef(share[:-1, column], share[1:, column])[0, 1] > 0.1


def daily(block: BarBlock, name: str) -> FloatArray:
    """The series of the days, from the first: each as its number is known when the day after it ends."""
    values: FloatArray = block.inputs[name][47::24, 0]
    return values


def test_a_days_number_is_known_a_day_after_it_ended_the_same_for_every_coin(seven: BarBlock) -> None:
    for name in DAILY:
        values = seven.inputs[name]
        assert np.isnan(values[:47]).all()
        assert np.isfinite(values[47:]).all()
        assert (values[47:] == values[47:, :1]).all()
        changes = 47 + 1 + np.flatnonzero(np.diff(values[47:, 0]))
        # The bar that closes at midnight is the first to know.
        assert (changes % 24 == 23).all()
        assert len(changes) == DAYS - 2
    supply = law.BITCOINS + law.BITCOINS_PER_DAY * np.arange(DAYS - 1)
    closes = seven.close[23::24, 0][: DAYS - 1]
    np.testing.assert_allclose(daily(seven, "bitcoin_market_cap"), supply * closes, rtol=1e-12)


def test_realised_cap_follows_slowly_and_always_towards_the_market_cap(history: BarBlock) -> None:
    market, realised = daily(history, "bitcoin_market_cap"), daily(history, "bitcoin_realised_cap")
    drawn = np.diff(realised) / (market[1:] - realised[:-1])
    assert (drawn > 0.0).all()
    assert (drawn < 0.01).all()
    assert np.abs(np.diff(np.log(realised))).max() < 0.02
    assert np.diff(np.log(realised)).std() < 0.2 * np.diff(np.log(market)).std()
    value = market / realised
    assert value.min() > 0.2
    assert value.max() < 5.0
    week = np.corrcoef(value[:-7], value[7:])[0, 1]
    assert week > 0.8


def test_the_z_of_market_value_is_that_of_all_days_so_far(history: BarBlock) -> None:
    market, realised = daily(history, "bitcoin_market_cap"), daily(history, "bitcoin_realised_cap")
    anchor = law.BITCOINS * 42_000.0
    before, mean_before = law.CAP_DAYS_BEFORE, law.CAP_MEAN_BEFORE * anchor
    squares_before = before * ((law.CAP_DEVIATION_BEFORE * anchor) ** 2 + mean_before**2)
    count = before + np.arange(1, len(market) + 1)
    mean = (before * mean_before + np.cumsum(market)) / count
    variance = (squares_before + np.cumsum(market**2)) / count - mean**2
    expected = (market - realised) / np.sqrt(variance)
    np.testing.assert_allclose(daily(history, "mvrv_z"), expected, rtol=1e-7, atol=1e-9)


def test_market_value_leaves_what_is_ordinary_now_and_then() -> None:
    """Below the lower zone (Z of 0.1) in some markets, far above in others; most days lie between."""
    z = np.array([daily(history_of(seed, ("mvrv_z",), ("BTCUSDT",)), "mvrv_z") for seed in range(30, 42)])
    assert 0.05 < (z < 0.1).mean() < 0.7
    assert z.max() > 1.5
    assert ((z.min(axis=1) < 0.1) & (z.max(axis=1) > 0.5)).any()


def test_stablecoins_grow_slowly_with_shocks(history: BarBlock) -> None:
    grown = np.diff(np.log(daily(history, "stablecoin_supply")))
    # Shocks and all, little a day; mostly far less; a shock is no ordinary day.
    assert np.abs(grown).max() < 0.09
    assert np.median(np.abs(grown)) < 0.002
    assert np.abs(grown).max() > 6.0 * np.median(np.abs(grown))
    assert -0.25 < grown.sum() < 0.8


@pytest.mark.slow
def test_stablecoin_supply_rises_over_many_markets() -> None:
    grown = []
    for seed in range(200, 260):
        supply = daily(history_of(seed, ("stablecoin_supply",), ("BTCUSDT",)), "stablecoin_supply")
        grown.append(math.log(supply[-1] / supply[0]) * 365 / len(supply))
    mean, error = float(np.mean(grown)), float(np.std(grown) / len(grown) ** 0.5)
    assert abs(mean - 365 * law.STABLE_GROWTH) < 4 * error + 0.02


@pytest.mark.benchmark
def test_all_inputs_of_six_hundred_days_cost_well_under_a_second() -> None:
    """Of this thread's own time, beyond what the bars themselves take."""
    seconds = []
    for names in ((), ALL):
        feed = SimulatedFeed(7, inputs=names)
        best = math.inf
        for _ in range(3):
            started = time.thread_time()
            feed.read(feed.first_open_ms, DAYS * 24)
            best = min(best, time.thread_time() - started)
        seconds.append(best)
    assert seconds[1] - seconds[0] < 0.6
