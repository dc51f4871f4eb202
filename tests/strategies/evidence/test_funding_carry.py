"""A4: values by hand, intervals of any length, what is missing, and a pair that earns what was settled."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.evaluate import evaluate
from strategies.evidence.funding_carry import KIND
from strategies.evidence.settings import FundingCarrySettings
from strategies.signal import Explanation, Reason
from tests.strategies.evidence.pairs import Pair
from tests.strategies.evidence.settlements import funding
from tests.strategies.fixtures import START_MS, empty_panel, walk

SIGNAL = KIND.build(FundingCarrySettings())
BORROWING = KIND.build(FundingCarrySettings(borrowable=True))


@pytest.mark.parametrize(
    ("settlements", "annual", "value", "confidence"),
    [
        ([(0.0001, 8)] * 21, 0.1095, 0.42583333, 1.0),
        ([(0.0002, 8)] * 15 + [(-0.0001, 8)] * 6, 0.12514286, 0.50404762, 0.42857143),
        ([(0.00005, 4)] * 42, 0.1095, 0.42583333, 1.0),
        ([(0.0001 / 8, 1)] * 168, 0.1095, 0.42583333, 1.0),
    ],
)
def test_golden(settlements: list[tuple[float, int]], annual: float, value: float, confidence: float) -> None:
    reading = SIGNAL.explain(*funding(settlements))
    assert reading.reason is Reason.OK
    assert reading.statistics["annual_funding"] == pytest.approx(annual, rel=1e-6)
    assert reading.value == pytest.approx(value, rel=1e-6)
    assert reading.confidence == pytest.approx(confidence, rel=1e-6)


def test_a_negative_carry_needs_spot_that_can_be_borrowed() -> None:
    window = funding([(-0.0003, 8)] * 21)
    assert SIGNAL.explain(*window) == Explanation(
        0.0, 1.0, Reason.NOT_BORROWABLE, SIGNAL.explain(*window).statistics
    )
    assert BORROWING.explain(*window).value == -1.0
    assert BORROWING.explain(*window).reason is Reason.OK


def test_what_cannot_be_borrowed_is_an_opinion_of_nothing_in_the_live_panel_too() -> None:
    panel = empty_panel(SIGNAL, 1, SIGNAL.window)
    rate, hours = (field[:, None] for field in funding([(-0.0003, 8)] * 21))
    bars = walk(np.random.default_rng(1), SIGNAL.window, 1)
    panel.extend(START_MS, *bars, inputs={"funding_rate": rate, "funding_hours": hours})
    live = evaluate([SIGNAL], panel)
    assert (live.value.item(), live.confidence.item()) == (0.0, 1.0)
    assert live.reasons == ((Reason.NOT_BORROWABLE,),)


@pytest.mark.parametrize("rate", [0.0, 1e-6, -1e-6])
def test_a_carry_below_its_costs_is_flat_whoever_could_borrow(rate: float) -> None:
    reading = SIGNAL.explain(*funding([(rate, 8)] * 21))
    assert (reading.reason, reading.value) == (Reason.OK, 0.0)


@given(
    st.lists(st.floats(-0.01, 0.01), min_size=21, max_size=21),
    st.lists(st.booleans(), min_size=21, max_size=21),
)
def test_an_interval_settled_in_two_halves_says_the_same(rates: list[float], halved: list[bool]) -> None:
    whole = [(rate, 8) for rate in rates]
    split = [
        part
        for rate, half in zip(rates, halved, strict=True)
        for part in ([(rate / 2, 4)] * 2 if half else [(rate, 8)])
    ]
    one, two = BORROWING.explain(*funding(whole)), BORROWING.explain(*funding(split))
    assert two.reason is one.reason is Reason.OK
    assert two.value == pytest.approx(one.value, abs=1e-9)
    if all(halved):
        assert two.confidence == pytest.approx(one.confidence, abs=1e-12)


def test_agreement_counts_intervals_whatever_their_length() -> None:
    reading = BORROWING.explain(*funding([(0.0008, 8)] * 20 + [(-0.0001, 1)] * 8))
    assert reading.statistics["intervals"] == 28
    assert reading.statistics["same_sign_share"] == pytest.approx(20 / 28)
    assert reading.confidence == pytest.approx(2 * 20 / 28 - 1)


@pytest.mark.parametrize(
    ("interval", "missing"), [(8, 0), (8, 3), (8, 20), (4, 7), (1, 0), (1, 90), (1, 167)]
)
def test_a_missing_interval_is_a_gap(interval: int, missing: int) -> None:
    rates, hours = funding([(0.0001, interval)] * (168 // interval))
    rates[interval * (missing + 1) - 1] = hours[interval * (missing + 1) - 1] = np.nan
    assert SIGNAL.explain(rates, hours).reason is Reason.GAP


def test_the_window_may_begin_and_end_within_an_interval() -> None:
    rates, hours = funding([(0.0001, 8)] * 23)
    for start in range(8, 16):
        reading = SIGNAL.explain(rates[start : start + 168], hours[start : start + 168])
        assert (reading.reason, reading.statistics["intervals"]) == (Reason.OK, 21)


@pytest.mark.parametrize(("interval", "start"), [(8, 4), (8, 6), (4, 2), (2, 0), (1, 0)])
def test_one_that_was_due_before_the_first_of_the_window_is_missing(interval: int, start: int) -> None:
    rates, hours = funding([(0.0001, interval)] * (192 // interval))
    rates[interval - 1] = hours[interval - 1] = np.nan
    assert SIGNAL.explain(rates[start : start + 168], hours[start : start + 168]).reason is Reason.GAP
    whole = slice(interval, interval + 168)
    assert SIGNAL.explain(rates[whole], hours[whole]).reason is Reason.OK


def test_the_first_of_the_window_may_come_a_bar_late() -> None:
    rates, hours = funding([(0.0001, 8)] * 21)
    for field in (rates, hours):
        field[8], field[7] = field[7], np.nan
    assert SIGNAL.explain(rates, hours).reason is Reason.OK


def test_a_settlement_that_comes_a_bar_late_is_not_missing() -> None:
    rates, hours = funding([(0.0001, 8)] * 21)
    for field in (rates, hours):
        field[40], field[39] = field[39], np.nan
    assert SIGNAL.explain(rates, hours).value == pytest.approx(0.42583333, rel=1e-6)


def test_an_interval_that_changes_is_used_as_it_was_recorded() -> None:
    mixed = [(0.0001, 8)] * 10 + [(0.00005, 4)] * 12 + [(0.0000125, 1)] * 40
    assert SIGNAL.explain(*funding(mixed)).value == pytest.approx(0.42583333, rel=1e-6)


def test_reasons() -> None:
    rates, hours = funding([(0.0001, 8)] * 21)
    nothing = np.full(168, np.nan)
    assert SIGNAL.explain(rates[1:], hours[1:]).reason is Reason.WARMUP
    assert SIGNAL.explain(nothing, nothing).reason is Reason.NO_INPUT
    for bad in (np.nan, np.inf):
        assert SIGNAL.explain(np.where(np.arange(168) == 15, bad, rates), hours).reason is Reason.NAN_INPUT
    for bad in (np.nan, 0.0, -8.0, np.inf):
        assert SIGNAL.explain(rates, np.where(np.arange(168) == 15, bad, hours)).reason is Reason.NAN_INPUT


def test_the_pair_earns_what_was_settled_less_its_costs() -> None:
    price, fee_rate = Decimal(60_000), Decimal("0.0005")
    rates = [Decimal("0.0001")] * 90
    pair = Pair(price, price, fee_rate)
    for number, rate in enumerate(rates):
        pair.settle(number, price, rate)
    earned = pair.close(price, price) / price
    assert abs(earned - (sum(rates) - 4 * fee_rate)) < Decimal("1e-12")
