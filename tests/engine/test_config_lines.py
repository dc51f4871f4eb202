"""The line of every key of a TOML document, in every way TOML lets a key be written."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config_lines import Path, key_lines

DOCUMENTS: dict[str, tuple[str, dict[Path, int]]] = {
    "bare keys and a table": (
        "a = 1\n\n[t]\nb = 2\n",
        {("a",): 1, ("t",): 3, ("t", "b"): 4},
    ),
    "dotted keys": (
        "a.b.c = 1\na . d = 2",
        {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1, ("a", "d"): 2},
    ),
    "quoted keys": (
        '"x.y" = 1\n\'z\'."w\\u0041" = 2\n["a]b".c]\nd = 3\n',
        {("x.y",): 1, ("z",): 2, ("z", "wA"): 2, ("a]b",): 3, ("a]b", "c"): 3, ("a]b", "c", "d"): 4},
    ),
    "inline tables": (
        "t = { a = 1, b = { c = 2 } }\n",
        {("t",): 1, ("t", "a"): 1, ("t", "b"): 1, ("t", "b", "c"): 1},
    ),
    "an array over several lines": (
        "a = [ # first\n  1,\n  [2,\n   3], # ]\n]\nb = 4\n",
        {("a",): 1, ("a", 0): 2, ("a", 1): 3, ("a", 1, 0): 3, ("a", 1, 1): 4, ("b",): 6},
    ),
    "tables in an array": (
        "a = [\n {b = 1},\n {b = 2, c = [3]}]\n",
        {
            ("a",): 1,
            ("a", 0): 2,
            ("a", 0, "b"): 2,
            ("a", 1): 3,
            ("a", 1, "b"): 3,
            ("a", 1, "c"): 3,
            ("a", 1, "c", 0): 3,
        },
    ),
    "an array of tables": (
        "[[p]]\nn = 1\n[[p]]\nn = 2\n[p.q]\nm = 3\n[[p.r]]\n[[p.r]]\nk = 4\n",
        {
            ("p",): 1,
            ("p", 0): 1,
            ("p", 0, "n"): 2,
            ("p", 1): 3,
            ("p", 1, "n"): 4,
            ("p", 1, "q"): 5,
            ("p", 1, "q", "m"): 6,
            ("p", 1, "r"): 7,
            ("p", 1, "r", 0): 7,
            ("p", 1, "r", 1): 8,
            ("p", 1, "r", 1, "k"): 9,
        },
    ),
    "multi-line strings that look like keys": (
        'a = """\n[no]\nx = 1\n\\"""\n"""\nb = \'\'\'\ny = 2\'\'\'\'\'\nc = 3\n',
        {("a",): 1, ("b",): 6, ("c",): 8},
    ),
    "strings with brackets, hashes and quotes": (
        'a = "# [x] = \\"" # c\nb = \'\\\'\nc = ["]", \'#\']\nd = 1\n',
        {("a",): 1, ("b",): 2, ("c",): 3, ("c", 0): 3, ("c", 1): 3, ("d",): 4},
    ),
    "dates, spaces and carriage returns": (
        "a = 1979-05-27 07:32:00Z\r\n\tb=2 \r\n\r\n[ t ] # x\r\nc = inf\r\n",
        {("a",): 1, ("b",): 2, ("t",): 4, ("t", "c"): 5},
    ),
    "a table opened late": (
        "[a.b]\nc = 1\n[a]\nd = 2",
        {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 2, ("a", "d"): 4},
    ),
    "nothing": ("# only a comment", {}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_has_its_line(name: str) -> None:
    document, lines = DOCUMENTS[name]
    tomllib.loads(document)
    assert key_lines(document) == lines


SCALARS = st.sampled_from(["1", "-2.5", "true", '"a # b"', "'c'", "1979-05-27", '"""x\ny"""', "'''\nz'''"])
NAMES = st.sampled_from(["a", "b", "c-d", "e_1", '"f.g"', "'h i'", '"j\\"k"'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n " + ",\n ".join(items) + " ]"),
        st.lists(st.tuples(NAMES, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{name} = {value}" for name, value in pairs) + "}"
        ),
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6, unique_by=lambda pair: pair[0]), NAMES)
def test_it_finds_exactly_the_keys_that_the_parser_finds(pairs: list[tuple[str, str]], table: str) -> None:
    document = "".join(f"{name} = {value}\n# comment\n" for name, value in pairs)
    document += "".join(f"[{outer}.{table}]\n{inner} = 1\n" for outer, inner in (("x", "y"), ("z", "w")))
    assert set(key_lines(document)) == set(_paths((), tomllib.loads(document)))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6, unique_by=lambda pair: pair[0]))
def test_every_line_holds_the_key_it_is_given_for(pairs: list[tuple[str, str]]) -> None:
    document = "".join(f"{name} = {value}\n" for name, value in pairs)
    rows = document.splitlines()
    for path, line in key_lines(document).items():
        if len(path) == 1:
            written = next(name for name, _ in pairs if tomllib.loads(f"{name} = 0").keys() == {path[0]})
            assert rows[line - 1].startswith(f"{written} =")


def _paths(path: Path, value: Any) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [found for key, item in inner for found in _paths((*path, key), item)]
    return [*([path] if path else []), *below]
