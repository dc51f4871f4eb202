"""C6: golden reversion, factors against an oracle, the gate's size and power, and what is held of each coin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.classical.kernels.factors import (
    DEVIATION,
    FOUND,
    MEAN,
    SCORE,
    SPEED,
    A,
    B,
    T,
    eigensystem,
    leftover,
    loadings,
    orthonormal,
    reversion,
)
from strategies.classical.kernels.residuals import opinion
from strategies.classical.residuals import KIND
from strategies.classical.settings import ResidualSettings
from strategies.signal import REASONS, FloatArray, KernelResult, Reason
from tests.strategies.fixtures import G
from tests.strategies.statistical.noise import BoolArray, closes, no_less, no_more, runs

SIGNAL = KIND.build(ResidualSettings())
DAYS = 60
RULE = np.array([0.5, 1.25, 365 / 30, -3.07])


def names(coins: int) -> tuple[str, ...]:
    return tuple(f"C{coin}" for coin in range(coins))


def read(close: FloatArray) -> KernelResult:
    return SIGNAL.run(close[None], symbols=names(len(close)))


def told(result: KernelResult, name: str) -> FloatArray:
    column: FloatArray = result.statistics[:, SIGNAL.statistic_names.index(name)]
    return column


def market(rng: np.random.Generator, coins: int, own: FloatArray | None = None) -> FloatArray:
    """Closes [coins, 365] of coins with one factor in common; `own` [60] are the first coin's newest residuals."""
    factor, residual = 0.03 * rng.standard_normal(364), 0.02 * rng.standard_normal((coins, 364))
    if own is not None:
        residual[0, -DAYS:] = own
    return closes(rng.uniform(0.6, 1.4, (coins, 1)) * factor + residual)


def autoregression(rng: np.random.Generator, phi: float) -> FloatArray:
    """Steps [60] of a stationary autoregression whose innovations are 2 %."""
    walk = np.zeros(DAYS + 100)
    for day in range(1, walk.size):
        walk[day] = phi * walk[day - 1] + 0.02 * rng.standard_normal()
    return np.diff(walk)[-DAYS:]


def test_golden() -> None:
    found = np.empty(FOUND)
    assert reversion(0.01 * G(60, 71), found)
    assert found[B] == pytest.approx(0.78618217, rel=1e-6)
    assert found[A] == pytest.approx(0.0059224293, rel=1e-6)
    assert found[MEAN] == pytest.approx(0.027698481, rel=1e-6)
    assert found[DEVIATION] == pytest.approx(0.014764585, rel=1e-6)
    assert found[SPEED] == pytest.approx(87.806863, rel=1e-6)
    assert found[SCORE] == pytest.approx(1.227416, rel=1e-6)
    assert found[T] == pytest.approx(-2.7276638, rel=1e-6)
    assert opinion(found, RULE) == 0.0


@pytest.mark.parametrize(("s", "value"), [(0.5, 0.0), (1.25, -1.0), (-0.875, 0.5), (3.0, -1.0), (-9.0, 1.0)])
def test_opinion_by_hand(s: float, value: float) -> None:
    found = np.array([0.0, 0.5, 200.0, 0.0, 1.0, s, -5.0])
    assert opinion(found, RULE) == pytest.approx(value)


@pytest.mark.parametrize(("speed", "t"), [(12.0, -5.0), (200.0, -3.0), (np.nan, -5.0)])
def test_what_shuts_the_gate(speed: float, t: float) -> None:
    assert opinion(np.array([0.0, 0.5, speed, 0.0, 1.0, 3.0, t]), RULE) == 0.0


@given(seed=st.integers(0, 2**32), size=st.integers(1, 30))
def test_eigensystem_is_that_of_lapack(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.corrcoef(rng.standard_normal((size, size + 5))).reshape(size, size)
    values, vectors = eigensystem(matrix)
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(matrix), atol=1e-12)
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, matrix, atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(size), atol=1e-12)


def test_factors_and_residuals_are_those_of_numpy() -> None:
    returns = np.diff(np.log(market(np.random.default_rng(1), 12)), axis=1)
    weights, explained = loadings(returns, 0.55, 30, 3)
    deviation = returns.std(axis=1, ddof=1)
    values, vectors = np.linalg.eigh(np.corrcoef(returns))
    count = weights.shape[1]
    assert explained == pytest.approx(values[::-1][:count].sum() / 12)
    expected = vectors[:, ::-1][:, :count] / deviation[:, None]
    np.testing.assert_allclose(np.abs(weights), np.abs(expected), rtol=1e-9)
    factors = weights.T @ returns[:, -DAYS:]
    units, triangle, independent = orthonormal(factors)
    residual, betas = leftover(returns[0, -DAYS:], units, triangle, independent)
    design = np.c_[np.ones(DAYS), factors.T]
    solved, *_ = np.linalg.lstsq(design, returns[0, -DAYS:], rcond=None)
    np.testing.assert_allclose(betas, solved[1:], rtol=1e-8)
    np.testing.assert_allclose(residual, returns[0, -DAYS:] - design @ solved, atol=1e-14)
    assert np.cumsum(residual)[-1] == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize(("coins", "most"), [(12, 3), (29, 3), (40, 40)])
def test_factors_are_few_where_coins_are(coins: int, most: int) -> None:
    returns = 0.02 * np.random.default_rng(2).standard_normal((coins, 364))
    weights, explained = loadings(returns, 0.55, 30, 3)
    assert weights.shape[1] <= most
    assert (explained >= 0.55) == (coins >= 30)


