"""Where a weight comes from and how far a class of signals is spread, in the words of the screens. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from console.format import counted, market_time, plain, signed
from console.widgets.ink import Line, Span, join
from engine.snapshot import EstimateRow, WeightRow

_BETWEEN: Span = (" · ", "frame")
_MANUAL, _OPERATOR = "manual", "operator"
_DAY = 10
# What the engine says of a share, in a cell; the first pattern that fits, {} its numbers.
_HELD: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"at the (cap|floor)", "{}"),
        (r"at the (cap) of one signal", "{}"),
        (r"the only one", "only one"),
        (r"(\d+) of (\d+) days known", "{}/{} days"),
        (r"(\d+) of (\d+) days in common.*", "{}/{} common"),
        (r"it never moved", "no moves"),
        (r"no estimate yet", "none yet"),
        (r"not in the estimate", "unseen"),
    )
)


def held_words(row: WeightRow) -> str:
    """What holds a weight where it is, in a cell: cap, floor, too few days, the operator; "" for nothing."""
    if row.method == _OPERATOR:
        return _OPERATOR
    for pattern, words in _HELD:
        if found := pattern.fullmatch(row.estimated_why):
            return words.format(*found.groups())
    return row.estimated_why


def method_words(row: WeightRow) -> str:
    """Where a weight comes from: the operator, the configuration, an estimate with its day, change and reason; "" for a
    signal that has none."""
    if row.method in ("", _OPERATOR):
        return "set by the operator" if row.method else ""
    if row.estimated_ms is None:
        told = ["as configured" if row.method == _MANUAL else f"by {row.method}"]
    else:
        told = [f"by {row.method} of {market_time(row.estimated_ms)[:_DAY]}"]
        told += [] if row.estimated_change is None else [signed(row.estimated_change, 3)]
    return ", ".join([*told, *([row.estimated_why] if row.estimated_why else [])])


def bets_words(row: EstimateRow) -> str:
    """How many independent bets the signals of a class amount to; "" where nobody knows."""
    return (
        "" if row.bets is None else f"{plain(row.bets)} bets of {counted(row.signals, 'signal', 'signals')}"
    )


def estimate_of(row: WeightRow | None, estimates: Sequence[EstimateRow]) -> EstimateRow | None:
    """The estimate of the class a signal is in."""
    return next((each for each in estimates if row is not None and each.kind == row.kind), None)


def estimate_lines(row: EstimateRow, width: int) -> list[Line]:
    """What the estimates of one class have come to, on as many lines as that takes: what matters most comes first."""
    parts: list[Line] = [((f"{row.kind} ", "soft"), (row.method, "plain"))]
    if row.bets is not None:
        parts.append(((bets_words(row), "strong"),))
    if row.correlation is not None:
        parts.append(((f"{row.first} {row.second} ", "soft"), (signed(row.correlation), "plain")))
    if row.estimated_ms is not None:
        parts.append(((f"{row.days} days to {market_time(row.estimated_ms)[:_DAY]}", "soft"),))
    if row.note:
        parts.append(((row.note, "warn" if row.estimated_ms is not None else "soft"),))
    if row.method != _OPERATOR:
        parts.append(((f"next {market_time(row.next_ms)[:_DAY]}", "soft"),))
    return filled(parts, width)


def filled(parts: Sequence[Line], width: int) -> list[Line]:
    """Parts with a dot between them on lines of `width` cells, none of them broken."""
    lines: list[list[Line]] = [[]]
    for part in parts:
        if lines[-1] and _long([*lines[-1], part]) > width:
            lines.append([])
        lines[-1].append(part)
    return [[(" ", "plain"), *join(line, _BETWEEN)] for line in lines if line]


def _long(parts: Sequence[Line]) -> int:
    gaps = len(_BETWEEN[0]) * (len(parts) - 1)
    return 1 + gaps + sum(len(text) for part in parts for text, _ in part)
