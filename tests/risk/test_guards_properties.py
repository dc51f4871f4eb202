"""Guards over whole random histories: severity, HALTED, and a restart at any bar that changes nothing."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.guard_state import to_dict, to_json
from risk.guards import GuardInputs, GuardState, ProtectiveExit, from_dict, step
from risk.state import OPERATOR, OverrideRefused, clear_override, effective_state, resume, set_override
from store.records import FundingPayment, Override, Side, TradingState
from tests.risk.guard_fixtures import LIMITS, SYMBOLS, Book, bar, fill, trip

HALTED = TradingState.HALTED


def history(seed: int, bars: int, wild: float) -> list[GuardInputs]:
    """Bars on which every guard has its chance: equity walks down, shocks, gaps, rejects, trips, lost proofs."""
    rng = np.random.default_rng(seed)
    hours, equity, high = 0.0, 100_000.0, 100_000.0
    seen = []
    for _ in range(bars):
        hours += float(rng.choice([1.0, 1.0, 1.0, 0.25, 30.0])) if rng.random() < wild else 1.0
        equity *= float(np.exp(0.01 * rng.standard_normal() - 0.0005))
        high = max(high, equity)
        facts: dict[str, object] = {"equity": equity, "high_water_mark": high}
        if rng.random() < wild:
            facts |= eventful(rng, hours)
        seen.append(bar(hours, **facts))
    return seen


def eventful(rng: np.random.Generator, hours: float) -> dict[str, object]:
    symbol = str(rng.choice(SYMBOLS))
    ts_ms = bar(hours).ts_ms
    payment = FundingPayment("p", symbol, Decimal(1), Decimal(1), Decimal(0), Decimal("-1.23"), ts_ms)
    choices: list[dict[str, object]] = [
        {"bar_return": 0.1 * rng.standard_normal(len(SYMBOLS))},
        {"missing_run": rng.integers(0, 6, len(SYMBOLS))},
        {"rejects_ms": tuple(ts_ms - int(back) for back in rng.integers(0, 90_000, 8))},
        {"booked": (*trip(str(int(rng.integers(-500, 300)))), payment)},
        {"booked": (fill(Side.BUY, "2", symbol=symbol), fill(Side.SELL, "3", "101", symbol, "0.00000003"))},
        {"exits": (ProtectiveExit(symbol, Side.BUY if rng.random() < 0.5 else Side.SELL),)},
        {"forecast": {name: float(rng.standard_normal()) for name in SYMBOLS}},
        {"equity": None},
        {"positions_proven": False},
        {"unproven": (symbol,)},
    ]
    chosen: dict[str, object] = {}
    for index in rng.permutation(len(choices))[:3]:
        chosen |= choices[index]
    return chosen


HISTORIES = st.builds(history, st.integers(0, 2**32), st.integers(1, 120), st.floats(0, 1))


@given(HISTORIES)
def test_the_most_severe_override_is_the_state(bars: list[GuardInputs]) -> None:
    book = Book()
    for inputs in bars:
        book.see(inputs)
        states = [override.state for override in book.state.overrides if not override.scope]
        assert book.trading_state == max(states, default=TradingState.ACTIVE)


@given(HISTORIES)
def test_halted_never_ends_without_resume(bars: list[GuardInputs]) -> None:
    kill = Override("kill", HALTED, "operator", "enough", bars[0].ts_ms, OPERATOR)
    book = Book(state=GuardState(overrides=set_override((), kill)))
    for inputs in bars:
        book.see(inputs)
        assert book.trading_state is HALTED
        for override in book.state.overrides:
            if override.state is HALTED:
                with pytest.raises(OverrideRefused):
                    clear_override(book.state.overrides, override.name)
    assert effective_state(resume(book.state.overrides)) is not HALTED


@given(HISTORIES)
def test_every_override_says_who_why_and_how_it_ends(bars: list[GuardInputs]) -> None:
    book = Book()
    for inputs in bars:
        book.see(inputs)
        for override in book.state.overrides:
            assert override.actor == "guard"
            assert override.reason
            assert override.ends
            assert override.since_ts_ms <= inputs.ts_ms
            assert override.until_ts_ms is None or override.until_ts_ms > inputs.ts_ms


@given(HISTORIES)
def test_changes_are_exactly_what_changed(bars: list[GuardInputs]) -> None:
    book = Book()
    for inputs in bars:
        known = dict.fromkeys(book.state.overrides)
        before = book.state
        book.see(inputs)
        for change in book.changes:
            if change.override is not None and change.action.value == "set":
                known = {
                    o: None
                    for o in known
                    if (o.name, o.scope) != (change.override.name, change.override.scope)
                }
                known[change.override] = None
            elif change.override is not None:
                del known[change.override]
        assert set(known) == set(book.state.overrides)
        assert (book.state is before) or (book.state != before)


def run_with_restarts(bars: list[GuardInputs], stops: set[int]) -> None:
    uninterrupted, restarted = Book(), Book()
    for index, inputs in enumerate(bars):
        uninterrupted.see(inputs)
        restarted.see(inputs)
        assert restarted.changes == uninterrupted.changes
        if index in stops:
            text = to_json(restarted.state)
            assert json.loads(text) == json.loads(json.dumps(to_dict(restarted.state), allow_nan=False))
            restarted.state = from_dict(json.loads(text))
            assert to_json(restarted.state) == text
        assert restarted.state == uninterrupted.state


STOPS = st.sets(st.integers(0, 119), max_size=5)


@settings(max_examples=60)
@given(HISTORIES, STOPS)
def test_a_restart_at_any_bar_changes_nothing(bars: list[GuardInputs], stops: set[int]) -> None:
    run_with_restarts(bars, stops)


@pytest.mark.slow
@settings(max_examples=3_000)
@given(HISTORIES, STOPS)
def test_restarts_at_length(bars: list[GuardInputs], stops: set[int]) -> None:
    run_with_restarts(bars, stops)


def test_a_fresh_state_may_be_read_from_nothing() -> None:
    assert from_dict({}) == GuardState()


@pytest.mark.benchmark
def test_a_quiet_bar_costs_microseconds() -> None:
    state, _ = step(GuardState(), bar(1), Book().config, LIMITS)
    inputs = replace(bar(2), funding_rate=np.full(12, np.nan), funding_cap_rate=np.full(12, 0.0075))
    config, costs = Book().config, []
    for _ in range(20):
        begun = time.perf_counter()
        for _ in range(200):
            step(state, inputs, config, LIMITS)
        costs.append((time.perf_counter() - begun) / 200)
    assert min(costs) < 40e-6
