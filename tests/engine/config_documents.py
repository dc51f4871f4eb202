"""Valid configuration files in every spelling TOML has, and single faults to plant in them.

A document is a list of settings in the order they are written; every key it sets holds a value that loads. A
planted fault changes one of them and knows which line and key must be blamed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_origin

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st

from engine.config_reference import metadata_of
from engine.config_schema import ANY_NAME, Key, alternatives, keys_of
from engine.config_text import toml_text
from tests.engine.config_models import MODELS

KEYS = [key for name, model in MODELS.items() for key in keys_of((name,), model) if ANY_NAME not in key.path]
SETTABLE = [key for key in KEYS if key.default is not None]
BY_NAME = {".".join(key.path): key for key in KEYS}

# Values beside the defaults that any of the other defaults can stand with.
OTHER_VALUES = {
    "run.seed": st.integers(0, 2**63 - 1).map(str),
    "run.symbols": st.sampled_from(["[]", '["BTCUSDT"]', "['A1',\n  'B2', # two\n]"]),
    "run.speed": st.sampled_from(['"max"', "60", '"1x"', "2.5"]),
    "run.capital": st.sampled_from(["1", "12345.678", "1e6", "0.5e5"]),
    "run.account": st.sampled_from(['"a-b_C9"', "'x'", '"""y"""']),
    "risk.profile": st.sampled_from(['"moderate"']),
    "risk.allow_short": st.sampled_from(["true", "false"]),
    "sim.start": st.sampled_from(["2023-05-01", '"2023-05-01"']),
    "log.level": st.sampled_from(['"DEBUG"', '"ERROR"']),
    "execution.order_type": st.sampled_from(["'limit'"]),
    "venue.half_spread_bps": st.floats(0, 1000).map(repr),
}
COMMENTS = ["", "", "# plain", "# [risk] max_gross = 9", '# """', "# '", "#\t\u00e9 \u2603"]
NOISE = st.sampled_from([None] * 4 * len(COMMENTS) + COMMENTS)
QUOTES = st.sampled_from(["", '"', "'"])
INDICES = st.lists(st.integers(0, len(SETTABLE) - 1), min_size=1, max_size=8, unique=True)


@dataclass(frozen=True)
class Setting:
    path: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Document:
    """A text that loads, and the line each of its keys stands on."""

    text: str
    lines: dict[tuple[str, ...], int]


@dataclass(frozen=True)
class Planted:
    """A document with one fault: the lines to blame (any of them) and a word the fault must hold."""

    kind: str
    text: str
    lines: tuple[int, ...]
    words: tuple[str, ...]


def _value(key: Key) -> st.SearchStrategy[str]:
    default = st.just(toml_text(key.default))
    other = OTHER_VALUES.get(".".join(key.path))
    return default if other is None else st.one_of(default, other)


VALUES = [_value(key) for key in SETTABLE]


@st.composite
def settings(draw: st.DrawFn) -> list[Setting]:
    """Some keys with values that load together."""
    return [Setting(SETTABLE[index].path, draw(VALUES[index])) for index in draw(INDICES)]


@st.composite
def written(draw: st.DrawFn, given: list[Setting]) -> Document:
    """The settings as TOML: tables in any order, dotted or inline, with comments and blank lines between."""
    by_section: dict[str, list[Setting]] = {}
    for setting in given:
        by_section.setdefault(setting.path[0], []).append(setting)
    rows: list[str] = []
    lines: dict[tuple[str, ...], int] = {}
    order = draw(st.permutations(list(by_section)))
    # Dotted keys stand at the root, so before the first header.
    dotted = [section for section in order if draw(st.integers(0, 3)) == 0]
    for section in dotted:
        for setting in by_section[section]:
            _noise(draw, rows)
            _write(rows, lines, setting, ".".join(setting.path))
    for section in order:
        if section in dotted:
            continue
        tables: dict[tuple[str, ...], list[Setting]] = {}
        for setting in by_section[section]:
            tables.setdefault(setting.path[:-1], []).append(setting)
        for table, members in sorted(tables.items()):
            _noise(draw, rows)
            rows.append(f"[{'.'.join(table)}]")
            for setting in members:
                _noise(draw, rows)
                quote = draw(QUOTES)
                _write(rows, lines, setting, f"{quote}{setting.path[-1]}{quote}")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return Document(end.join(rows).replace("\r\n", "\n").replace("\n", end) + end, lines)


