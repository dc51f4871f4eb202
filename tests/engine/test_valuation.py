"""Positions valued in whole numbers: to the last digit what Decimals say."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger import Ledger
from engine.valuation import Valuation, mark_price
from store.records import Instrument, InstrumentKind, OptionRight, Position

D = Decimal
BTC = Instrument("BTCUSDT", InstrumentKind.PERPETUAL, "BTC", "USDT", D("0.1"), D("0.001"), D("0.001"), D(5))
STEPS = ["0.1", "0.01", "0.5", "0.25", "1", "10", "0.00001", "0.0000001", "0.003"]


@pytest.mark.parametrize(
    ("close", "tick", "mark"),
    [
        (100.0, "0.1", "100.0"),
        (100.04, "0.1", "100.0"),
        (100.06, "0.1", "100.1"),
        # Between two ticks the even one, which only the shortest decimal of the close can tell.
        (100.05, "0.1", "100.0"),
        (100.15, "0.1", "100.2"),
        (0.125, "0.25", "0.00"),
        (0.375, "0.25", "0.50"),
        (1e-9, "0.00001", "0.00000"),
        (123456789012345.0, "0.1", "123456789012345.0"),
    ],
)
def test_the_mark_is_the_nearest_tick(close: float, tick: str, mark: str) -> None:
    instrument = replace(BTC, tick=D(tick))
    held = Position("BTCUSDT", D(3), D(0))
    worth = Valuation([instrument]).worth({"BTCUSDT": held}, np.array([close]))
    assert str(mark_price(instrument, close)) == mark
    assert worth.unrealised == 3 * D(mark)


HOLDINGS = st.lists(
    st.tuples(
        st.sampled_from(STEPS),
        st.sampled_from(STEPS),
        st.integers(-(10**9), 10**9),
        st.integers(-(10**15), 10**15).map(lambda units: D(units).scaleb(-8)),
        st.one_of(
            st.floats(1e-6, 1e6),
            st.integers(1, 10**7).map(lambda halves: halves * 0.05),
            st.integers(1, 10**7).map(lambda cents: cents / 100),
        ),
    ),
    max_size=6,
)


@given(HOLDINGS)
def test_worth_is_what_the_ledger_says_at_the_marks(
    holdings: list[tuple[str, str, int, Decimal, float]],
) -> None:
    instruments = [
        replace(BTC, symbol=f"C{n}USDT", tick=D(tick), lot=D(lot))
        for n, (tick, lot, _, _, _) in enumerate(holdings)
    ]
    ledger = Ledger(D(1_000_000))
    ledger.positions = {
        instrument.symbol: Position(instrument.symbol, lots * instrument.lot, cost)
        for instrument, (_, _, lots, cost, _) in zip(instruments, holdings, strict=True)
    }
    closes = np.array([close for *_, close in holdings])
    marks = {i.symbol: mark_price(i, close) for i, close in zip(instruments, closes.tolist(), strict=True)}
    worth = Valuation(instruments).worth(ledger.positions, closes)
    totals = ledger.mark(marks)
    assert str(worth.unrealised) == str(totals.unrealised)
    held = {s: float(p.quantity * marks[s]) for s, p in ledger.positions.items() if p.quantity}
    assert worth.values == held


@pytest.mark.parametrize(("close", "exposure"), [(1000.0, -80_000.0), (0.0, 0.0)])
def test_an_option_is_worth_its_premium_and_exposes_its_strike(close: float, exposure: float) -> None:
    """As limits count it: by its strike, once it has a price."""
    sold = replace(BTC, symbol="C", kind=InstrumentKind.OPTION, strike=D(40_000), right=OptionRight.CALL)
    worth = Valuation([sold]).worth({"C": Position("C", D(-2), D(-3000))}, np.array([close]))
    assert worth.unrealised == 3000 - 2 * D(close)
    assert (worth.values, worth.gross) == ({"C": exposure}, -exposure)


def test_a_position_that_changed_is_weighed_anew() -> None:
    valuation = Valuation([BTC])
    closes = np.array([100.0])
    one = valuation.worth({"BTCUSDT": Position("BTCUSDT", D(1), D(90))}, closes)
    two = valuation.worth({"BTCUSDT": Position("BTCUSDT", D(-2), D(-210))}, closes)
    none = valuation.worth({"BTCUSDT": Position("BTCUSDT")}, closes)
    assert (one.unrealised, two.unrealised, none.unrealised) == (D(10), D(10), D(0))
    assert (one.gross, two.gross, none.gross) == (100.0, 200.0, 0.0)
