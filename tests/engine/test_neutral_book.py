"""What market-neutral signals in force want held, by hand: their legs, bitcoin's leg against the betas of the others,
and opinions that last three periods and no longer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.decision import STAGES, Decision, Readings, SignalSpec, SignalTable
from engine.decision_layout import LIMITED
from engine.neutral_book import NeutralBook, Parts
from engine.neutral_positions import neutral_positions
from risk.betas import BETA_DAYS
from store.records import Instrument, InstrumentKind, SignalClass, SignalType, TradingState
from strategies.registry import BUILT_IN
from strategies.signal import Signal
from tests.engine.decision_worlds import World, flags, loose_limits, simple_world

Floats = NDArray[np.float64]
DAY_MS = 86_400_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
A6, C5, C6 = (
    next(kind.build(kind.settings()) for kind in BUILT_IN if kind.name == name) for name in ("A6", "C5", "C6")
)
STAGE, TARGET = STAGES.index("neutral"), STAGES.index("state")
NO = np.nan


@dataclass(slots=True)
class StillMarket:
    """A market as the book sees it: closes, when each signal's newest bar closed, and daily closes."""

    closed_ms: tuple[int, ...]
    days: Floats
    last_close: Floats
    symbols: tuple[str, ...] = SYMBOLS
    now_ms: int = 0

    @property
    def readings(self) -> SimpleNamespace:
        return SimpleNamespace(closed_ms=self.closed_ms)

    def daily_closes(self, days: int) -> Floats:
        assert days == BETA_DAYS + 1
        return self.days


class Drawer(dict[str, bytes]):
    """Takes what a book stores."""

    def state(self, name: str, value: bytes) -> None:
        self[name] = value


def instrument(symbol: str, kind: InstrumentKind = InstrumentKind.PERPETUAL) -> Instrument:
    cent = Decimal("0.01")
    return Instrument(symbol, kind, symbol.removesuffix("USDT"), "USDT", cent, cent, cent, Decimal(5))


def days_with_betas(*betas: float) -> Floats:
    """Daily closes whose returns are so many times the first one's."""
    market = np.random.default_rng(5).normal(0.0, 0.03, BETA_DAYS)
    paths = [np.concatenate([[0.0], np.cumsum(beta * market)]) for beta in betas]
    return np.array(100.0 * np.exp(paths))


def market(*signals: Signal, betas: tuple[float, ...] = (1.0, 1.5, 0.5), now_ms: int = 0) -> StillMarket:
    return StillMarket((now_ms,) * len(signals), days_with_betas(*betas), np.array([100.0, 10.0, 2.0]))


def table(*weighed: tuple[Signal, float]) -> SignalTable:
    return SignalTable(
        tuple(SignalSpec(s.name, s.signal_class, s.type, weight, s.scalar) for s, weight in weighed)
    )


def book(
    still: StillMarket,
    *weighed: tuple[Signal, float],
    kinds: dict[str, InstrumentKind] | None = None,
    **changes: Any,
) -> NeutralBook:
    kinds = kinds or {}
    listed = [instrument(s, kinds.get(s, InstrumentKind.PERPETUAL)) for s in still.symbols]
    made = NeutralBook(listed, cast("Any", still), changes.get("allow_short", True))
    made.weigh([signal for signal, _ in weighed], table(*weighed))
    return made


def said(*rows: tuple[list[float], float]) -> Readings:
    value = np.array([value for value, _ in rows])
    confidence = np.where(np.isfinite(value), np.array([[q] for _, q in rows]), 0.0)
    return Readings(value, confidence)


def legs_of(made: NeutralBook, readings: Readings, now_ms: int = 0) -> Floats:
    _, legs = made.join(readings, now_ms, np.zeros(len(readings.value[0])), 1000.0)
    assert legs is not None
    return legs.legs


def decision(made: NeutralBook, readings: Readings, weighed: SignalTable, **changes: Any) -> Decision:
    """Decided from these readings alone, in a market whose every price is 1."""
    count = readings.value.shape[1]
    world = simple_world(np.zeros(count), np.zeros(count))
    limits = replace(world.parameters.risk, **({"neutral_budget": 0.2} | changes))
    joined, legs = made.join(readings, 0, np.zeros(count), 1000.0)
    parameters = replace(world.parameters, signals=weighed, risk=limits)
    return World(joined, world.market, world.portfolio, world.risk, parameters, legs).decide()


