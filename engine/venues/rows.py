"""Records as JSON text and back, digit for digit: how the venue's file keeps orders, positions and events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar

from engine.venues.venue import VenueEvent
from store.records import (
    Fill,
    FundingPayment,
    InstrumentKind,
    OrderPurpose,
    OrderReport,
    OrderStatus,
    OrderType,
    Side,
)

Record = TypeVar("Record")
Reader = Callable[[str], Any] | None

_READERS: Mapping[str, Callable[[str], Any]] = {
    "Decimal": Decimal,
    "Decimal | None": Decimal,
    "InstrumentKind": InstrumentKind,
    "OrderPurpose": OrderPurpose,
    "OrderStatus": OrderStatus,
    "OrderType": OrderType,
    "Side": Side,
}
"""By annotation, as the records module writes it; every other field is JSON already."""


def to_text(record: object) -> str:
    """A record as one JSON object; Decimals become strings with their exact digits."""
    return json.dumps({name: getattr(record, name) for name, _ in _fields(type(record))}, default=str)


def from_text(kind: type[Record], text: str) -> Record:
    """The record that `to_text` wrote."""
    values = json.loads(text)
    for name, read in _fields(kind):
        if read is not None and values[name] is not None:
            values[name] = read(values[name])
    return kind(**values)


def event_row(event: VenueEvent) -> tuple[int, int, int, str, str]:
    """Sequence, bar, time, kind and payload of an event."""
    for kind in _EVENT_KINDS:
        payload = getattr(event, kind)
        if payload is not None:
            return event.sequence, event.bar_open_ms, payload.ts_ms, kind, to_text(payload)
    raise ValueError(f"event {event.sequence} carries nothing")


def event_of(sequence: int, bar_open_ms: int, kind: str, payload: str) -> VenueEvent:
    """The event a row holds."""
    return VenueEvent(sequence, bar_open_ms=bar_open_ms, **{kind: from_text(_EVENT_KINDS[kind], payload)})


_EVENT_KINDS: Mapping[str, type] = {"report": OrderReport, "fill": Fill, "funding": FundingPayment}


def _fields(kind: Any) -> tuple[tuple[str, Reader], ...]:
    if kind not in _KNOWN:
        _KNOWN[kind] = tuple((field.name, _READERS.get(str(field.type))) for field in fields(kind))
    return _KNOWN[kind]


_KNOWN: dict[Any, tuple[tuple[str, Reader], ...]] = {}
