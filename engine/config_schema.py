"""The shape of the configuration, read off the sections' models: its keys, their types and their units.

A section is a pydantic model; a key whose type is a model is a table of its own, and a `dict[str, Model]` is
a table per name (`[instruments.BTCUSDT]`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter
from pydantic.fields import FieldInfo

from engine.config_faults import Path

ANY_NAME = "*"
_UNIT = re.compile(r"\(([^()]+)\)$")
_LISTS = (tuple, list, set, frozenset)


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `path` (`*` for a free name), annotation, default, unit and description ("" if none)."""

    path: tuple[str, ...]
    annotation: Any
    default: object
    unit: str
    description: str


def keys_of(path: tuple[str, ...], annotation: Any) -> Iterator[Key]:
    """Every key below a table, depth first, in the order of the models."""
    for name, member, field in _members(annotation):
        below = (*path, name)
        if is_table(member):
            yield from keys_of(below, member)
        elif field is None:
            yield Key(below, member, None, "", "")
        else:
            default = field.get_default(call_default_factory=True, validated_data={})
            yield Key(below, member, default, unit_of(field), field.description or "")


def is_table(annotation: Any) -> bool:
    """Whether values of this type are written as a table of keys."""
    return any(_is_model(member) or get_origin(member) is dict for member in alternatives(annotation))


def find(annotation: Any, path: Path, *, fold: bool = False) -> tuple[Path, Any, FieldInfo | None] | None:
    """The key that `path` names below a table: its path as spelled in the models, its annotation and field.

    `fold` ignores case, as environment variables do. None where there is no such key.
    """
    if not path:
        return (), annotation, None
    head, *rest = path
    for name, member, field in _members(annotation):
        matches = name == head or (fold and isinstance(head, str) and name.casefold() == head.casefold())
        if not matches and name != ANY_NAME:
            continue
        spelled = head if name == ANY_NAME else name
        if not rest:
            return (spelled,), member, field
        below = find(member, tuple(rest), fold=fold)
        return None if below is None else ((spelled, *below[0]), below[1], below[2] or field)
    return None


def names_in(annotation: Any) -> list[str]:
    """The keys and tables directly in a table."""
    return [name for name, _, _ in _members(annotation) if name != ANY_NAME]


def unit_of(field: FieldInfo | None) -> str:
    """What a number of this key counts: given with the field, or in brackets ending its description."""
    if field is None:
        return ""
    if isinstance(field.json_schema_extra, dict) and "unit" in field.json_schema_extra:
        return str(field.json_schema_extra["unit"])
    match = _UNIT.search(field.description or "")
    return match[1] if match else ""


def natural(value: Any, annotation: Any) -> Any:
    """A value of TOML as the type its key has: a list as a tuple, text as an enum, 1 as 1.0; never text as a number.

    Raises pydantic's ValidationError, with places inside the value, where it is of another type.
    """
    if isinstance(value, Decimal):
        return _adapter(annotation).validate_python(value, strict=True)
    if isinstance(value, str) and Decimal in (members := alternatives(annotation)) and str not in members:
        # JSON carries decimals as text, so that there text would pass for a number.
        return _adapter(float).validate_python(value, strict=True)
    return _adapter(annotation).validate_json(json.dumps(value), strict=True)


def from_text(text: str, annotation: Any) -> Any:
    """The value of TOML that a flag or variable means for a key of this type; unreadable text stays text."""
    members = alternatives(annotation)
    for member in members:
        if get_origin(member) in _LISTS or member in _LISTS:
            return _list_from_text(text, (get_args(member) or (str,))[0])
    kinds = {type(choice) for m in members if get_origin(m) is Literal for choice in get_args(m)}
    kinds |= {member for member in members if isinstance(member, type)}
    kinds |= {bool, int, float} if Any in members else set()
    if bool in kinds and text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    for kind in (int, float, Decimal):
        if kind in kinds:
            with suppress(ValueError, ArithmeticError):
                return kind(text)
    return text


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The member types of an annotation, without `Annotated` and None."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(inner for member in get_args(annotation) for inner in alternatives(member))
    if annotation is type(None):
        return ()
    return (annotation,)


def _list_from_text(text: str, element: Any) -> Any:
    if not text.lstrip().startswith("["):
        return [from_text(item.strip(), element) for item in text.split(",") if item.strip()]
    for read in (json.loads, lambda source: tomllib.loads(f"v = {source}")["v"]):
        try:
            return read(text)
        except (ValueError, RecursionError):
            continue
    return text


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _members(annotation: Any) -> Iterator[tuple[str, Any, FieldInfo | None]]:
    for member in alternatives(annotation):
        if _is_model(member) and issubclass(member, RootModel):
            yield from _members(member.model_fields["root"].annotation)
        elif _is_model(member):
            yield from ((name, _constrained(field), field) for name, field in member.model_fields.items())
        elif get_origin(member) is dict:
            yield ANY_NAME, get_args(member)[1], None


def _constrained(field: FieldInfo) -> Any:
    """A field's annotation together with its limits, which pydantic keeps apart."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


Models = Mapping[str, type[BaseModel]]
