"""How a picture crosses the socket: its rows in parts of a bounded size, then a head with everything that is small.

Cutting and joining go part by part, each about a millisecond's work, so that neither side holds its loop for a picture
of any size. A reader of another version ignores what it does not know; what it misses is empty, zero or unknown.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from console.link.wire import WireFault, encode, finite
from engine.snapshot import Snapshot

PART_BYTES = 16 * 1024
_NOTHING: dict[object, object] = {str: "", int: 0, float: 0.0, bool: False}
_READING = (TypeError, ValueError, KeyError, AttributeError)


def cut(snapshot: Snapshot) -> Iterator[bytes]:
    """The lines of one picture: {"part": {list: rows}} as often as needed, then {"ok": true, "snapshot": {...}}.

    Lists without rows stand in the head. What is no number travels as null.
    """
    texts: dict[str, list[str]] = {}
    size = 0
    for name in _LISTS:
        for row in getattr(snapshot, name):
            text = _row_text(row)
            texts.setdefault(name, []).append(text)
            size += len(text)
            if size >= PART_BYTES:
                yield _part(texts)
                texts, size = {}, 0
    if texts:
        yield _part(texts)
    head = {
        name: _plain(value) if dataclasses.is_dataclass(value) else value
        for name, value in _plain(snapshot).items()
        if name not in _LISTS or not value
    }
    yield encode({"ok": True, "snapshot": head})


class Assembly:
    """Joins the lines of one picture again."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Any]] = {}

    def add(self, part: Mapping[str, Any]) -> None:
        """Take the rows of one part. Raises WireFault."""
        try:
            for name in _LISTS.keys() & part.keys():
                self._rows.setdefault(name, []).extend(map(_LISTS[name].build, part[name]))
        except _READING as fault:
            raise WireFault(f"the picture cannot be read: {fault}") from fault

    def finish(self, head: Mapping[str, Any]) -> Snapshot:
        """The whole picture. Raises WireFault."""
        try:
            known = _shape(Snapshot).complete({name: head[name] for name in head.keys() - _LISTS.keys()})
            return Snapshot(**known | {name: tuple(rows) for name, rows in self._rows.items()})
        except _READING as fault:
            raise WireFault(f"the picture cannot be read: {fault}") from fault


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    """What one kind of row consists of: what each field is where it is missing, and how JSON becomes its value."""

    kind: type[Any]
    missing: dict[str, object]
    converted: dict[str, Callable[[Any], Any]]
    numbers: frozenset[str]

    def complete(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Exactly the fields of the kind."""
        values = dict(raw)
        if values.keys() != self.missing.keys():
            values = self.missing | {name: value for name, value in raw.items() if name in self.missing}
        for name, convert in self.converted.items():
            values[name] = convert(values[name])
        if None in values.values():
            values |= {name: math.nan for name in self.numbers if values[name] is None}
        return values

    def build(self, raw: Mapping[str, Any]) -> Any:
        return self.kind(**self.complete(raw))


@cache
def _shape(kind: Any) -> _Shape:
    hints = get_type_hints(kind)
    missing, converted = {}, {}
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        missing[field.name] = _when_missing(field, hint)
        convert = _converter(hint)
        if convert is not None:
            converted[field.name] = convert
    return _Shape(kind, missing, converted, frozenset(name for name, hint in hints.items() if hint is float))


def _when_missing(field: dataclasses.Field[Any], hint: object) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return () if get_origin(hint) is tuple else _NOTHING.get(hint)


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """How JSON becomes a value of this type; None where it is one already."""
    if dataclasses.is_dataclass(hint):
        return _shape(cast(Any, hint)).build
    inner = [_converter(kind) for kind in get_args(hint) if kind not in (NoneType, Ellipsis)]
    first = next((convert for convert in inner if convert is not None), None)
    if get_origin(hint) is tuple:
        return tuple if first is None else lambda values: tuple(map(first, values))
    if get_origin(hint) in (UnionType, Union) and first is not None:
        return lambda value: None if value is None else first(value)
    return None


def _row_text(row: Any) -> str:
    try:
        return _JSON.encode(row)
    except ValueError:
        return _JSON.encode(finite(dataclasses.asdict(row)))


def _part(texts: dict[str, list[str]]) -> bytes:
    lists = ",".join(f'"{name}":[{",".join(rows)}]' for name, rows in texts.items())
    return f'{{"part":{{{lists}}}}}\n'.encode()


def _plain(row: Any) -> dict[str, Any]:
    """A row as a dict; what lies in its fields stays as it is."""
    names, values = _fields(cast(Any, type(row)))
    return dict(zip(names, values(row), strict=True))


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, ...], attrgetter[Any]]:
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names, attrgetter(*names)


_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, default=_plain)
_LISTS: dict[str, _Shape] = {
    name: _shape(get_args(hint)[0])
    for name, hint in get_type_hints(Snapshot).items()
    if get_origin(hint) is tuple and dataclasses.is_dataclass(get_args(hint)[0])
}