def gates(rng: np.random.Generator, count: int, phi: float | None) -> BoolArray:
    """Whether the gate opened for residuals whose running sum is an autoregression, or that are white (None), less a
    constant and a factor."""
    opened, found = np.empty(count, dtype=np.bool_), np.empty(FOUND)
    for run in range(count):
        planted = 0.02 * rng.standard_normal(DAYS) if phi is None else autoregression(rng, phi)
        residual, _ = leftover(planted, *orthonormal(rng.standard_normal((1, DAYS))))
        reversion(residual, found)
        opened[run] = found[T] < RULE[3] and found[SPEED] > RULE[2]
    return opened


@runs(fast=200, full=2_000)
def test_a_residual_that_reverts_opens_the_gate(count: int) -> None:
    assert no_less(gates(np.random.default_rng(3), count, 0.6), 0.75)


@runs(fast=200, full=2_000)
def test_white_residuals_rarely_do(count: int) -> None:
    assert no_more(gates(np.random.default_rng(4), count, None), 0.075)


@runs(fast=60, full=600)
@pytest.mark.parametrize(("phi", "least", "most"), [(0.4, 0.6, 1.0), (None, 0.0, 0.075)])
def test_the_gate_of_one_coin_among_thirty(phi: float | None, least: float, most: float, count: int) -> None:
    rng, opened = np.random.default_rng(5), np.empty(count, dtype=np.bool_)
    for run in range(count):
        own = 0.02 * rng.standard_normal(DAYS) if phi is None else autoregression(rng, phi)
        result = read(market(rng, 30, own))
        opened[run] = told(result, "t")[0] < RULE[3] and told(result, "speed")[0] > RULE[2]
    assert no_less(opened, least)
    assert no_more(opened, most)


def strayed(rng: np.random.Generator, jump: float) -> FloatArray:
    """A market whose first coin reverts, but for the newest day, on which it strayed by `jump`."""
    own = autoregression(rng, 0.2)
    own[-1] += jump
    return market(rng, 12, own)


@pytest.mark.parametrize("jump", [0.08, -0.08])
def test_what_ran_ahead_is_sold_against_its_factors(jump: float) -> None:
    rng, opened = np.random.default_rng(5), 0
    for _ in range(20):
        result = read(strayed(rng, jump))
        own = told(result, "own_value")[0]
        if np.sum(told(result, "own_value") != 0) == 1 and own:
            opened += 1
            others = result.value[1:].sum()
            assert np.sign(own) == np.sign(result.value[0]) == -np.sign(others) == -np.sign(jump)
            assert abs(others) > 0.4 * abs(result.value[0])
            assert np.abs(result.value).sum() == pytest.approx(abs(own))
            assert (result.confidence == 0.5).all()
    assert opened >= 5


def test_a_symbol_s_reading_is_the_sum_of_its_legs() -> None:
    close = strayed(np.random.default_rng(6), 0.12)
    result = read(close)
    returns = np.diff(np.log(close), axis=1)
    weights, _ = loadings(returns, 0.55, 30, 3)
    factors = (weights.T @ returns[:, -DAYS:]).T
    design = np.c_[np.ones(DAYS), factors]
    position = np.zeros(12)
    for coin, size in enumerate(told(result, "own_value")):
        betas = np.linalg.lstsq(design, returns[coin, -DAYS:], rcond=None)[0][1:]
        legs = np.eye(12)[coin] - weights @ betas
        position += size * legs / np.abs(legs).sum()
    assert np.abs(position).max() > 0
    np.testing.assert_allclose(result.value, position / max(1, np.abs(position).max()), atol=1e-10)


def test_a_market_in_which_nothing_is_open_is_flat() -> None:
    close, shut = strayed(np.random.default_rng(5), 0.08), KIND.build(ResidualSettings(gate=-20))
    result = shut.run(close[None], symbols=names(12))
    assert (result.reason == 0).all()
    assert not result.value.any()
    assert not result.confidence.any()


def reasons(result: KernelResult) -> list[Reason]:
    return [REASONS[code] for code in result.reason.tolist()]


def test_coins_without_history_are_left_out() -> None:
    close = strayed(np.random.default_rng(8), 0.12)
    close[[3, 7]] = np.nan
    result = read(close)
    assert [place for place, reason in enumerate(reasons(result)) if reason is Reason.NAN_INPUT] == [3, 7]
    rest = read(np.delete(close, [3, 7], axis=0))
    np.testing.assert_array_equal(np.delete(result.value, [3, 7]), rest.value)
    assert np.delete(result.confidence, [3, 7]) == pytest.approx(rest.confidence * 10 / 12)


def test_too_few_coins_say_nothing() -> None:
    close = market(np.random.default_rng(9), 8)
    assert reasons(read(close)) == [Reason.OK] * 8
    assert reasons(read(close[:7])) == [Reason.TOO_FEW_ASSETS] * 7
    still = close.copy()
    still[2] = 5.0
    assert reasons(read(still)).count(Reason.ZERO_VAR) == 1
    assert reasons(read(close[:, 1:])) == [Reason.WARMUP] * 8


def test_a_residual_that_stands_still_says_nothing() -> None:
    found = np.empty(FOUND)
    assert not reversion(np.zeros(DAYS), found)
    assert np.isnan(found).all()


@pytest.mark.parametrize("wrong", [{"full": 0.5}, {"days": 365}])
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must exceed"):
        ResidualSettings.model_validate(wrong)
