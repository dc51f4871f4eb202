"""Records as JSON text and back, digit for digit: how the venue's file keeps orders, positions and events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from engine.venues.venue import VenueEvent
from store.records import (
    Fill,
    FundingPayment,
    InstrumentKind,
    OptionRight,
    OrderPurpose,
    OrderReport,
    OrderStatus,
    OrderType,
    Side,
)

Record = TypeVar("Record")

_READERS: Mapping[str, Callable[[str], Any]] = {
    "Decimal": Decimal,
    "Decimal | None": Decimal,
    "InstrumentKind": InstrumentKind,
    "OptionRight | None": OptionRight,
    "OrderPurpose": OrderPurpose,
    "OrderStatus": OrderStatus,
    "OrderType": OrderType,
    "Side": Side,
}
"""By annotation, as the records module writes it; every other field is JSON already."""


def to_text(record: object) -> str:
    """A record as one JSON object; Decimals become strings with their exact digits."""
    shape = _shape(type(record))
    return shape.form % tuple([_WRITERS[type(value)](value) for value in shape.values(record)])


def from_text(kind: type[Record], text: str) -> Record:
    """The record that `to_text` wrote; a field that it did not know yet has its default."""
    values = json.loads(text)
    for name, read in _shape(kind).readers:
        if values.get(name) is not None:
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


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    **dict.fromkeys(
        (str, InstrumentKind, OptionRight, OrderPurpose, OrderStatus, OrderType, Side),
        encode_basestring_ascii,
    ),
    Decimal: '"{}"'.format,
    int: int.__repr__,
    bool: {False: "false", True: "true"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}
"""By the type of a value, how it is written as JSON; an encoder takes twice as long to ask each value what it is."""


class _Shape(NamedTuple):
    """The fields of a record: the form that their values fill, all of these at once, and how those that are no JSON are
    read."""

    form: str
    values: Callable[[object], tuple[Any, ...]]
    readers: tuple[tuple[str, Callable[[str], Any]], ...]


def _shape(kind: Any) -> _Shape:
    if kind not in _KNOWN:
        names = tuple(field.name for field in fields(kind))
        readers = ((field.name, _READERS.get(str(field.type))) for field in fields(kind))
        known = tuple((name, read) for name, read in readers if read is not None)
        form = ",".join(f'"{name}":%s' for name in names)
        _KNOWN[kind] = _Shape(f"{{{form}}}", attrgetter(*names), known)
    return _KNOWN[kind]


_KNOWN: dict[Any, _Shape] = {}
