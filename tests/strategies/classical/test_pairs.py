"""C5: golden test of a common trend, its size and power, which pairs are tested, and what is held of each symbol."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.classical.kernels.cointegration import BETA, FOUND, P, cointegration_p, engle_granger
from strategies.classical.legs import own_legs
from strategies.classical.pairs import KIND, chosen_pairs
from strategies.classical.settings import PairsSettings
from strategies.signal import REASONS, Explanation, FloatArray, KernelResult, Reason
from tests.strategies.fixtures import AR, G
from tests.strategies.statistical.noise import no_less, no_more, runs

ONE = KIND.build(PairsSettings(pairs=(("YYY", "XXX"),)))
NAMES = ("YYYUSDT", "XXXUSDT")


def golden(shift: float = 0.0) -> FloatArray:
    """Closes [2, 500] of y and x, the last y moved by `shift` in its logarithm."""
    x = 4 + np.cumsum(0.01 * G(500, 61))
    y = 0.5 + 0.8 * x + 0.005 * AR(500, 0.9, 62)
    y[-1] += shift
    return np.exp(np.stack([y, x]))


def read(close: FloatArray, settings: PairsSettings | None = None) -> tuple[Explanation, Explanation]:
    signal = ONE if settings is None else KIND.build(settings)
    result = signal.run(close[None], symbols=NAMES)
    return signal.explanation(result, 0), signal.explanation(result, 1)


def test_golden() -> None:
    y, x = read(golden())
    assert y.statistics["p"] == pytest.approx(4.17548e-5, rel=1e-3)
    assert y.statistics["t"] == pytest.approx(-5.314468, rel=1e-6)
    assert y.statistics["intercept"] == pytest.approx(0.45504935, rel=1e-6)
    assert y.statistics["beta"] == pytest.approx(0.81020036, rel=1e-6)
    assert y.statistics["z"] == pytest.approx(-0.1677820483, rel=1e-6)
    assert y.statistics["phi"] == pytest.approx(0.89263967, rel=1e-6)
    assert y.statistics["half_life"] == pytest.approx(6.1031369, rel=1e-6)
    assert (y.value, x.value) == (0.0, 0.0)
    assert y.confidence == x.confidence == pytest.approx(1 - 4.17548e-5 / 0.05, rel=1e-6)


@pytest.mark.parametrize("shift", [0.02, -0.02])
def test_what_is_dear_is_sold_against_what_is_cheap(shift: float) -> None:
    y, x = read(golden(shift))
    z, beta = y.statistics["z"], y.statistics["beta"]
    size = -np.sign(z) * np.clip((abs(z) - 0.5) / 1.5, 0, 1)
    assert np.sign(z) == np.sign(shift)
    assert y.value == pytest.approx(size / (1 + beta))
    assert x.value == pytest.approx(-beta * size / (1 + beta))


@pytest.mark.parametrize(
    "settings",
    [{"broken": 2.001}, {"alpha": 1e-7}, {"longest": 3.0}, {"shortest": 50.0}],
    ids=["broken", "by chance", "too slow", "too fast"],
)
def test_what_shuts_a_pair(settings: dict[str, float]) -> None:
    chosen = PairsSettings.model_validate({"pairs": [["YYY", "XXX"]], **settings})
    for reading in read(golden(0.03), chosen):
        assert (reading.reason, reading.value, reading.confidence) == (Reason.OK, 0.0, 0.0)
        assert reading.statistics["open_pairs"] == 0


@pytest.mark.parametrize(
    ("t", "p"), [(-19.0, 0.0), (-3.3377, 0.05), (-3.8996, 0.01), (-3.0462, 0.10), (0.93, 1.0)]
)
def test_the_surface_meets_mackinnon_s_critical_values(t: float, p: float) -> None:
    assert cointegration_p(t) == pytest.approx(p, rel=0.02, abs=1e-12)


@pytest.mark.parametrize(("t", "p"), [(-2.0, 0.5286), (-1.0, 0.9028), (0.0, 0.9859), (0.9, 0.9940)])
def test_the_surface_above_its_turn(t: float, p: float) -> None:
    assert cointegration_p(t) == pytest.approx(p, abs=1e-4)


@given(st.floats(-25, 5), st.floats(0, 1))
def test_p_rises_with_t(t: float, step: float) -> None:
    assert 0 <= cointegration_p(t) <= cointegration_p(t + step) + 1e-4 <= 1 + 1e-4


def test_regression_is_that_of_numpy() -> None:
    y, x = np.log(golden())
    found = np.empty(FOUND)
    assert engle_granger(y, x, found)
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - intercept - slope * x
    (gamma,), (error,), *_ = np.linalg.lstsq(residual[:-1, None], np.diff(residual), rcond=None)
    t = gamma / np.sqrt(error / 498 / (residual[:-1] @ residual[:-1]))
    expected = [
        intercept, slope, residual[-1] / residual.std(ddof=1), 1 + gamma, -np.log(2) / np.log(1 + gamma), t,
    ]  # fmt: skip
    assert found[:P] == pytest.approx(expected, rel=1e-7)


@runs(fast=150, full=2_000)
def test_independent_walks_are_rarely_taken_for_a_pair(count: int) -> None:
    rng, found = np.random.default_rng(1), np.empty(FOUND)
    taken = np.empty(count, dtype=np.bool_)
    for run in range(count):
        y, x = np.cumsum(0.01 * rng.standard_normal((2, 500)), axis=1)
        engle_granger(y, x, found)
        taken[run] = found[P] < 0.05
    assert no_more(taken, 0.09)


@runs(fast=100, full=1_000)
def test_a_pair_is_found(count: int) -> None:
    rng, found = np.random.default_rng(2), np.empty(FOUND)
    taken = np.empty(count, dtype=np.bool_)
    for run in range(count):
        x, residual = np.cumsum(0.01 * rng.standard_normal(500)), np.zeros(500)
        for t in range(1, 500):
            residual[t] = 0.9 * residual[t - 1] + 0.005 * rng.standard_normal()
        engle_granger(0.5 + 0.8 * x + residual, x, found)
        taken[run] = found[P] < 0.05
        assert abs(found[BETA] - 0.8) < 0.5
    assert no_less(taken, 0.95)


def test_every_coin_is_tested_against_bitcoin_and_ether_and_no_pair_twice() -> None:
    symbols = ("SOLUSDT", "BTCUSDT", "ETHUSDT", "ADA/USDT")
    assert sorted(chosen_pairs(PairsSettings(), symbols)) == [(0, 1), (0, 2), (2, 1), (3, 1), (3, 2)]
    named = PairsSettings(pairs=(("ADA", "SOL"), ("ETH", "GONE"), ("SOL", "SOL")))
    assert chosen_pairs(named, symbols) == [(3, 0)]
    assert chosen_pairs(PairsSettings(), ("SOLUSDT", "ADAUSDT")) == []


def test_coins_are_known_by_any_name_and_what_follows_another_is_in_no_pair_unless_named() -> None:
    symbols = ("SOLUSDPERP", "BTCPERPETUAL", "WBTCUSDT", "USDCUSDT", "TUSDUSDT")
    assert chosen_pairs(PairsSettings(), symbols) == [(0, 1)]
    assert chosen_pairs(PairsSettings(pairs=(("WBTC", "BTC"),)), symbols) == [(2, 1)]


def market(rng: np.random.Generator, coins: int = 8) -> tuple[FloatArray, tuple[str, ...]]:
    """Closes [coins, 500] that all follow the first, far enough apart at the end to be traded."""
    x = np.cumsum(0.02 * rng.standard_normal(500))
    residual = np.zeros((coins, 500))
    for t in range(1, 500):
        residual[1:, t] = 0.8 * residual[1:, t - 1] + 0.01 * rng.standard_normal(coins - 1)
    residual[1:, -1] += rng.choice([-0.03, 0.03], coins - 1)
    return np.exp(x + residual), ("BTCUSDT", *(f"C{n}USDT" for n in range(1, coins)))


def test_a_symbol_s_reading_is_the_sum_of_its_legs() -> None:
    close, symbols = market(np.random.default_rng(5))
    signal = KIND.build(PairsSettings(against=("BTC",)))
    result = signal.run(close[None], symbols=symbols)
    position = np.zeros(8)
    for coin in range(1, 8):
        told = dict(zip(signal.statistic_names, result.statistics[coin], strict=True))
        if told["open_pairs"]:
            size = -np.sign(told["z"]) * np.clip((abs(told["z"]) - 0.5) / 1.5, 0, 1)
            legs = np.array([1.0, -told["beta"]]) / (1 + abs(told["beta"]))
            position[[coin, 0]] += size * (1 - told["p"] / 0.05) * legs
    held = result.value * result.confidence
    assert np.abs(result.value).max() <= 1
    assert np.abs(position).max() > 0.1
    np.testing.assert_allclose(held / np.abs(held).max(), position / np.abs(position).max(), atol=1e-12)


def reasons(result: KernelResult) -> list[Reason]:
    return [REASONS[code] for code in result.reason.tolist()]


def test_a_symbol_without_history_takes_no_other_along() -> None:
    close, symbols = market(np.random.default_rng(6))
    signal = KIND.build(PairsSettings(against=("BTC",)))
    whole = signal.run(close[None], symbols=symbols)
    without = close.copy()
    without[3] = np.nan
    result = signal.run(without[None], symbols=symbols)
    assert reasons(result) == [Reason.OK] * 3 + [Reason.NAN_INPUT] + [Reason.OK] * 4
    np.testing.assert_array_equal(
        np.delete(result.statistics[1:], 2, 0), np.delete(whole.statistics[1:], 2, 0)
    )
    without = close.copy()
    without[0] = np.nan
    result = signal.run(without[None], symbols=symbols)
    assert reasons(result) == [Reason.NAN_INPUT] + [Reason.TOO_FEW_ASSETS] * 7


def test_a_price_that_stands_still_is_in_no_pair() -> None:
    still = golden()
    still[0] = 7.0
    assert [reading.reason for reading in read(still)] == [Reason.TOO_FEW_ASSETS] * 2


def test_what_a_symbol_says_is_held_of_it() -> None:
    np.testing.assert_array_equal(own_legs(NAMES, np.array([0.3, -0.6])), np.eye(2))


def test_all_that_is_held_is_no_more_than_the_whole_budget() -> None:
    np.testing.assert_allclose(own_legs(NAMES, np.array([0.9, -0.6])), np.eye(2) / 1.5)


@pytest.mark.parametrize("wrong", [{"full": 0.5}, {"broken": 1.0}, {"shortest": 200.0}])
def test_settings_out_of_order_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        PairsSettings.model_validate(wrong)
