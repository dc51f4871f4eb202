"""The cross-sectional choice: published scores, who stays, who is left out, and Wilder's index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from strategies.blend.selector import (
    Measures,
    Selection,
    SelectorSettings,
    directional_index,
    percentile,
    score,
    select,
    sharpe_and_volatility,
)

Floats = NDArray[np.float64]
NAN = float("nan")
TOP_THREE = SelectorSettings(count=3, stay_ranks=1, least_quote_volume=1e6, by_inverse_volatility=False)
GOLDEN = Measures(
    sharpe=np.array([1.5, 0.5, 2.5, -0.2]),
    trend=np.array([30, 20, 25, 40.0]),
    confidence=np.array([0.7, 0.9, 0.6, 0.65]),
    volatility=np.array([0.6, 0.8, 0.5, 1.2]),
    quote_volume=np.full(4, 2e6),
)
COUNTED = settings(max_examples=80, deadline=None)


def drawn(seed: int, count: int) -> Measures:
    rng = np.random.default_rng(seed)
    return Measures(
        rng.normal(size=count),
        rng.uniform(size=count),
        rng.uniform(size=count),
        rng.uniform(0.1, 2, count),
        rng.uniform(0.9e6, 9e6, count),
    )


def chosen(selection: Selection) -> list[int]:
    assert selection.weight is not None
    return np.flatnonzero(selection.weight).tolist()


def test_the_published_scores_and_the_three_that_follow() -> None:
    np.testing.assert_allclose(score(GOLDEN, 1e6), [0.67333333, 0.34666667, 0.72, 0.43], atol=5e-9)
    selection = select(GOLDEN, np.zeros(4, dtype=bool), TOP_THREE)
    assert selection.weight is not None
    np.testing.assert_allclose(selection.weight, [1 / 3, 0, 1 / 3, 1 / 3])


def test_ranks_are_averaged_where_equal() -> None:
    assert percentile(np.array([3.0, 1, 3, 2, 3])).tolist() == [0.75, 0, 0.75, 0.25, 0.75]


@pytest.mark.parametrize(
    ("incumbent", "stay_ranks", "count", "expected"),
    [
        ([], 1, 3, [0, 2, 3]),
        ([1], 1, 3, [0, 1, 2]),
        ([1], 0, 3, [0, 2, 3]),
        ([1], 1, 2, [0, 2]),
        ([1], 2, 2, [1, 2]),
        ([0, 1, 3], 2, 2, [0, 3]),
    ],
)
def test_an_incumbent_stays_until_it_falls_behind(
    incumbent: list[int], stay_ranks: int, count: int, expected: list[int]
) -> None:
    """The ranks are third, first, fourth, second symbol; the better of two incumbents stays first."""
    before = np.isin(np.arange(4), incumbent)
    chosen_now = select(GOLDEN, before, replace(TOP_THREE, count=count, stay_ranks=stay_ranks))
    assert chosen(chosen_now) == expected


def test_shares_by_inverse_volatility() -> None:
    selection = select(GOLDEN, np.zeros(4, dtype=bool), replace(TOP_THREE, by_inverse_volatility=True))
    inverse = np.array([1 / 0.6, 0, 1 / 0.5, 1 / 1.2])
    assert selection.weight is not None
    np.testing.assert_allclose(selection.weight, inverse / inverse.sum())


@pytest.mark.parametrize("fault", ["sharpe", "trend", "confidence", "volatility", "quote_volume"])
def test_what_is_unknown_or_hardly_traded_is_left_out(fault: str) -> None:
    column = getattr(GOLDEN, fault).copy()
    column[2] = 0.9e6 if fault == "quote_volume" else NAN
    selection = select(GOLDEN._replace(**{fault: column}), np.ones(4, dtype=bool), TOP_THREE)
    assert np.isnan(selection.score[2])
    assert chosen(selection) == [0, 1, 3]


def test_fewer_than_two_leave_no_choice() -> None:
    thin = GOLDEN._replace(quote_volume=np.array([2e6, 0, 0, 0]))
    selection = select(thin, np.ones(4, dtype=bool), TOP_THREE)
    assert selection.weight is None
    assert np.isnan(selection.score).all()


def test_more_places_than_symbols_take_them_all() -> None:
    assert chosen(select(GOLDEN, np.zeros(4, dtype=bool), replace(TOP_THREE, count=9))) == [0, 1, 2, 3]


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(2, 30))
def test_permuting_symbols_permutes_scores(seed: int, count: int) -> None:
    measures = drawn(seed, count)
    order = np.random.default_rng(seed).permutation(count)
    moved = Measures(*(column[order] for column in measures))
    np.testing.assert_allclose(score(moved, 1e6), score(measures, 1e6)[order], atol=1e-15)


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_who_is_beaten_in_everything_ranks_behind(seed: int, count: int) -> None:
    measures = drawn(seed, count)
    scores = score(measures, 0.0)
    columns = (measures.sharpe, measures.trend, measures.confidence, -measures.volatility)
    for one in range(count):
        for other in range(count):
            if all(column[one] > column[other] for column in columns):
                assert scores[one] > scores[other]


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_without_confidence_the_worst_of_all_changes_no_order(seed: int, count: int) -> None:
    measures = drawn(seed, count)._replace(confidence=np.zeros(count))
    worst = (measures.sharpe.min() - 1, -1.0, 0.0, 9.0, 5e6)
    more = Measures(*(np.append(column, last) for column, last in zip(measures, worst, strict=True)))
    before = np.argsort(score(measures, 0.0), kind="stable").tolist()
    ties = np.unique(np.round(score(measures, 0.0), 12)).size < count
    after = np.argsort(score(more, 0.0)[:-1], kind="stable").tolist()
    assert ties or before == after


@COUNTED
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 6), st.integers(0, 3), st.booleans())
def test_as_many_as_wanted_are_chosen_and_share_all(
    seed: int, count: int, places: int, stay_ranks: int, by_volatility: bool
) -> None:
    measures = drawn(seed, count)
    incumbent = np.random.default_rng(seed).uniform(size=count) < 0.4
    selection = select(measures, incumbent, SelectorSettings(places, stay_ranks, 1e6, by_volatility))
    ranked = int(np.isfinite(selection.score).sum())
    if ranked < 2:
        assert selection.weight is None
        return
    assert selection.weight is not None
    assert len(chosen(selection)) == min(places, ranked)
    assert selection.weight.sum() == pytest.approx(1)
    again = select(measures, selection.weight > 0, SelectorSettings(places, stay_ranks, 1e6, by_volatility))
    assert chosen(again) == chosen(selection)


def wilder(high: list[float], low: list[float], close: list[float], period: int) -> float:
    """The index once more, one number after the other."""
    plus, minus, reach = [], [], []
    for n in range(1, len(high)):
        up, down = high[n] - high[n - 1], low[n - 1] - low[n]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
        reach.append(max(high[n] - low[n], abs(high[n] - close[n - 1]), abs(low[n] - close[n - 1])))
    smooth = [sum(moves[: period - 1]) for moves in (plus, minus, reach)]
    indices = []
    for n in range(period - 1, len(reach)):
        smooth = [s - s / period + moves[n] for s, moves in zip(smooth, (plus, minus, reach), strict=True)]
        plus_di, minus_di = smooth[0] / smooth[2], smooth[1] / smooth[2]
        indices.append(abs(plus_di - minus_di) / (plus_di + minus_di))
    average = sum(indices[:period]) / period
    for index in indices[period:]:
        average = (average * (period - 1) + index) / period
    return average


@pytest.mark.parametrize("bars", [28, 29, 100])
def test_the_directional_index_is_wilder_s(bars: int) -> None:
    rng = np.random.default_rng(bars)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (3, bars)), axis=1))
    high, low = (close * np.exp(sign * rng.uniform(0, 0.03, close.shape)) for sign in (1, -1))
    found = directional_index(high, low, close, 14)
    for s in range(3):
        assert found[s] == pytest.approx(wilder(high[s].tolist(), low[s].tolist(), close[s].tolist(), 14))
    high[1, 3] = NAN
    assert np.isnan(directional_index(high, low, close, 14)).tolist() == [False, True, False]


def test_a_straight_climb_trends_fully_and_a_still_market_not_at_all() -> None:
    climb = np.arange(1.0, 61)[np.newaxis]
    still = np.full((1, 60), 5.0)
    assert directional_index(climb + 1, climb - 1, climb, 14)[0] == pytest.approx(1)
    assert directional_index(still + 1, still - 1, still, 14)[0] == 0.0


def test_sharpe_ratio_and_volatility_of_known_returns() -> None:
    """The ten returns of the published example: 2.568342956 per annum."""
    returns = np.array([0.01, -0.02, 0.03, 0.005, -0.01, 0.02, -0.005, 0.015, -0.03, 0.01])
    closes = 100 * np.cumprod(np.concatenate([[1.0], 1 + returns]))
    gap = np.where(np.arange(11) == 4, NAN, closes)
    sharpe, volatility = sharpe_and_volatility(np.array([closes, gap, np.full(11, 7.0)]))
    assert sharpe[0] == pytest.approx(2.568342956, rel=1e-9)
    assert volatility[0] == pytest.approx(returns.std(ddof=1) * 365**0.5)
    assert np.isnan([sharpe[1], sharpe[2], volatility[1], volatility[2]]).all()