def test_two_signals_hold_their_legs_and_bitcoin_against_the_betas() -> None:
    """C5: 0.6 x 0.2 of 0.8 and -0.4 at confidence 0.5, by 1 / (0.8 + 0.4): 0.04 and -0.02; their betas come to
    0.04 x 1.5 - 0.02 x 0.5 = 0.05. A6: 0.4 x 0.2 of 1 and -1 by 1 / 2: 0.04 and -0.04, betas 0.04."""
    weighed = ((C5, 0.6), (A6, 0.4))
    readings = said(([NO, 0.8, -0.4], 0.5), ([NO, 1.0, -1.0], 1.0))
    made = book(market(C5, A6), *weighed)
    found = decision(made, readings, table(*weighed))
    assert found.stages[STAGE] == pytest.approx([-0.09, 0.08, -0.06], abs=1e-12)
    assert found.stages[TARGET] == pytest.approx([-0.09, 0.08, -0.06], abs=1e-12)
    assert made.scalars(found) == {
        "neutral_gross": 1.0, "C5_limited": 1.0, "C5_granted": 1.0, "A6_limited": 1.0, "A6_granted": 1.0
    }  # fmt: skip


def test_a_limit_scales_the_legs_of_its_signal_alone_and_is_told() -> None:
    weighed = ((C5, 0.6), (A6, 0.4))
    readings = said(([NO, 0.8, -0.4], 0.5), ([NO, 1.0, -1.0], 1.0))
    made = book(market(C5, A6), *weighed)
    caps = {**dict.fromkeys(SignalType, 9.0), SignalType.STATISTICAL: 0.01}
    found = decision(made, readings, table(*weighed), type_limits=caps)
    assert found.stages[STAGE] == pytest.approx([-0.0125 - 0.04, 0.01 + 0.04, -0.005 - 0.04], abs=1e-12)
    assert made.scalars(found)["C5_limited"] == pytest.approx(0.25)
    assert made.scalars(found)["A6_limited"] == 1.0


def test_what_a_signal_holds_is_what_it_holds_in_its_own_book() -> None:
    still, values = market(A6), np.array([NO, 1.0, -0.5])
    own = neutral_positions(A6.legs, still.symbols, values, values * 0.75)
    assert legs_of(book(still, (A6, 1.0)), said(([NO, 1.0, -0.5], 0.75)))[0] == pytest.approx(own)


@pytest.mark.parametrize(
    ("silent_days", "share"), [(0, 1.0), (1, 1.0), (3, 1.0), (3 + 1 / 24, 0.0), (9, 0.0)]
)
def test_the_last_opinion_counts_for_three_periods(silent_days: float, share: float) -> None:
    still = market(A6)
    made = book(still, (A6, 1.0))
    spoken = legs_of(made, said(([NO, 1.0, -1.0], 1.0)))[0]
    still.closed_ms = (int(silent_days) * DAY_MS,)
    now_ms = round(silent_days * DAY_MS)
    assert legs_of(made, said(([NO, NO, NO], 0.0)), now_ms)[0] == pytest.approx(share * spoken)


def test_a_symbol_that_falls_silent_alone_keeps_its_leg_and_a_new_opinion_replaces_it() -> None:
    still = market(C5)
    made = book(still, (C5, 1.0))
    legs_of(made, said(([NO, 0.4, -0.4], 1.0)))
    still.closed_ms = (DAY_MS,)
    assert legs_of(made, said(([NO, 0.2, NO], 1.0)), DAY_MS)[0] == pytest.approx([0.0, 0.2, -0.4])


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"kinds": {"SOLUSDT": InstrumentKind.SPOT}}, id="a leg that is no perpetual"),
        pytest.param({"kinds": {"BTCUSDT": InstrumentKind.SPOT}}, id="nothing to hedge with"),
        pytest.param({"allow_short": False}, id="shorting is off"),
    ],
)
def test_legs_are_held_together_or_not_at_all(broken: dict[str, Any]) -> None:
    assert not legs_of(book(market(A6), (A6, 1.0), **broken), said(([NO, 1.0, -1.0], 1.0))).any()


def test_without_a_signal_in_force_a_decision_hears_nothing_of_it_and_nothing_is_stored() -> None:
    readings, drawer = said(([NO, 1.0, -1.0], 1.0)), Drawer()
    made = book(market(A6), (A6, 0.0))
    joined, legs = made.join(readings, 0, np.zeros(3), 1000.0)
    assert legs is None
    assert joined is readings
    made.store(cast("Any", drawer))
    assert drawer == {}


def test_a_signal_whose_instruments_are_not_listed_is_no_part_of_it() -> None:
    unlisted = replace(A6, name="X", legs=None)
    assert book(market(unlisted), (unlisted, 1.0)).signals == ()


