"""A6: ranks by hand, who is ranked, a coin that drifts and is found, and a book that bitcoin does not move."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from strategies.evidence.cross_section import KIND, legs
from strategies.evidence.kernels.cross_section import average_ranks, rank_values
from strategies.evidence.settings import CrossSectionSettings
from strategies.signal import REASONS, FloatArray, KernelResult, Reason

SIGNAL = KIND.build(CrossSectionSettings())
COINS = 20
SYMBOLS = ("BTCUSDT", *(f"C{number}USDT" for number in range(COINS)))


def market(rng: np.random.Generator, drift: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Closes [S, w] of bitcoin and the coins, the first of which drifts, and the coins' betas."""
    days = SIGNAL.window - 1
    beta = rng.uniform(0.5, 1.5, COINS)
    bitcoin = 0.03 * rng.standard_normal(days)
    coins = beta[:, None] * bitcoin + 0.04 * rng.standard_normal((COINS, days))
    coins[0] += drift
    moves = np.vstack([bitcoin, coins])
    return 100 * np.exp(np.c_[np.zeros(COINS + 1), np.cumsum(moves, axis=1)]), beta


def read(close: FloatArray, symbols: tuple[str, ...] = SYMBOLS) -> KernelResult:
    return SIGNAL.run(close[None], symbols=symbols)


def reasons(result: KernelResult) -> list[Reason]:
    return [REASONS[code] for code in result.reason.tolist()]


def test_ranks_by_hand() -> None:
    values = rank_values(np.array([0.5, -1.2, 2.0, 0.1, 0.1, -0.3]))
    assert values == pytest.approx([0.6, -1.0, 1.0, 0.0, 0.0, -0.6])
    assert values.sum() == 0.0


@given(st.lists(st.sampled_from([-1.5, 0.0, 0.25, 3.0, 7.0]), min_size=3, max_size=30))
def test_ranks_are_those_of_scipy(scores: list[float]) -> None:
    assert average_ranks(np.array(scores)).tolist() == scipy.stats.rankdata(scores).tolist()


def test_regression_is_that_of_numpy() -> None:
    close, _ = market(np.random.default_rng(2))
    returns = np.diff(np.log(close[:, :-1]), axis=1)
    result = read(close)
    for coin in range(1, COINS + 1):
        (_, beta), residual, *_ = np.linalg.lstsq(np.c_[np.ones(60), returns[0]], returns[coin], rcond=None)
        excess = returns[coin, -21:].sum() - beta * returns[0, -21:].sum()
        deviation = np.sqrt(residual[0] / 58)
        assert result.statistics[coin, :3] == pytest.approx(
            [beta, excess, excess / (deviation * np.sqrt(21))], rel=1e-9
        )


def test_the_newest_day_and_days_before_the_regression_are_not_read() -> None:
    close, _ = market(np.random.default_rng(3))
    other = np.c_[close[:, :1] * 7, close]
    other[:, -1] *= np.random.default_rng(4).uniform(0.5, 2, COINS + 1)
    np.testing.assert_array_equal(read(other).value, read(close).value)


def test_values_of_a_cross_section_sum_to_zero_and_bitcoin_is_not_ranked() -> None:
    result = read(market(np.random.default_rng(5))[0])
    assert reasons(result) == [Reason.DEGENERATE] + [Reason.OK] * COINS
    assert np.isnan(result.value[0])
    assert result.value[1:].sum() == pytest.approx(0.0, abs=1e-12)
    assert sorted(result.value[1:]) == pytest.approx(np.linspace(-1, 1, COINS))
    assert (result.confidence[1:] == 1.0).all()


def test_a_coin_without_history_is_left_out_and_costs_confidence() -> None:
    close, _ = market(np.random.default_rng(6))
    without = close.copy()
    without[3] = np.nan
    result, others = read(without), read(np.delete(close, 3, 0), SYMBOLS[:3] + SYMBOLS[4:])
    assert reasons(result)[3] is Reason.NAN_INPUT
    np.testing.assert_array_equal(np.delete(result.value, 3), others.value)
    assert result.confidence[1] == (COINS - 1) / COINS
    assert others.confidence[1] == 1.0


@pytest.mark.parametrize(("coins", "reason"), [(8, Reason.OK), (7, Reason.TOO_FEW_ASSETS)])
def test_too_few_coins(coins: int, reason: Reason) -> None:
    close, _ = market(np.random.default_rng(7))
    assert set(reasons(read(close[: coins + 1], SYMBOLS[: coins + 1]))[1:]) == {reason}


@pytest.mark.parametrize("bitcoin", ["BTCUSDPERP", "BTCPERPETUAL", "BTCTUSD", "BTC-PERP"])
def test_the_reference_is_the_coin_however_a_venue_names_its_contract(bitcoin: str) -> None:
    close, _ = market(np.random.default_rng(8))
    one, other = read(close), read(close, (bitcoin, *SYMBOLS[1:]))
    np.testing.assert_array_equal(one.value, other.value)
    assert reasons(other)[0] is Reason.DEGENERATE


def test_stablecoins_and_wrapped_coins_are_not_ranked() -> None:
    symbols = ("BTCUSDT", "USDCUSDT", "WBTCUSDT", *SYMBOLS[3:])
    result = read(market(np.random.default_rng(8))[0], symbols)
    assert reasons(result)[:4] == [Reason.DEGENERATE] * 3 + [Reason.OK]
    assert result.confidence[3] == 1.0


def test_without_bitcoin_nothing_is_measured() -> None:
    close, _ = market(np.random.default_rng(9))
    assert set(reasons(read(close[1:], SYMBOLS[1:]))) == {Reason.NO_INPUT}
    close[0] = np.nan
    assert set(reasons(read(close))[1:]) == {Reason.NAN_INPUT}
    close[0] = 7.0
    assert set(reasons(read(close))[1:]) == {Reason.ZERO_VAR}


def test_a_coin_that_never_moves_is_left_out_alone() -> None:
    close, _ = market(np.random.default_rng(10))
    close[5] = 7.0
    assert [reasons(read(close))[coin] for coin in (4, 5)] == [Reason.OK, Reason.ZERO_VAR]


def test_too_short_a_history_is_a_warm_up() -> None:
    close, _ = market(np.random.default_rng(11))
    assert set(reasons(read(close[:, 1:]))) == {Reason.WARMUP}


def test_legs_have_a_gross_weight_of_one() -> None:
    value = np.array([np.nan, 1.0, -0.5, 0.0])
    weights = np.nansum(value[:, None] * legs(SYMBOLS[:4], value), axis=0)
    assert weights == pytest.approx([0, 2 / 3, -1 / 3, 0])
    assert not legs(SYMBOLS[:2], np.array([np.nan, 0.0])).any()


def test_a_coin_that_drifts_ranks_first_and_the_hedged_book_ignores_bitcoin() -> None:
    rng, runs = np.random.default_rng(13), 300
    first, net = 0, []
    for _ in range(runs):
        close, beta = market(rng, drift=0.04)
        result = read(close)
        first += bool(result.value[1] == 1.0)
        weight = result.value[1:] / np.abs(result.value[1:]).sum()
        net.append(weight @ beta - weight @ result.statistics[1:, 0])
    assert first / runs >= 0.95
    assert np.std(net) <= 0.06
    assert np.abs(net).max() <= 0.20


def test_a_horizon_beyond_the_regression_is_refused() -> None:
    with pytest.raises(ValueError, match="must not exceed beta_days"):
        CrossSectionSettings(horizon=61)
