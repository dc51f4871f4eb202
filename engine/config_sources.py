"""Values gathered from file, environment and flags: one tree, where each value came from, and every fault.

The environment is read here and not by pydantic-settings, which passes over variables it does not know and
stops at the first it cannot read: a misspelt variable must be a fault like a misspelt key.
"""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.config_faults import Fault, Path, dotted, reason, shown, suggestion
from engine.config_lines import key_lines
from engine.config_schema import (
    Models,
    alternatives,
    find,
    from_text,
    is_table,
    keys_of,
    names_in,
    natural,
    unit_of,
)

ENVIRONMENT_PREFIX = "QUARTERDECK__"
FlagValue = str | Sequence[str]

# The flags of `quarterdeck run` that stand for a key; any other key is set by `--set`.
NAMED_FLAGS = {
    "run.mode": "--mode",
    "run.symbols": "--symbols",
    "run.data": "--data",
    "run.timerange": "--timerange",
    "run.seed": "--seed",
    "run.speed": "--speed",
    "run.bars": "--bars",
    "run.capital": "--capital",
    "store.path": "--db",
}

_PART = re.compile(r'"[^"]*"|[^.]+')
_TOML_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_ENDLESS_NUMBER = re.compile(r"\d[\d_]{4300}")


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a value was set: `source` file, environment or flag, `place` as faults name it, `rank` their order."""

    source: str
    place: str
    rank: tuple[int, int]


class Gathering:
    """Later additions beat earlier ones. `faults` grows as values are added and sections are built."""

    def __init__(self, models: Models) -> None:
        self.faults: list[Fault] = []
        self._models = models
        self._tree: dict[str, Any] = {}
        self._origins: dict[Path, _Origin] = {}
        self._dropped: set[Path] = set()
        self._file = ""
        self._lines: dict[Path, int] = {}

    def sources(self) -> dict[Path, str]:
        """Where every key that was set comes from: its file and line, environment or flag."""
        return {
            path: origin.place if origin.source == "file" else origin.source
            for path, origin in self._origins.items()
        }

    def add_file(self, path: FilePath) -> None:
        self._file = str(path)
        text = self._text_of(path)
        if text is None:
            return
        try:
            tree = tomllib.loads(text)
        except RecursionError:
            self._fault_of_file(1, "is nested too deep")
        except ValueError as error:
            self._fault_of_file(*_syntax_fault(str(error), text))
        else:
            self._lines = key_lines(text)
            for name, value in tree.items():
                self._add_value((name,), value)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        names = sorted(name for name in environment if name.startswith(ENVIRONMENT_PREFIX))
        for number, name in enumerate(names):
            path = tuple(name.removeprefix(ENVIRONMENT_PREFIX).split("__"))
            path = path if self._find(path, fold=True) else tuple(segment.lower() for segment in path)
            self._add_text(path, environment[name], _Origin("environment", _bare(name), (1, number)))

    def add_flags(self, flags: Mapping[str, FlagValue]) -> None:
        for number, (key, value) in enumerate(flags.items()):
            place = NAMED_FLAGS.get(key, "--set " + _bare(key))
            self._add_text(_segments(key), value, _Origin("flag", place, (2, number)))

    def build(self, name: str, model: type[BaseModel]) -> BaseModel | None:
        """The section from its part of the tree; None where it has faults, which are kept."""
        table = self._tree.get(name, {})
        broken = {path for path in self._dropped if path[0] == name}
        section, whole, parts = _validated(model, table)
        for item in parts:
            broken.add(self._fault_of_part(name, model, item))
        if parts:
            whole = _validated(model, _without(table, {path[1:] for path in broken if path[1:]}))[1]
        names = {str(path[-1]) for path in broken}
        for item in whole:
            at = _existing((name, *item["loc"]), self._tree)
            for why in reason(item, "").split("; "):
                # A rule over several keys says nothing new while one of them is broken by itself.
                if not any(_mentioned(key, why) for key in names):
                    self._fault_of_whole(at, why)
        return section

    def _text_of(self, path: FilePath) -> str | None:
        try:
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            self._fault_of_file(0, getattr(error, "strerror", None) or str(error))
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._fault_of_file(content.count(b"\n", 0, error.start) + 1, "is not UTF-8 text")
            return None

    def _add_value(self, path: Path, value: Any) -> None:
        found = self._find(path)
        origin = self._origin(path)
        if found is None:
            self._unknown(path, origin)
        elif is_table(found[1]):
            if not isinstance(value, dict):
                self._drop(path, origin, f"{shown(value)} is not a table of keys")
                return
            self._set(path, {}, origin)
            for name, inner in value.items():
                self._add_value((*path, name), inner)
        else:
            self._take(path, value, found[1], origin)

    def _add_text(self, path: tuple[str, ...], value: FlagValue, origin: _Origin) -> None:
        found = self._find(path, fold=origin.source == "environment")
        if found is None:
            self._unknown(path, origin)
            return
        spelled, annotation = found
        texts = [value] if isinstance(value, str) else list(value)
        if any(not text.isprintable() and not _is_utf8(text) for text in texts):
            self._drop(spelled, origin, "is not UTF-8 text")
        elif is_table(annotation):
            self._drop(spelled, origin, f"is a table: set one of its keys, {', '.join(names_in(annotation))}")
        else:
            read = from_text(value, annotation) if isinstance(value, str) else texts
            self._take(spelled, read, annotation, origin)

    def _take(self, path: Path, value: Any, annotation: Any, origin: _Origin) -> None:
        """Set a key to a value, or keep the fault of a value that is not of the key's type."""
        if type(value) is datetime.date and datetime.date in alternatives(annotation):
            value = value.isoformat()
        unfit = next(_unfit(value), None)
        if unfit is not None:
            self._drop(path, origin, unfit)
            return
        try:
            self._set(path, natural(value, annotation), origin)
        except ValidationError as error:
            found = find(self._models[str(path[0])], path[1:])
            unit = unit_of(found[2]) if found else ""
            for place, item in _by_place(error, value).items():
                at = self._origin((*path, *place)) if origin.source == "file" else origin
                self._drop((*path, *place), at, reason(item, unit))

    def _find(self, path: Path, *, fold: bool = False) -> tuple[Path, Any] | None:
        """The path as the models spell it and the annotation there; None where nothing has that name."""
        head, *rest = path
        for name, model in self._models.items():
            if name == head or (fold and isinstance(head, str) and name == head.lower()):
                found = find(model, tuple(rest), fold=fold)
                return None if found is None else ((name, *found[0]), found[1])
        return None

    def _set(self, path: Path, value: Any, origin: _Origin) -> None:
        table: dict[Any, Any] = self._tree
        for segment in path[:-1]:
            table = table.setdefault(segment, {})
        table[path[-1]] = value
        self._origins[path] = origin

    def _drop(self, path: Path, origin: _Origin, why: str) -> None:
        """Keep the fault instead of the value, so that no second fault follows from it."""
        self._dropped.add(path)
        self.faults.append(_fault(origin, path, why))

    def _unknown(self, path: Path, origin: _Origin) -> None:
        *parents, name = path
        known = self._find(tuple(parents), fold=True) if parents else ((), None)
        if known is None:
            return self._unknown(tuple(parents), origin)
        siblings = names_in(known[1]) if parents else list(self._models)
        hint = suggestion(str(name), siblings)
        if not hint:
            everywhere = [dotted(key.path) for n, m in self._models.items() for key in keys_of((n,), m)]
            same = [key for key in everywhere if key.rpartition(".")[2] == str(name).lower()]
            hint = f"; did you mean {same[0]}?" if same else ""
        kind = "key" if parents else "section"
        self._drop(path, origin, f"unknown {kind}{hint}")
        if hint:
            self._dropped.add((*path[:-1], hint.split()[-1].rstrip("?")))
        return None

    def _origin(self, path: Path) -> _Origin:
        """Where the value at `path` was set; an item of a list has a line of its own."""
        for length in range(len(path), 0, -1):
            origin = self._origins.get(path[:length])
            if origin is not None and origin.source != "file":
                return origin
            line = self._lines.get(path[: max(length, 1)])
            if line is not None:
                return _Origin("file", f"{self._file}:{line}", (0, line))
        return _Origin("file", self._file, (0, 0))

    def _fault_of_file(self, line: int, why: str) -> None:
        place = f"{self._file}:{line}" if line else self._file
        self.faults.append(Fault((0, line), place, "", why))

    def _fault_of_part(self, name: str, model: type[BaseModel], item: Mapping[str, Any]) -> Path:
        """Keep the fault of one value and return the path of that value."""
        path = _existing((name, *item["loc"]), self._tree)
        found = find(model, tuple(s for s in path[1:] if isinstance(s, str)))
        unit = unit_of(found[2]) if found else ""
        self.faults.append(_fault(self._origin(path), path, reason(item, unit)))
        return path

    def _fault_of_whole(self, table: Path, why: str) -> None:
        """Keep the fault of a combination under the first key it mentions that somebody has set."""
        inside = [path for path in self._origins if path[:-1] == table and _mentioned(str(path[-1]), why)]
        path = min(inside, key=lambda key: why.index(str(key[-1])), default=table)
        self.faults.append(_fault(self._origin(path), path, why))