def want(made: NeutralBook, symbol: int, units: float, legs: float) -> None:
    """Decide to hold so many units, so many of them for legs."""
    unit = made._market.last_close[symbol] / 1000.0
    target, neutral = np.zeros(len(SYMBOLS)), np.zeros(len(SYMBOLS))
    target[symbol], neutral[symbol] = units * unit, legs * unit
    made.decided(cast("Any", SimpleNamespace(stages={TARGET: target}, neutral=neutral)), 1000.0)


def test_a_signal_that_is_removed_leaves_what_it_held_to_be_sold() -> None:
    """0.04 is held for its leg in ETH beside 0.1: the leg is told apart until it is gone."""
    made = book(market(A6), (A6, 1.0))
    want(made, 1, units=14.0, legs=4.0)
    made.weigh([A6], table((A6, 0.0)))
    _, legs = made.join(said(([NO, 1.0, -1.0], 1.0)), 0, np.array([0.0, 14.0, 0.0]), 1000.0)
    assert legs is not None
    assert not legs.legs.any()
    assert legs.held == pytest.approx([0.0, 0.04, 0.0])


def test_a_decision_begins_with_what_is_held_and_what_one_part_sells_and_the_other_buys_changes_hands() -> (
    None
):
    made, silent = book(market(A6), (A6, 1.0)), said(([NO, NO, NO], 0.0))
    want(made, 1, units=6.0, legs=0.0)
    made.join(silent, 0, np.array([0.0, 5.0, 0.0]), 1000.0)
    want(made, 1, units=3.0, legs=3.0)
    assert [made.parts(1, held) for held in (5.0, 4.0, 3.0)] == [
        Parts(2.0, 3.0),
        Parts(1.0, 3.0),
        Parts(0.0, 3.0),
    ]
    made.join(silent, 0, np.array([0.0, 4.0, 0.0]), 1000.0)
    want(made, 1, units=1.0, legs=0.0)
    assert [made.parts(1, held) for held in (4.0, 2.5, 1.0)] == [
        Parts(1.0, 3.0),
        Parts(1.0, 1.5),
        Parts(1.0, 0.0),
    ]


def test_who_wants_a_leg_is_told_of_the_symbols_it_lies_on_and_of_bitcoin_which_hedges_it() -> None:
    made = book(market(C5, A6), (C5, 0.5), (A6, 0.5))
    legs_of(made, said(([NO, 0.4, NO], 1.0), ([NO, 1.0, -1.0], 1.0)))
    assert [made.holders(n) for n in range(3)] == [("C5", "A6"), ("C5", "A6"), ("A6",)]
    assert book(market(C5), (C5, 1.0)).holders(0) == ()


def stored_book(*weighed: tuple[Signal, float]) -> tuple[NeutralBook, Drawer]:
    """A book that heard C5 and A6 and decided to buy SOL, and what it stored."""
    made, drawer = book(market(C5, A6), *weighed), Drawer()
    legs_of(made, said(([NO, 0.4, -0.4], 0.7), ([NO, 1.0, -1.0], 1.0)))
    want(made, 2, units=0.95, legs=-0.3)
    made.store(cast("Any", drawer))
    return made, drawer


def test_a_stored_book_goes_on_where_it_was_for_the_signals_that_are_in_both() -> None:
    made, drawer = stored_book((C5, 0.5), (A6, 0.5))
    other = book(market(C5, A6), (A6, 0.6), (C6, 0.4))
    other.load(drawer)
    silent = said(([NO, NO, NO], 0.0), ([NO, NO, NO], 0.0))
    assert [other.parts(2, held) for held in (0.0, 0.7, 0.95)] == [
        made.parts(2, held) for held in (0.0, 0.7, 0.95)
    ]
    assert other.parts(2, 0.7).neutral != 0.0
    assert legs_of(other, silent)[0].tobytes() == legs_of(made, silent)[1].tobytes()
    assert not legs_of(other, silent)[1].any()


def test_a_book_that_was_stored_without_what_was_held_is_read_as_it_was_meant() -> None:
    """Two rows, directional and neutral: legs were what lay beyond the directional part."""
    made, drawer = stored_book((C5, 0.5), (A6, 0.5))
    head, _, numbers = drawer["neutral"].partition(b"\n")
    said_rows = np.frombuffer(numbers)[4 * 3 :]
    decided = np.array([[0.0, 5.0, 0.0], [0.0, 3.0, -2.0]])
    older = {"neutral": head + b"\n" + decided.tobytes() + said_rows.tobytes()}
    other = book(market(C5, A6), (C5, 0.5), (A6, 0.5))
    other.load(older)
    for held, legs in ((8.0, 3.0), (7.5, 2.5), (8.5, 3.0), (5.0, 0.0), (4.0, 0.0), (0.0, 0.0)):
        assert other.parts(1, held) == Parts(held - legs, legs)
    assert other.parts(2, -1.5) == Parts(0.0, -1.5)
    silent = said(([NO, NO, NO], 0.0), ([NO, NO, NO], 0.0))
    assert legs_of(other, silent).tobytes() == legs_of(made, silent).tobytes()


