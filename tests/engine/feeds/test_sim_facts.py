"""The embedded market looks like the markets it stands for: fat tails, clusters, common moves, funding, bounds.

One seed at every run; twenty in the slow tier, none chosen.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from engine.feeds.feed import BarBlock
from engine.feeds.simulated import HOUR_MS, MarketDetail, SimulatedFeed

FloatArray = NDArray[np.float64]

DAYS = 600
HOURS_PER_YEAR = 365 * 24
SEEDS = [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(101, 121))]


@dataclass(frozen=True, slots=True)
class History:
    """600 days of hourly bars; `returns` [n - 1, S] of log price; `rates` and `premium` [m, S] per settlement."""

    bars: BarBlock
    detail: MarketDetail
    returns: FloatArray
    rates: FloatArray
    premium: FloatArray


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def history(request: pytest.FixtureRequest) -> History:
    feed = SimulatedFeed(request.param, history_days=DAYS)
    bars = feed.read(feed.first_open_ms, DAYS * 24)
    detail = feed.detail(feed.first_open_ms, DAYS * 24)
    rates = np.array([item.rate for item in bars.funding]).reshape(-1, len(feed.symbols))
    premium = detail.premium.reshape(-1, 8, len(feed.symbols)).mean(axis=1)[: len(rates)]
    return History(bars, detail, np.diff(np.log(bars.close), axis=0), rates, premium)


def arch_lm(returns: FloatArray, lags: int = 12) -> float:
    """Engle's (1982) statistic n R^2 of squared returns on a constant and their last `lags` values."""
    squares = (returns - returns.mean()) ** 2
    now = squares[lags:]
    past = np.column_stack([np.ones_like(now), *(squares[lags - k : -k] for k in range(1, lags + 1))])
    residual = now - past @ np.linalg.lstsq(past, now, rcond=None)[0]
    return float(len(now) * (1.0 - residual.var() / now.var()))


def test_the_statistic_is_quiet_on_independent_returns_and_loud_on_clustered_ones() -> None:
    threshold = stats.chi2.ppf(0.99, 12)
    generator = np.random.default_rng(1)
    quiet = [arch_lm(generator.standard_normal(1_500)) > threshold for _ in range(300)]
    assert np.mean(quiet) < 0.035
    noise, clustered, variance = generator.standard_normal(1_500), np.zeros(1_500), 1.0
    for i in range(1_500):
        clustered[i] = variance**0.5 * noise[i]
        variance = 0.05 + 0.10 * clustered[i] ** 2 + 0.85 * variance
    assert arch_lm(clustered) > threshold


def test_volatility_is_that_of_coins(history: History) -> None:
    annual = history.returns.std(axis=0) * HOURS_PER_YEAR**0.5
    assert (annual > 0.35).all()
    assert (annual < 1.7).all()
    assert annual[0] < np.median(annual)


def test_tails_are_fat_and_not_absurd(history: History) -> None:
    kurtosis = stats.kurtosis(history.returns, axis=0)
    assert (kurtosis > 1.0).all(), kurtosis
    assert (kurtosis < 60.0).all(), kurtosis


def test_volatility_clusters_in_every_coin(history: History) -> None:
    statistics = np.array([arch_lm(column) for column in history.returns.T])
    assert (statistics > stats.chi2.ppf(0.99, 12)).all(), statistics


def test_coins_move_together(history: History) -> None:
    correlation = np.asarray(np.corrcoef(history.returns.T))
    with_bitcoin = correlation[0, 1:]
    assert (with_bitcoin > 0.4).all(), with_bitcoin
    assert (with_bitcoin < 0.8).all(), with_bitcoin
    pairs = correlation[np.triu_indices(len(correlation), 1)]
    assert 0.4 < pairs.mean() < 0.8
    assert pairs.min() > 0.35


def test_the_last_hour_says_nothing_of_the_next(history: History) -> None:
    now, before = history.returns[1:], history.returns[:-1]
    for column in range(now.shape[1]):
        # White's standard error: with clustered volatility 1 / sqrt(n) rejects far too often.
        a, b = now[:, column] - now[:, column].mean(), before[:, column] - before[:, column].mean()
        error = np.sqrt(((a * b) ** 2).sum()) / (b * b).sum()
        assert abs((a * b).sum() / (b * b).sum()) < 4.5 * error
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.08