def _fault(origin: _Origin, path: Path, why: str) -> Fault:
    key = dotted(path)
    return Fault(origin.rank, origin.place, "" if origin.place.endswith(f" {key}") else key, why)


def _validated(model: type[BaseModel], table: object) -> tuple[BaseModel | None, list[Any], list[Any]]:
    """The section, or the errors of whole tables (rules over several keys) and those of single values."""
    try:
        return model.model_validate(table, strict=True), [], []
    except ValidationError as error:
        by_place = _by_place(error, table)
    whole: list[Any] = []
    parts: list[Any] = []
    for place, item in by_place.items():
        is_rule = item["type"] in ("value_error", "assertion_error")
        (whole if is_rule and isinstance(_at(table, place), dict) else parts).append(item)
    return None, whole, parts


def _by_place(error: ValidationError, value: object) -> dict[Path, Any]:
    """The first error at each place inside a value; places that the value does not have stay as they are."""
    found: dict[Path, Any] = {}
    for item in error.errors(include_url=False):
        found.setdefault(_existing(item["loc"], value) or item["loc"], item)
    return found


def _at(tree: Any, path: Path) -> Any:
    for segment in _existing(path, tree):
        tree = tree[segment]
    return tree


def _existing(path: Path, tree: Any) -> Path:
    """The longest part of `path` that the tree has: pydantic appends the names of types and of keys to it."""
    for depth, segment in enumerate(path):
        inside = segment in tree if isinstance(tree, dict) else _has_index(tree, segment)
        if not inside:
            return path[:depth]
        tree = tree[segment]
    return path


