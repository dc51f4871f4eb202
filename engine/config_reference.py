"""config.toml as a reference: every key of every section with what it does, its unit, its limits and its default.

Every key is commented out, because a key that is set beats the risk profile even where it repeats a default.
A comment begins with a space, a key does not: `#max_gross = 1.0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from textwrap import wrap
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config_schema import ANY_NAME, Key, Models, alternatives, find, keys_of
from engine.config_text import toml_text

_WIDTH = 100
_OWN_NAME = re.compile(r"^\[[^\]]*\]: ?")
_HEAD = """\
# Quarterdeck: every key, what it does, its unit and limits, and its default.
#
# Take the # off a line to set a key. A flag (--set risk.max_gross=1.5) beats an environment variable
# (QUARTERDECK__RISK__MAX_GROSS=1.5), which beats this file, which beats the default.
# `quarterdeck config check` lists every fault of the file, `quarterdeck config show` what is in force.
"""

# Tables whose names are the operator's own, with an example of one.
_EXAMPLES: Mapping[tuple[str, ...], str] = {
    ("instruments", ANY_NAME): "BTCUSDT",
    ("signals", "plugins", ANY_NAME): "my_signal",
    ("signals", "plugins", ANY_NAME, "parameters", ANY_NAME): "lookback = 20",
    ("risk", "clusters", ANY_NAME): 'majors = ["BTCUSDT", "ETHUSDT"]',
    ("console", "keymap", ANY_NAME): '"nav.down" = "n,down"',
}


def reference(models: Models) -> str:
    """The text of config.toml for sections of these models."""
    tables: dict[tuple[str, ...], list[Key]] = {}
    for name, model in models.items():
        for key in keys_of((name,), model):
            for depth in range(1, len(key.path)):
                tables.setdefault(key.path[:depth], [])
            tables[key.path[:-1]].append(key)
    texts = [_table(path, models, keys) for path, keys in tables.items() if keys]
    return "\n".join([_HEAD, *texts])


def _table(path: tuple[str, ...], models: Models, keys: Iterable[Key]) -> str:
    """A table of keys; one whose name is free is an example in comments."""
    header = "[" + ".".join(_EXAMPLES.get(path[: i + 1], name) for i, name in enumerate(path)) + "]"
    lines = [f"#   {header}" if ANY_NAME in path else header, *_comment(_about(path, models))]
    for key in keys:
        lines += ["", *_key(key)]
    return "\n".join(lines) + "\n"


def _about(path: tuple[str, ...], models: Models) -> str:
    """What a table is for: the description of its key, else the first line of its model's docstring."""
    found = find(models[path[0]], path[1:])
    if found is None:
        return ""
    _, annotation, field = found
    if field is not None and field.description:
        return field.description
    document = next((m.__doc__ for m in alternatives(annotation) if _is_model(m)), None) or ""
    return _OWN_NAME.sub("", document.strip().partition("\n")[0])


def _key(key: Key) -> list[str]:
    if key.path[-1] == ANY_NAME:
        return [f"#   {_EXAMPLES.get(key.path, 'NAME = VALUE')}"]
    about = key.description.removesuffix(f" ({key.unit})")
    facts = [*([key.unit] if key.unit else []), *_limits(key.annotation)]
    about = f"{about} ({', '.join(facts)})" if facts else about
    value, name = toml_text(key.default), key.path[-1]
    if not value:
        return [*_comment(about), f"#   {name} is not set by default"]
    return [*_comment(about), f"#   {name} = {value}" if ANY_NAME in key.path else f"#{name} = {value}"]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, _WIDTH - 2)]


def limits_of(field: FieldInfo) -> list[str]:
    """The words for what the value of a model's field must be."""
    annotation: Any = field.annotation
    return _limits(Annotated[annotation, *field.metadata] if field.metadata else annotation)


def _limits(annotation: Any) -> list[str]:
    """The words for what a value must be: choices, least and most."""
    words = []
    for member in alternatives(annotation):
        if get_origin(member) is Literal:
            words.append("one of " + ", ".join(str(choice) for choice in get_args(member)))
        elif isinstance(member, type) and issubclass(member, Enum):
            words.append("one of " + ", ".join(str(choice.value) for choice in member))
    return words + [word for limit in metadata_of(annotation) if (word := _limit(limit))]


def _limit(limit: object) -> str:
    match limit:
        case Ge(ge=bound):
            return f"at least {bound}"
        case Gt(gt=bound):
            return f"above {bound}"
        case Le(le=bound):
            return f"at most {bound}"
        case Lt(lt=bound):
            return f"below {bound}"
        case _:
            return ""


def metadata_of(annotation: Any) -> list[object]:
    """The limits that `Annotated` puts on a key itself, not those on the items of a list."""
    if get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        return [*metadata_of(inner), *own]
    if get_origin(annotation) in (Union, UnionType):
        return [limit for member in get_args(annotation) for limit in metadata_of(member)]
    return []


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