def _noise(draw: st.DrawFn, rows: list[str]) -> None:
    comment = draw(NOISE)
    if comment is not None:
        rows.append(comment)


def _write(rows: list[str], lines: dict[tuple[str, ...], int], setting: Setting, name: str) -> None:
    lines[setting.path] = 1 + sum(row.count("\n") + 1 for row in rows)
    rows.append(f"{name} = {setting.value}")


_KINDS = {
    "int": "number",
    "float": "number",
    "Decimal": "number",
    "str": "text",
    "Path": "text",
    "bool": "bool",
    "tuple": "list",
    "date": "day",
}


def kinds_of(key: Key) -> set[str]:
    """number, text, bool, list, choice or day: what a key holds."""
    found = set()
    for member in alternatives(key.annotation):
        origin = get_origin(member) or member
        is_choice = origin is Literal or (isinstance(member, type) and issubclass(member, Enum))
        found.add("choice" if is_choice else _KINDS[origin.__name__])
    return found


def wrong_values(key: Key) -> list[tuple[str, str]]:
    """(kind of fault, value): what a key must refuse."""
    kinds = kinds_of(key)
    wrong = (
        [("a list", "[1, 2, 'x']"), ("a table", "{ a = 1 }")] if "list" not in kinds else [("no list", "7")]
    )
    if "number" in kinds:
        wrong += [("text for a number", '"1.5"'), ("true for a number", "true"), ("not finite", "inf")]
        wrong += [("not a number", "nan"), ("endless", "0x" + "f" * 40), *_out_of_range(key)]
    if "bool" in kinds:
        wrong += [("a number for true", "1"), ("text for true", '"yes"')]
    if "choice" in kinds:
        wrong += [("no such choice", '"sideways"'), ("a number for a choice", "3")]
    if "text" in kinds and ".".join(key.path) != "run.speed":
        wrong += [("a number for text", "3"), ("a day for text", "2021-04-01")]
    if "list" in kinds:
        wrong += [("text for a list", '"x"'), ("a list of lists of tables", "[[{ a = 1 }]]")]
    return wrong


def _out_of_range(key: Key) -> list[tuple[str, str]]:
    found = []
    for limit in metadata_of(key.annotation):
        match limit:
            case Ge(ge=bound):
                found.append(("too small", str(bound - 1)))  # type: ignore[operator]
            case Gt(gt=bound):
                found.append(("too small", str(bound)))
            case Le(le=bound) if bound < 2**62:  # type: ignore[operator]
                found.append(("too large", str(bound + 1)))  # type: ignore[operator]
            case Lt(lt=bound):
                found.append(("too large", str(bound)))
    return found


# Values that load each for itself and not together.
IMPOSSIBLE: list[tuple[tuple[tuple[str, str], ...], str]] = [
    ((("run.mode", '"replay"'),), "run.mode"),
    ((("run.data", '["x.csv"]'),), "run.data"),
    ((("run.timerange", '"20210401-"'),), "run.timerange"),
    ((("risk.dd_start", "0.5"), ("risk.dd_halt", "0.4")), "risk.dd_start"),
    ((("risk.max_symbol", "2"), ("risk.max_gross", "1.5")), "risk.max_symbol"),
    ((("risk.stop_atr", "3"), ("risk.stop_fraction", "0.02")), "risk.stop_atr"),
    ((("run.symbols", '["BTCUSDT", "BTCUSDT"]'),), "run.symbols"),
    ((("run.timerange", '"20210402-20210401"'),), "run.timerange"),
]

Plant = Callable[[st.DrawFn, list[Setting]], Planted]


def _wrong_value(draw: st.DrawFn, given: list[Setting]) -> Planted:
    key = BY_NAME[".".join(draw(st.sampled_from(given)).path)]
    kind, value = draw(st.sampled_from(wrong_values(key)))
    return _changed(draw, given, {key.path: value}, kind, key.path)


