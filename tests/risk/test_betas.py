"""Betas are the slopes of least squares, of whole days only; what is not known is no number."""

from __future__ import annotations

import numpy as np
import pytest

from risk.betas import BETA_DAYS, daily_betas


def closes(*returns: np.ndarray) -> np.ndarray:
    """Closes [S, D + 1] with these log returns."""
    paths: np.ndarray = 100.0 * np.exp(
        np.cumsum(np.column_stack([np.zeros(len(returns)), np.array(returns)]), axis=1)
    )
    return paths


@pytest.mark.parametrize("seed", range(5))
def test_betas_are_slopes_with_a_constant(seed: int) -> None:
    draw = np.random.default_rng(seed)
    market = draw.normal(0.001, 0.03, BETA_DAYS)
    coins = [beta * market + draw.normal(0.002, 0.02, BETA_DAYS) for beta in (0.5, 1.0, 1.7)]
    found = daily_betas(closes(coins[0], market, *coins[1:]), 1)
    for beta, coin in zip(found[[0, 2, 3]], coins, strict=True):
        assert beta == pytest.approx(np.polyfit(market, coin, 1)[0], rel=1e-9)
    assert found[1] == 1.0


def test_a_coin_with_a_missing_day_has_no_beta_and_the_others_keep_theirs() -> None:
    draw = np.random.default_rng(1)
    market = draw.normal(0.0, 0.03, BETA_DAYS)
    prices = closes(market, 2.0 * market, 0.5 * market)
    prices[1, :3] = np.nan
    assert daily_betas(prices, 0) == pytest.approx([1.0, np.nan, 0.5], nan_ok=True)
    prices[0, 0] = np.nan
    assert np.isnan(daily_betas(prices, 0)).all()


def test_nothing_has_a_beta_to_what_does_not_move() -> None:
    still = np.zeros(BETA_DAYS)
    assert np.isnan(daily_betas(closes(still, still + 0.01), 0)).all()
