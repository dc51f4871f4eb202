"""Bitcoin's leg against the betas of the others: the same in the account and in the book a signal has by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from engine import shadow_kernel
from engine.hedge import DAY_MS, Hedge
from engine.shadow import Shadow
from engine.shadow_terms import Terms
from risk import neutral
from store.records import InstrumentKind
from tests.engine.decision_worlds import loose_limits
from tests.engine.test_neutral_book import A6, NO, SYMBOLS, StillMarket, days_with_betas, instrument, table

BETAS = np.array([1.0, 1.5, 0.5])
INSTRUMENTS = [instrument(symbol) for symbol in SYMBOLS]


@pytest.mark.parametrize(
    ("legs", "betas", "held"),
    [
        ([0.0, 0.4, -0.4], [1.0, 1.5, 0.5], [-0.4, 0.4, -0.4]),
        ([0.2, 0.4, -0.4], [1.0, 1.5, 0.5], [-0.4, 0.4, -0.4]),
        ([0.0, 0.4, -0.4], [1.0, 1.0, 1.0], [0.0, 0.4, -0.4]),
        ([0.0, 0.4, 0.0], [1.0, 1.5, NO], [-0.6, 0.4, 0.0]),
        ([0.0, 0.4, -0.4], [1.0, 1.5, NO], [0.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], [NO, NO, NO], [0.0, 0.0, 0.0]),
    ],
)
def test_the_hedge_brings_the_sum_of_legs_times_betas_to_nothing(
    legs: list[float], betas: list[float], held: list[float]
) -> None:
    """In a signal's own book and, compiled, in the decision."""
    hedge, beta = Hedge.of(INSTRUMENTS, allow_short=True), np.array(betas)
    assert hedge.hedged(np.array(legs), beta) == pytest.approx(np.array(held), abs=1e-15)
    decided = np.array(legs)
    neutral.hedge_beta.py_func(decided, beta, hedge.index, np.ones(3, dtype=np.bool_))
    assert decided == pytest.approx(np.array(held), abs=1e-15)


@pytest.mark.parametrize(
    ("spot", "allow_short"),
    [("SOLUSDT", True), ("BTCUSDT", True), ("", False)],
    ids=["a leg that is no perpetual", "nothing to hedge with", "shorting is off"],
)
def test_what_cannot_be_hedged_is_not_held(spot: str, allow_short: bool) -> None:
    listed = [instrument(s, InstrumentKind.SPOT) if s == spot else instrument(s) for s in SYMBOLS]
    hedge = Hedge.of(listed, allow_short)
    assert not hedge.hedged(np.array([0.0, 0.4, -0.4]), BETAS).any()


def test_the_own_book_of_a_signal_is_hedged_anew_with_each_day_though_it_says_nothing_new() -> None:
    """A6 holds half the budget of each of two coins; bitcoin against 1.5 - 0.5, from the next day against 0.8 - 0.5."""
    still = StillMarket((0,), days_with_betas(*BETAS), np.array([100.0, 10.0, 2.0]))
    value = np.array([[NO, 1.0, -1.0]])
    readings = SimpleNamespace(closed_ms=(0,), value=value, confidence=np.ones((1, 3)), reasons=[["OK"] * 3])
    market = SimpleNamespace(
        symbols=SYMBOLS,
        readings=readings,
        last_close=still.last_close,
        now_ms=0,
        daily_closes=lambda days: still.daily_closes(days),
    )
    terms = Terms.of(INSTRUMENTS, 1.0, loose_limits(neutral_budget=0.2))
    shadow = Shadow([A6], table((A6, 0.0)), cast("Any", market), terms)
    nothing = np.zeros(3)
    decision: Any = SimpleNamespace(current=nothing, average=nothing, stages=np.zeros((14, 3)))
    held = []
    for now_ms in (DAY_MS // 2, DAY_MS - 1, DAY_MS):
        if now_ms == DAY_MS:
            still.days = days_with_betas(1.0, 0.8, 0.5)
        market.now_ms = now_ms
        shadow.fold(now_ms, decision, nothing)
        held.append(shadow._book[shadow_kernel.HELD, 0].tolist())
    assert held[0] == held[1] == pytest.approx([-0.1, 0.1, -0.1])
    assert held[2] == pytest.approx([-0.03, 0.1, -0.1])