def _impossible(draw: st.DrawFn, given: list[Setting]) -> Planted:
    values, blamed = draw(st.sampled_from(IMPOSSIBLE))
    changed = {tuple(name.split(".")): value for name, value in values}
    return _changed(draw, given, changed, "impossible together", tuple(blamed.split(".")))


def _misspelt(draw: st.DrawFn, given: list[Setting]) -> Planted:
    old = draw(st.sampled_from(given))
    at = draw(st.integers(0, len(old.path) - 1))
    name = old.path[at] + draw(st.sampled_from(["x", "_", "s2"]))
    path = (*old.path[:at], name, *old.path[at + 1 :])
    others = [setting for setting in given if setting.path != old.path]
    document = draw(written([*others, Setting(path, old.value)]))
    header = [
        line for line, row in enumerate(document.text.splitlines(), 1) if row.startswith("[") and name in row
    ]
    return Planted("misspelt", document.text, (document.lines[path], *header), ("unknown", name))


def _changed(
    draw: st.DrawFn,
    given: list[Setting],
    values: dict[tuple[str, ...], str],
    kind: str,
    blamed: tuple[str, ...],
) -> Planted:
    kept = [setting for setting in given if setting.path not in values]
    document = draw(written([*kept, *(Setting(path, value) for path, value in values.items())]))
    rows = document.text.splitlines()
    first = document.lines[blamed]
    # A list may be blamed at the line of the item.
    lines = tuple(range(first, min(first + 4, len(rows) + 1)))
    return Planted(kind, document.text, lines, (".".join(blamed),))


def _twice(draw: st.DrawFn, given: list[Setting]) -> Planted:
    setting = draw(st.sampled_from(given))
    rows = [f"{'.'.join(setting.path)} = {toml_text(BY_NAME['.'.join(setting.path)].default)}"] * 2
    return Planted("a key twice", "\n".join(rows) + "\n", (2,), ("not valid TOML",))


def _not_utf8(draw: st.DrawFn, given: list[Setting]) -> Planted:
    document = draw(written(given))
    rows = document.text.splitlines()
    at = draw(st.integers(1, len(rows)))
    rows[at - 1] += " # \udcff"
    return Planted("not UTF-8", "\n".join(rows), (at,), ("is not UTF-8 text",))


PLANTS: tuple[Plant, ...] = (_wrong_value, _wrong_value, _impossible, _misspelt, _twice, _not_utf8)


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    """A valid document with exactly one fault in it."""
    given = draw(settings())
    # What an impossible combination needs at its default must not be set to something else.
    plant = draw(st.sampled_from(PLANTS))
    if plant is _impossible:
        given = [setting for setting in given if setting.path[0] not in ("run", "risk")]
    return plant(draw, given)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A document with bytes cut out, put in or turned around: it may load or not, in one line a fault."""
    content = bytearray(draw(written(draw(settings()))).text.encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        match draw(st.integers(0, 3)):
            case 0:
                del content[at : at + draw(st.integers(1, 20))]
            case 1:
                content[at:at] = draw(st.binary(min_size=1, max_size=6))
            case 2:
                content[at:at] = draw(
                    st.sampled_from([b"[", b"]", b'"', b"'''", b"=", b"\n", b"{", b",", b".", b"#"])
                )
            case _:
                del content[at:]
    return bytes(content)


def any_text() -> st.SearchStrategy[str]:
    odd = [
        "",
        "nan",
        "1e999",
        "-1",
        "true",
        "[",
        '["',
        "{}",
        "0x",
        "1_0",
        "é",
        "\udcff",
        "9" * 5000,
        "a,b",
        "a\nb",
    ]
    return st.one_of(st.sampled_from(odd), st.text(max_size=12))


def any_key() -> st.SearchStrategy[str]:
    known = [".".join(key.path) for key in KEYS]
    return st.one_of(
        st.sampled_from(known), st.text(max_size=12), st.sampled_from(["run", "", ".", "a.b.c", '"'])
    )