def test_bars_reach_as_far_as_a_continuous_path_does(history: History) -> None:
    reach = np.log(history.bars.high / history.bars.low).mean(axis=0) / np.abs(history.returns).mean(axis=0)
    assert ((reach > 1.9) & (reach < 2.2)).all(), reach


def test_funding_follows_the_premium_and_longs_pay_when_the_market_has_risen(history: History) -> None:
    correlation = [
        np.corrcoef(rate, premium)[0, 1]
        for rate, premium in zip(history.rates.T, history.premium.T, strict=True)
    ]
    assert min(correlation) > 0.6, correlation
    assert 0.0 < history.rates.mean() < 0.0005
    assert 0.01 < (history.rates < 0.0).mean() < 0.45
    level = np.log(history.bars.close).mean(axis=1)
    week = 7 * 24
    risen = level[week:] - level[:-week]
    settled = np.arange(week, len(level), 8)
    rates = history.rates.mean(axis=1)[settled // 8 - 1]
    up = rates[risen[settled - week] > np.quantile(risen, 2 / 3)]
    down = rates[risen[settled - week] < np.quantile(risen, 1 / 3)]
    assert up.mean() > 0.0
    assert up.mean() > down.mean()


def test_the_book_thins_and_widens_when_the_market_is_rough(history: History) -> None:
    day = np.ones(24) / 24.0
    for column in range(history.returns.shape[1]):
        rough = np.log(np.convolve(np.abs(history.returns[:, column]), day, "valid"))
        opens = slice(24, 24 + len(rough))
        spread = np.log(history.detail.spread_bps[opens, column])
        depth = np.log(history.detail.depth_usd[opens, column])
        assert np.corrcoef(rough, spread[: len(rough)])[0, 1] > 0.15
        assert np.corrcoef(rough, depth[: len(rough)])[0, 1] < -0.15
    assert (history.detail.spread_bps < 100.0).all()


def test_volume_comes_with_movement(history: History) -> None:
    for column in range(history.returns.shape[1]):
        traded = np.log(history.bars.volume[1:, column] * history.bars.close[1:, column])
        moved = np.log(history.bars.high[1:, column] / history.bars.low[1:, column])
        assert np.corrcoef(traded, np.log(moved))[0, 1] > 0.5


def trend_sharpe(close: FloatArray) -> float:
    """Annual Sharpe ratio, before costs, of clipped 7, 14 and 28 day trend on daily closes, equal risk per coin."""
    logs = np.log(close[23::24])
    daily = np.diff(logs, axis=0)
    deviation = daily.std(axis=0)
    spans = (7, 14, 28)
    score = sum(
        np.clip((logs[28:-1] - logs[28 - d : -1 - d]) / (deviation * d**0.5) / 2, -1, 1) for d in spans
    )
    earned = (score * daily[28:] / deviation).mean(axis=1)
    return float(earned.mean() / earned.std() * 365**0.5)


@pytest.mark.slow
def test_trend_following_has_something_to_find_and_no_money_machine() -> None:
    sharpes = []
    for seed in range(200, 260):
        feed = SimulatedFeed(seed, history_days=DAYS)
        sharpes.append(trend_sharpe(feed.read(feed.first_open_ms, DAYS * 24).close))
    mean, error = float(np.mean(sharpes)), float(np.std(sharpes) / len(sharpes) ** 0.5)
    assert 0.0 - 2 * error < mean < 0.9, (mean, error)
    assert min(sharpes) < -0.3


@pytest.mark.parametrize(
    "seed", [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(101, 121))]
)
def test_ten_years_on_no_coin_has_left_the_world(seed: int) -> None:
    feed = SimulatedFeed(seed)
    start = feed.read(feed.first_open_ms, 1).open[0]
    lowest, highest = start, start
    for year in range(10):
        block = feed.read(feed.first_open_ms + year * HOURS_PER_YEAR * HOUR_MS, HOURS_PER_YEAR)
        lowest, highest = (
            np.minimum(lowest, block.low.min(axis=0)),
            np.maximum(highest, block.high.max(axis=0)),
        )
    assert (lowest / start > 0.01).all(), lowest / start
    assert (highest / start < 100.0).all(), highest / start
