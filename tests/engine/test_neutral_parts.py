"""Whose a position is, the directional book's or the neutral legs': what was passed between them with the decision,
what each was given of a fill, and what a stop took from both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.neutral_book import HELD, HELD_LEGS, WANTED, WANTED_LEGS, holds_legs, legs_in, passed_to_legs

Parts = tuple[float, float]
"""Directional and neutral, in units."""

units = st.integers(-400, 400).map(lambda quarters: quarters / 4)
parts = st.tuples(units, units)


def decided(held: Parts, wanted: Parts) -> NDArray[np.float64]:
    """The plan of one symbol after a decision."""
    plan = np.array([[sum(held)], [held[1]], [sum(wanted)], [wanted[1]]], dtype=np.float64)
    plan[HELD_LEGS] += passed_to_legs(plan)
    return plan


def legs_of(held: Parts, wanted: Parts, quantity: float) -> float:
    """What of the quantity is held for legs."""
    return float(legs_in(np.array([quantity]), decided(held, wanted))[0])


@pytest.mark.parametrize(
    ("held", "wanted", "quantity", "expected"),
    [
        pytest.param((0, 0), (5, 3), 8, (5, 3), id="bought whole"),
        pytest.param((0, 0), (5, 3), 0, (0, 0), id="an order that never filled"),
        pytest.param((0, 0), (5, 3), 4, (2.5, 1.5), id="half filled"),
        pytest.param((5, 3), (5, 0), 8, (5, 3), id="a closing leg without a fill is a leg"),
        pytest.param((5, 3), (5, 0), 6, (5, 1), id="a closing leg that is nearly gone"),
        pytest.param((5, 3), (5, 0), 5, (5, 0), id="a leg that is gone"),
        pytest.param((0, -3), (0, 0), -1, (0, -1), id="a short leg that is nearly gone"),
        pytest.param((5, -3), (5, 0), 3, (5, -2), id="a closing leg against the rest"),
        pytest.param((6, 3), (5, 3), 8.5, (5.5, 3), id="a band short of a sale by the other part"),
        pytest.param((5, 0), (0, 3), 5, (2, 3), id="what one sells the other buys, without a fill"),
        pytest.param((5, 0), (0, 3), 4, (1, 3), id="and only the rest is sold"),
        pytest.param((0, 0), (5, -5), 0, (5, -5), id="one against the other needs no order"),
        pytest.param((5, -5), (0.5, 0), 0, (0.5, -0.5), id="nor do both when they shrink"),
        pytest.param((5, 3), (5, 3), 4, (2.5, 1.5), id="half stopped out"),
        pytest.param((5, 3), (5, 3), 0, (0, 0), id="stopped out"),
        pytest.param((0, 0), (5, 3), -2, (-2, 0), id="stopped out beyond nothing"),
        pytest.param((4, 0), (5, 3), 2, (2, 0), id="stopped before the order filled"),
        pytest.param((8, 0), (5, -1), 2, (2.5, -0.5), id="stopped after the order filled"),
        pytest.param((5, 3), (5, 3), 10, (7, 3), id="bought by other hands"),
        pytest.param((5, 0), (-5, 0), 1, (1, 0), id="directional alone"),
    ],
)
def test_a_position_is_told_apart(held: Parts, wanted: Parts, quantity: float, expected: Parts) -> None:
    legs = legs_of(held, wanted, quantity)
    assert (quantity - legs, legs) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=300)
@given(parts, units, units)
def test_without_legs_decided_or_held_all_is_directional(held: Parts, wanted: float, quantity: float) -> None:
    assert legs_of((held[0], 0.0), (wanted, 0.0), quantity) == 0.0
    assert not holds_legs(decided((held[0], 0.0), (wanted, 0.0)))


@settings(max_examples=300)
@given(parts, parts, units)
def test_legs_are_never_beyond_nothing_what_was_held_for_them_and_what_was_decided(
    held: Parts, wanted: Parts, quantity: float
) -> None:
    legs = legs_of(held, wanted, quantity)
    assert min(0.0, held[1], wanted[1]) - 1e-9 <= legs <= max(0.0, held[1], wanted[1]) + 1e-9


@settings(max_examples=300)
@given(parts, parts)
def test_without_a_fill_the_parts_stay_but_for_what_they_pass_to_each_other(
    held: Parts, wanted: Parts
) -> None:
    legs = legs_of(held, wanted, sum(held))
    rest, change = wanted[0] - held[0], wanted[1] - held[1]
    passed = min(abs(rest), abs(change)) if rest * change < 0.0 else 0.0
    assert legs == pytest.approx(held[1] + np.sign(change) * passed, abs=1e-9)


@settings(max_examples=300)
@given(parts, parts, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_fill_brings_both_parts_nearer_to_what_is_wanted_and_the_whole_of_it_there(
    held: Parts, wanted: Parts, one: float, other: float
) -> None:
    """In proportion to what each still needs, however the order fills."""
    less, more = sorted((one, other))
    begin = legs_of(held, wanted, sum(held))
    way = sum(wanted) - sum(held)
    for share in (less, more):
        legs = legs_of(held, wanted, sum(held) + share * way)
        expected = begin + share * (wanted[1] - begin) if way else wanted[1]
        assert legs == pytest.approx(expected, abs=1e-9)
    assert legs_of(held, wanted, sum(wanted)) == pytest.approx(wanted[1], abs=1e-9)
    after_less = sum(held) + less * way
    legs = legs_of(held, wanted, after_less)
    rebased = decided((after_less - legs, legs), wanted)
    again = legs_in(np.array([sum(held) + more * way]), rebased)[0]
    assert again == pytest.approx(legs_of(held, wanted, sum(held) + more * way), abs=1e-9)


@settings(max_examples=300)
@given(parts, parts, units)
def test_shorts_are_told_apart_as_longs_are(held: Parts, wanted: Parts, quantity: float) -> None:
    mirrored = legs_of((-held[0], -held[1]), (-wanted[0], -wanted[1]), -quantity)
    assert mirrored == -legs_of(held, wanted, quantity)


@settings(max_examples=300)
@given(parts, parts, st.floats(0.0, 1.0))
def test_a_stop_takes_from_both_parts_in_proportion_and_all_of_them_where_nothing_is_left(
    held: Parts, wanted: Parts, left: float
) -> None:
    """Told of a position that is where its plan led."""
    plan = decided(held, wanted)
    plan[HELD], plan[HELD_LEGS] = plan[WANTED], plan[WANTED_LEGS]
    whole = sum(wanted)
    if whole:
        assert legs_in(np.array([left * whole]), plan)[0] == pytest.approx(left * wanted[1], abs=1e-9)
