"""Where in a TOML file a key stands: dotted path -> line number, so that a fault can name its line.

`tomllib` keeps no positions. This scanner walks a document that `tomllib` has already accepted, so it trusts
the grammar and only keeps count of where keys are; it never judges and never interprets a value.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_BLANK = " \t"
_AFTER_BARE_VALUE = ",]}#\n"


def key_lines(text: str) -> dict[Path, int]:
    """Line (from 1) of every table, key, array element and inline key of a valid TOML document.

    Elements of arrays and arrays of tables carry their index in the path: `("a", 0, "b")`. A table named
    several times keeps its first line.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line_starts = [0] + [i + 1 for i, character in enumerate(text) if character == "\n"]
        self._lines: dict[Path, int] = {}
        self._array_lengths: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_space_and_comments():
            if self._peek() == "[":
                table = self._header()
            else:
                self._key_and_value(table)
        return self._lines

    def _header(self) -> Path:
        line = self._line()
        brackets = 2 if self._text.startswith("[[", self._position) else 1
        self._position += brackets
        *parents, name = self._key()
        self._position += brackets
        path: Path = ()
        for segment in parents:
            path = self._newest_element((*path, segment))
            self._note(path, line)
        path = (*path, name)
        if brackets == 2:
            self._array_lengths[path] = self._array_lengths.get(path, 0) + 1
            self._note(path, line)
        path = self._newest_element(path)
        self._note(path, line)
        return path

    def _newest_element(self, path: Path) -> Path:
        """`path`, or its last element where it is an array of tables."""
        length = self._array_lengths.get(path)
        return path if length is None else (*path, length - 1)

    def _key_and_value(self, table: Path) -> None:
        line = self._line()
        path = table
        for segment in self._key():
            path += (segment,)
            self._note(path, line)
        self._position += 1  # the equals sign
        self._skip_blank()
        self._value(path)

    def _key(self) -> list[str]:
        segments: list[str] = []
        while True:
            self._skip_blank()
            segments.append(self._key_segment())
            self._skip_blank()
            if self._peek() != ".":
                return segments
            self._position += 1

    def _key_segment(self) -> str:
        start = self._position
        if self._peek() in "\"'":
            self._string()
            return str(tomllib.loads(f"k = {self._text[start : self._position]}")["k"])
        while self._peek().isalnum() or self._peek() in ("_", "-"):
            self._position += 1
        return self._text[start : self._position]

    def _value(self, path: Path) -> None:
        first = self._peek()
        if first in ('"', "'"):
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            while self._peek() and self._peek() not in _AFTER_BARE_VALUE:
                self._position += 1

    def _array(self, path: Path) -> None:
        self._position += 1
        index = 0
        while self._skip_space_and_comments() and self._peek() != "]":
            if self._peek() == ",":
                self._position += 1
                continue
            self._note((*path, index), self._line())
            self._value((*path, index))
            index += 1
        self._position += 1

    def _inline_table(self, path: Path) -> None:
        self._position += 1
        while self._skip_space_and_comments() and self._peek() != "}":
            if self._peek() == ",":
                self._position += 1
            else:
                self._key_and_value(path)
        self._position += 1

    def _string(self) -> None:
        quote = self._peek()
        is_multi_line = self._text.startswith(quote * 3, self._position)
        closing = quote * 3 if is_multi_line else quote
        self._position += len(closing)
        while self._peek() and not self._text.startswith(closing, self._position):
            is_escape = quote == '"' and self._peek() == "\\"
            self._position += 2 if is_escape else 1
        self._position += len(closing)
        # A multi-line string may end in one or two quotes of its own before the closing three.
        while is_multi_line and self._peek() == quote:
            self._position += 1

    def _skip_space_and_comments(self) -> bool:
        """Move to the next token; False at the end of the document."""
        while self._position < len(self._text):
            character = self._peek()
            if character == "#":
                end = self._text.find("\n", self._position)
                self._position = len(self._text) if end < 0 else end
            elif character in " \t\n":
                self._position += 1
            else:
                return True
        return False

    def _skip_blank(self) -> None:
        while self._peek() and self._peek() in _BLANK:
            self._position += 1

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _line(self) -> int:
        return bisect_right(self._line_starts, self._position)

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)