def _has_index(tree: object, segment: str | int) -> bool:
    return isinstance(tree, list | tuple) and isinstance(segment, int) and segment < len(tree)


def _without(table: Any, paths: Collection[Path]) -> Any:
    """A copy of the table that lacks these keys (the whole list where an item of it is named)."""
    if not isinstance(table, dict):
        return table
    gone = {path[0] for path in paths if len(path) == 1 or not isinstance(table.get(path[0]), dict)}
    return {
        name: _without(inner, {path[1:] for path in paths if path[0] == name})
        for name, inner in table.items()
        if name not in gone
    }


def _mentioned(name: str, why: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", why) is not None


def _unfit(value: Any) -> Iterator[str]:
    """Why a value of TOML can stand for no key at all, if so."""
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _unfit(item)
    elif isinstance(value, datetime.date | datetime.time):
        yield f"{value.isoformat()} is a date or time: put it in quotes if it is meant as text"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{value} is not finite"
    elif isinstance(value, int) and value.bit_length() > 64:
        yield "has too many digits"
    elif isinstance(value, str) and "\0" in value:
        yield "holds a NUL character"


def _segments(key: str) -> tuple[str, ...]:
    """The parts of a dotted key; a part in quotes may hold dots, as in `console.keymap."nav.down"`."""
    return tuple(part.strip('"') for part in _PART.findall(key)) or ("",)


def _bare(name: str) -> str:
    return shown(name).strip('"')


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _syntax_fault(message: str, text: str) -> tuple[int, str]:
    """Line and reason of what `tomllib` raised."""
    position = _TOML_POSITION.search(message)
    if position is not None:
        line = int(position["line"]) if position["line"] else text.count("\n") + 1
        return line, f"is not valid TOML: {message[: position.start()]}"
    endless = _ENDLESS_NUMBER.search(text)
    return (text.count("\n", 0, endless.start()) + 1 if endless else 1), "has a number of too many digits"