def random_book(
    seed: int, symbols: int = 7
) -> tuple[NeutralBook, Readings, tuple[tuple[Signal, float], ...], Floats]:
    draw = np.random.default_rng(seed)
    betas = (1.0, *draw.uniform(0.3, 1.8, symbols - 1))
    still = market(A6, C5, C6, betas=betas)
    still.symbols = ("BTCUSDT", *(f"X{n}USDT" for n in range(1, symbols)))
    still.last_close = np.ones(symbols)
    share = draw.dirichlet(np.ones(3))
    weighed = tuple(zip((A6, C5, C6), share.tolist(), strict=True))
    value = draw.uniform(-1.0, 1.0, (3, symbols))
    value[draw.random((3, symbols)) < 0.3] = np.nan
    value[0, 0] = np.nan
    return (
        book(still, *weighed),
        Readings(value, draw.uniform(0.0, 1.0, (3, symbols))),
        weighed,
        np.array(betas),
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_legs_have_no_beta_and_stay_in_proportion_and_within_limits(seed: int) -> None:
    """One signal at a time, its legs but bitcoin's: all by one factor, none above a limit; then the whole book."""
    made, readings, weighed, betas = random_book(seed)
    caps = {**dict.fromkeys(SignalType, 9.0), SignalType.STATISTICAL: 0.02, SignalType.MOMENTUM: 0.03}
    whole = decision(made, readings, table(*weighed), type_limits=caps, max_symbol=0.025)
    assert abs(float(whole.stages[STAGE] @ betas)) < 1e-12
    assert np.abs(whole.stages[STAGE]).sum() > 0.0
    total = np.zeros(betas.size)
    for row, (signal, weight) in enumerate(weighed):
        alone = book(made._market, *((s, weight if s is signal else 0.0) for s, weight in weighed))  # type: ignore[arg-type]
        only = SignalTable(
            tuple(replace(spec, weight=float(n == row)) for n, spec in enumerate(table(*weighed).signals))
        )
        wanted = weight * 0.2 * legs_of(alone, readings)[row]
        held = decision(
            alone, readings, only, neutral_budget=0.2 * weight, type_limits=caps, max_symbol=0.025
        )
        legs = held.stages[STAGE]
        assert np.abs(legs[1:]).max() <= min(0.025, caps[signal.type]) + 1e-12
        assert legs[1:] == pytest.approx(held.leg_shares[LIMITED, row] * wanted[1:], abs=1e-12)
        total += legs
    assert whole.stages[STAGE] == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("state", [TradingState.REDUCING, TradingState.ACTIVE])
def test_what_may_not_be_opened_shrinks_every_leg_of_its_signals_and_no_other(state: TradingState) -> None:
    """A lock on ETH takes the legs of C5, which lie on it, and leaves those of A6; REDUCING takes all."""
    weighed = ((C5, 0.5), (A6, 0.5))
    readings = said(([NO, 0.4, -0.4, NO], 1.0), ([NO, NO, 1.0, -1.0], 1.0))
    still = market(C5, A6, betas=(1.0, 1.5, 0.5, 0.5))
    still.symbols, still.last_close = (*SYMBOLS, "XRPUSDT"), np.ones(4)
    made = book(still, *weighed)
    world = simple_world(np.zeros(4), np.zeros(4)).with_risk(state=state, locked=flags(4, 1))
    limits = loose_limits(neutral_budget=0.2)
    joined, legs = made.join(readings, 0, np.zeros(4), 1000.0)
    parameters = replace(world.parameters, signals=table(*weighed), risk=limits)
    found = replace(world, readings=joined, parameters=parameters, neutral=legs).decide()
    kept = made.scalars(found)
    assert kept["C5_granted"] == 0.0
    reducing = state is TradingState.REDUCING
    assert kept["A6_granted"] == (0.0 if reducing else 1.0)
    expected = [0.0] * 4 if reducing else [0.0, 0.0, 0.05, -0.05]
    assert found.stages[TARGET] == pytest.approx(expected, abs=1e-12)
    assert {spec.signal_class for spec in parameters.signals.signals} == {SignalClass.NEUTRAL}
