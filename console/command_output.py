"""How commands print: aligned text for a person, JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]

NOTHING = "-"


def print_json(value: object) -> None:
    """One JSON value, ending in a newline."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as they need to be; numbers to the right."""
    body = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in body), 0) for i, name in enumerate(columns)]
    numeric = [bool(body) and all(_is_number(row[i]) for row in body) for i in range(len(columns))]
    for row in [list(columns), *body]:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        print("  ".join(cells).rstrip())


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line."""
    listed = list(pairs)
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        print(f"{name:<{width}}  {printable(value)}".rstrip())


def when(ts_ms: int | None) -> str:
    """Market time as a person writes it (UTC)."""
    if not ts_ms:
        return NOTHING
    return datetime.fromtimestamp(ts_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def number(value: float | None, form: str = "+.3f") -> str:
    """A number in a format, a dash where there is none."""
    return NOTHING if value is None else format(value, form)


def plain(value: object) -> str:
    """A cell of a table: a dash where there is nothing."""
    return NOTHING if value is None or value == "" else str(value)


def printable(text: str) -> str:
    """What came from a file or a venue must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_number(cell: str) -> bool:
    return cell == NOTHING or cell.lstrip("+-").rstrip("%x").replace(".", "", 1).isdigit()
