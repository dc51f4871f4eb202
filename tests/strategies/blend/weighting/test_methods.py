"""Weights of a class: published values of every method, and what holds whatever the returns were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.blend.weighting.concentration import closest_pair, effective_bets
from strategies.blend.weighting.hierarchical import hierarchical, leaf_order
from strategies.blend.weighting.methods import Weights, weigh
from strategies.blend.weighting.performance import tilted
from strategies.blend.weighting.risk_parity import equal_risk
from strategies.blend.weighting.settings import Method, WeightingSettings
from strategies.blend.weighting.shrinkage import estimate
from tests.strategies.blend.weighting.series import (
    CORRELATION,
    NAMES,
    VOLATILITY,
    Floats,
    correlated,
    samples,
)

COUNTED = settings(max_examples=60, deadline=None)
ESTIMATED = [method for method in Method if method is not Method.MANUAL]
NAN = float("nan")


def weights(returns: Floats, method: Method, **changes: Any) -> Weights:
    """The shares of as many signals as there are columns, manual ones falling."""
    chosen = replace(WeightingSettings(method, least_days=2), **changes)
    manual = np.arange(returns.shape[1], 0, -1.0)
    return weigh(NAMES[: returns.shape[1]], returns, manual / manual.sum(), chosen)


def risk_parts(share: Floats, correlation: Floats, volatility: Floats) -> Floats:
    """What each series adds to the variance, as a share of it."""
    covariance = correlation * np.outer(volatility, volatility)
    parts = share * (covariance @ share)
    return np.asarray(parts / parts.sum(), dtype=np.float64)


# --- published values


def test_equal_risk_of_the_published_covariance() -> None:
    found = equal_risk(CORRELATION, VOLATILITY)
    np.testing.assert_allclose(found, [0.38361251, 0.19180625, 0.24261785, 0.18196339], atol=5e-9)


def test_hierarchical_risk_parity_of_the_published_covariances() -> None:
    found = hierarchical(CORRELATION, VOLATILITY)
    np.testing.assert_allclose(found, [0.55631501, 0.13907875, 0.19494799, 0.10965825], atol=5e-9)
    two = hierarchical(np.eye(2), np.array([0.2, 0.3]))
    np.testing.assert_allclose(two, [0.69230769, 0.30769231], atol=5e-9)


def test_inverse_volatility_equal_and_tilted_by_hand() -> None:
    days = np.array([[1, -1], [-1, 1], [2, 3], [0, -1]]) * 0.01
    by_volatility = weights(days, Method.INVERSE_VOLATILITY).share
    deviations = days.std(axis=0)
    np.testing.assert_allclose(by_volatility, deviations[::-1] / deviations.sum())
    np.testing.assert_array_equal(weights(days, Method.EQUAL).share, [0.5, 0.5])
    paid = days.mean(axis=0) / deviations
    np.testing.assert_allclose(tilted(days, 0.4), 0.2 + 0.6 * paid / paid.sum())
    assert tilted(days * [1, -1], 0.4).tolist() == [0.8, 0.2]
    assert tilted(-days, 0.4).tolist() == [0.5, 0.5]


# --- equal risk


@COUNTED
@given(samples())
def test_every_series_adds_the_same_risk(returns: Floats) -> None:
    known = estimate(returns)
    share = equal_risk(known.correlation, known.volatility)
    np.testing.assert_allclose(
        risk_parts(share, known.correlation, known.volatility), 1 / share.size, atol=1e-6 / share.size
    )
    assert share.min() > 0
    assert share.sum() == pytest.approx(1)


@pytest.mark.parametrize("rho", [-0.02, 0.5, 0.99, 0.999_999])
def test_alike_correlations_give_inverse_volatility(rho: float) -> None:
    volatility = np.geomspace(0.01, 10, 32)
    alike = np.full((32, 32), rho) + (1 - rho) * np.eye(32)
    expected = (1 / volatility) / (1 / volatility).sum()
    np.testing.assert_allclose(equal_risk(alike, volatility), expected, rtol=1e-9)


def test_a_correlation_that_cannot_be_inverted_is_refused() -> None:
    with pytest.raises(ValueError, match="positive definite"):
        equal_risk(np.ones((2, 2)), np.ones(2))


# --- hierarchical risk parity


def by_scipy(distance: Floats) -> list[int]:
    """The leaves as the library everybody uses orders them."""
    from scipy.cluster.hierarchy import linkage, to_tree
    from scipy.spatial.distance import squareform

    return list(to_tree(linkage(squareform(distance, checks=False), "single")).pre_order())


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(2, 32), st.booleans())
def test_leaves_are_ordered_as_the_oracle_orders_them(seed: int, count: int, tied: bool) -> None:
    rng = np.random.default_rng(seed)
    distance = rng.uniform(size=(count, count))
    distance = np.round(distance, 1) if tied else distance
    distance = np.triu(distance, 1) + np.triu(distance, 1).T
    assert leaf_order(distance) == by_scipy(distance)


@COUNTED
@given(samples())
def test_hierarchical_shares_are_positive_and_sum_to_one(returns: Floats) -> None:
    assume(returns.shape[1] > 1)
    known = estimate(returns)
    share = hierarchical(known.correlation, known.volatility)
    assert share.min() > 0
    assert share.sum() == pytest.approx(1)


def test_one_series_has_no_hierarchy() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        hierarchical(np.eye(1), np.ones(1))


# --- every method


@COUNTED
@given(samples(silent=0.05), st.sampled_from(list(Method)), st.integers(0, 2**32 - 1))
def test_the_order_of_signals_changes_nothing_to_the_last_bit(
    returns: Floats, method: Method, seed: int
) -> None:
    count = returns.shape[1]
    order = np.random.default_rng(seed).permutation(count)
    chosen = WeightingSettings(method, least_days=2, floor=0.01, cap=0.6)
    manual = np.full(count, 1 / count)
    one = weigh(NAMES[:count], returns, manual, chosen)
    other = weigh([NAMES[k] for k in order], returns[:, order], manual, chosen)
    assert other.share.tolist() == one.share[order].tolist()
    assert other.why == tuple(one.why[k] for k in order)
    assert (other.days, other.bets, other.intensity) == pytest.approx(
        (one.days, one.bets, one.intensity), nan_ok=True
    )


@COUNTED
@given(
    samples(silent=0.05), st.sampled_from(ESTIMATED), st.floats(0, 1), st.floats(0.001, 1), st.floats(0, 1)
)
def test_shares_sum_to_one_inside_their_bounds(
    returns: Floats, method: Method, floor: float, cap: float, shrink: float
) -> None:
    found = weights(returns, method, floor=floor, cap=cap, shrink=shrink)
    assume(found.days)
    among = found.share[[reason == method.value for reason in found.why]]
    assert found.share.sum() == pytest.approx(1)
    assert among.size
    assert among.min() >= min(floor, 1 / among.size) - 1e-12
    assert among.max() <= max(cap, 1 / among.size) + 1e-12
    assert 1 - 1e-9 <= found.bets <= among.size + 1e-9


@COUNTED
@given(samples(), st.sampled_from(ESTIMATED), st.floats(0.001, 1_000))
def test_the_leverage_of_all_books_changes_nothing(returns: Floats, method: Method, scale: float) -> None:
    found = weights(returns * scale, method).share
    np.testing.assert_allclose(found, weights(returns, method).share, atol=1e-8)


def test_bounds_keep_the_proportions_of_those_they_do_not_hold() -> None:
    from strategies.blend.weighting.budgets import bounded

    share = bounded(np.array([0.70, 0.20, 0.08, 0.02]), 0.05, 0.5)
    np.testing.assert_allclose(share, [0.5, 0.45 * 20 / 28, 0.45 * 8 / 28, 0.05])
    inside = np.array([0.5, 0.3, 0.2])
    assert bounded(inside, 0.1, 0.6) is inside
    np.testing.assert_allclose(bounded(np.array([1.0, 0, 0]), 0.0, 0.4), [0.4, 0.3, 0.3])
    np.testing.assert_allclose(bounded(np.array([1.0, 0, 0]), 0.9, 0.2), [1 / 3] * 3)


# --- what cannot be estimated


def test_a_series_that_never_moves_or_is_too_short_has_no_share_and_says_why() -> None:
    returns = correlated(1, 100, 5)
    returns[:, 1] = 0.0
    returns[:70, 2] = NAN
    returns[:, 3] = NAN
    found = weights(returns, Method.EQUAL_RISK, least_days=60)
    assert found.share[[1, 2, 3]].tolist() == [0, 0, 0]
    assert found.why == (
        "equal-risk",
        "it never moved",
        "30 of 60 days known",
        "0 of 60 days known",
        "equal-risk",
    )
    assert found.days == 100
    expected = weights(returns[:, [0, 4]], Method.EQUAL_RISK, least_days=60).share
    np.testing.assert_allclose(found.share[[0, 4]], expected)


def test_series_that_hardly_meet_lose_the_one_with_the_fewest_days() -> None:
    returns = correlated(2, 100, 3)
    returns[:40, 1] = NAN
    returns[65:, 2] = NAN
    found = weights(returns, Method.EQUAL, least_days=50)
    assert found.share.tolist() == [0.5, 0, 0.5]
    assert found.why[1] == "25 of 50 days in common with the others"
    assert found.days == 65


@pytest.mark.parametrize("method", list(Method))
def test_where_nothing_can_be_estimated_the_manual_shares_stand(method: Method) -> None:
    found = weights(np.full((400, 2), NAN), method, least_days=60)
    assert found.share.tolist() == [2 / 3, 1 / 3]
    assert (found.days, found.pair, found.why) == (0, ("", ""), ("0 of 60 days known",) * 2)
    assert weights(np.empty((0, 2)), method).days == 0


@pytest.mark.parametrize("method", list(Method))
def test_the_only_series_has_all_of_it(method: Method) -> None:
    found = weights(correlated(3, 90, 1), method, cap=0.4)
    assert found.share.tolist() == [1.0]
    assert found.bets == pytest.approx(1)


def test_manual_shares_are_left_alone_and_yet_measured() -> None:
    returns = correlated(4, 200, 3)
    found = weights(returns, Method.MANUAL, floor=0.3, cap=0.35)
    assert found.share.tolist() == [0.5, 1 / 3, 1 / 6]
    assert found.days == 200
    assert 1 < found.bets < 3


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"need returns \[D, 2\]"):
        weigh(("a", "b"), np.zeros((5, 3)), np.zeros(2), WeightingSettings(Method.EQUAL, 2))


# --- concentration


@pytest.mark.parametrize(("rho", "bets"), [(0.0, 4.0), (1.0, 1.0), (0.5, 1.6), (-0.3, 4.0)])
def test_bets_of_four_alike(rho: float, bets: float) -> None:
    alike = np.full((4, 4), rho) + (1 - rho) * np.eye(4)
    assert effective_bets(np.full(4, 0.25), alike, np.full(4, 0.2)) == pytest.approx(bets)


def test_one_share_is_one_bet_and_none_is_none() -> None:
    assert effective_bets(np.array([1.0, 0]), np.eye(2), np.ones(2)) == 1.0
    assert effective_bets(np.zeros(2), np.eye(2), np.ones(2)) == 0.0


def test_the_closest_pair_is_of_those_that_have_a_share() -> None:
    assert closest_pair(np.full(4, 0.25), CORRELATION) == (0, 1, 0.8)
    assert closest_pair(np.array([0, 0.5, 0.2, 0.3]), CORRELATION)[2] == 0.0
    first, second, correlation = closest_pair(np.array([1.0, 0, 0, 0]), CORRELATION)
    assert (first, second) == (-1, -1)
    assert np.isnan(correlation)
