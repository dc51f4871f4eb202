"""Records as JSON text: what any JSON encoder says of their fields, and the record again, digit for digit."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.venues.rows import from_text, to_text
from store.records import Fill, FundingPayment, Instrument, Order, OrderReport, Position

KINDS = (Fill, FundingPayment, Instrument, Order, OrderReport, Position)
EXACT = st.decimals(allow_nan=False, allow_infinity=False)
AMOUNTS = {"Decimal": EXACT, "Decimal | None": st.none() | EXACT}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_a_record_is_the_json_of_its_fields_and_reads_back(kind: type[Any], data: st.DataObject) -> None:
    amounts = {field.name: AMOUNTS[str(field.type)] for field in fields(kind) if str(field.type) in AMOUNTS}
    record = data.draw(st.builds(kind, **amounts))
    text = to_text(record)
    assert text == json.dumps(asdict(record), default=str, separators=(",", ":"))
    again = from_text(kind, text)
    assert again == record
    assert to_text(again) == text
