"""What is wrong with a configuration, in words: one line per fault, with its place, its key and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

_LONGEST_VALUE_SHOWN = 60


class ConfigFault(Exception):
    """A configuration that cannot be used. `faults` holds one line each, in the order of the file."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: rank in the listing, place (`config.toml:14`, a variable, a flag), key and reason."""

    rank: tuple[int, int]
    place: str
    key: str
    reason: str

    def line(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.reason) if part)


def dotted(path: Path) -> str:
    """`("instruments", "BTCUSDT", "tick")` as `instruments.BTCUSDT.tick`; odd names are quoted."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
            continue
        bare = segment.isascii() and segment.replace("_", "").replace("-", "").isalnum()
        text += ("." if text else "") + (segment if bare else shown(segment))
    return text


def shown(value: object) -> str:
    """A value as it is quoted in a fault: one line, not too long."""
    match value:
        case bool():
            text = "true" if value else "false"
        case str():
            text = '"' + value.encode("unicode_escape", "backslashreplace").decode("ascii") + '"'
        case dict():
            return "a table"
        case list() | tuple():
            text = "[" + ", ".join(shown(item) for item in value[:4]) + (", ...]" if len(value) > 4 else "]")
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST_VALUE_SHOWN else text[: _LONGEST_VALUE_SHOWN - 4] + "..." + text[-1]


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` where a known name is near, else nothing."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"; did you mean {by_fold[near[0]]}?" if near else ""


def reason(error: Mapping[str, Any], unit: str) -> str:
    """One error of pydantic as a sentence about the value, with the key's unit where a number is meant."""
    value = error["input"]
    context = {name: _round(limit) for name, limit in error.get("ctx", {}).items()}
    in_unit = f" ({unit})" if unit else ""
    template = _REASONS.get(error["type"])
    if template is not None:
        return template.format(value=shown(value), unit=in_unit, **context)
    message = str(error["msg"]).removeprefix("Value error, ")
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(message.split()))


def _round(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


_NOT_A_NUMBER = "{value} is not a number{unit}"
_NOT_WHOLE = "{value} is not a whole number{unit}"
_NOT_TEXT = "{value} is not text: put it in quotes"
_NOT_A_LIST = "{value} is not a list"
_NOT_A_TABLE = "{value} is not a table of keys"
_REASONS = {
    "missing": "is required{unit}",
    "greater_than": "{value} is not above {gt}{unit}",
    "greater_than_equal": "{value} is below {ge}{unit}",
    "less_than": "{value} is not below {lt}{unit}",
    "less_than_equal": "{value} is above {le}{unit}",
    "int_type": _NOT_WHOLE,
    "int_parsing": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "int_parsing_size": "{value} has too many digits{unit}",
    "float_type": _NOT_A_NUMBER,
    "float_parsing": _NOT_A_NUMBER,
    "decimal_type": _NOT_A_NUMBER,
    "decimal_parsing": _NOT_A_NUMBER,
    "finite_number": "{value} is not finite{unit}",
    "decimal_max_places": "{value} has more than {decimal_places} decimals{unit}",
    "bool_type": "{value} is neither true nor false",
    "bool_parsing": "{value} is neither true nor false",
    "string_type": _NOT_TEXT,
    "string_too_short": "{value} is shorter than {min_length} characters",
    "string_too_long": "{value} is longer than {max_length} characters",
    "string_pattern_mismatch": "{value} does not match {pattern}",
    "enum": "{value} is not one of {expected}",
    "literal_error": "{value} is not one of {expected}",
    "tuple_type": _NOT_A_LIST,
    "list_type": _NOT_A_LIST,
    "set_type": _NOT_A_LIST,
    "frozen_set_type": _NOT_A_LIST,
    "too_short": "{value} has fewer than {min_length} items",
    "too_long": "{value} has more than {max_length} items",
    "model_type": _NOT_A_TABLE,
    "model_attributes_type": _NOT_A_TABLE,
    "dict_type": _NOT_A_TABLE,
    "date_type": "{value} is not a day: write it as 2024-01-31",
    "date_from_datetime_parsing": "{value} is not a day: write it as 2024-01-31",
    "date_parsing": "{value} is not a day: write it as 2024-01-31",
}
