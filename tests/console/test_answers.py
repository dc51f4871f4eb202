"""Plain data of an engine as typed rows: what is there is read, what is odd is refused in a way the asker knows."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import read_answers
from engine.commands import DetailKind
from tests.console.recorded_details import recorded

READERS = {
    DetailKind.ORDER: read_answers.read_order_why,
    DetailKind.ORDERS: read_answers.read_orders,
    DetailKind.POSITION: read_answers.read_position,
    DetailKind.SIGNAL: read_answers.read_signal,
    DetailKind.AUDIT: read_answers.read_audit,
    DetailKind.COMMANDS: read_answers.read_commands,
    DetailKind.CONFIG: read_answers.read_config,
}
ANSWERS = recorded()
UNDERSTOOD = (AttributeError, KeyError, TypeError, ValueError)
json_values: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({})
)


@pytest.mark.parametrize("kind", READERS)
def test_what_an_engine_answers_is_read(kind: DetailKind) -> None:
    assert READERS[kind](ANSWERS[kind])


def spoil(data: Any, draw: st.DataObject) -> Any:
    """The data with one value somewhere in it changed or taken away."""
    if isinstance(data, dict) and data:
        key = draw.draw(st.sampled_from(sorted(data, key=str)))
        if draw.draw(st.booleans()) and data[key]:
            return data | {key: spoil(data[key], draw)}
        rest = {name: value for name, value in data.items() if name != key}
        return rest | {key: draw.draw(json_values)} if draw.draw(st.booleans()) else rest
    if isinstance(data, list) and data:
        return [spoil(data[0], draw), *data[1:]]
    return draw.draw(json_values)


@given(st.data(), st.sampled_from(sorted(READERS)))
def test_an_odd_answer_is_read_or_refused_and_nothing_else(data: st.DataObject, kind: DetailKind) -> None:
    odd = spoil(copy.deepcopy(ANSWERS[kind]), data)
    try:
        READERS[kind](odd)
    except UNDERSTOOD:
        pass


def test_fills_and_funding_of_a_position_are_newest_first() -> None:
    facts = read_answers.read_position(ANSWERS[DetailKind.POSITION])
    assert facts.fills[0].ts_ms > facts.fills[1].ts_ms
    assert facts.funding[0].ts_ms > facts.funding[1].ts_ms
