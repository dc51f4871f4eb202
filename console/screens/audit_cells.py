"""The audit trail and the operator's commands as rows: what was done, by whom, from what to what, and why. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from console.answers import AuditRow, CommandLine
from console.format import NONE_SHOWN, log_time, plain
from console.widgets.columns import Cell, Column

_HASH_SHOWN = 8

_ACTOR, _ACTOR_IN_FULL = 14, 22


def audit_columns(*, wide: bool) -> tuple[Column, ...]:
    """The columns of the trail; on a wide screen an actor is read to the end."""
    return (
        Column("time", 14, right=False),
        Column("actor", _ACTOR_IN_FULL if wide else _ACTOR, right=False),
        Column("what", 22, right=False),
        Column("before", 9, right=False, rank=2),
        Column("after", 10, right=False, rank=2),
        Column("reason", 20, right=False, grow=True),
        Column("market", 14, right=False, rank=4),
        Column("row", 6, rank=3),
        Column("hash", _HASH_SHOWN, right=False, rank=5),
    )


def command_columns(*, wide: bool) -> tuple[Column, ...]:
    """The columns of the commands, in the same way."""
    return (
        Column("time", 14, right=False),
        Column("mode", 6, right=False, rank=3),
        Column("actor", _ACTOR_IN_FULL if wide else _ACTOR, right=False),
        Column("command", 20, right=False),
        Column("outcome", 8, right=False),
        Column("before", 9, right=False, rank=2),
        Column("after", 9, right=False, rank=2),
        Column("what came of it", 14, right=False, grow=True),
        Column("reason", 24, right=False, rank=1),
        Column("market", 14, right=False, rank=4),
    )


class AuditFact(NamedTuple):
    """One row in words; "" where a part has nothing to say."""

    what: str
    before: str = ""
    after: str = ""
    reason: str = ""


def audit_cells(row: AuditRow) -> list[Cell]:
    """One row of the trail."""
    fact = audit_fact(row.kind, row.payload)
    return [
        Cell(log_time(row.wall_ms), "soft"),
        Cell(row.actor, "strong"),
        Cell(fact.what, "plain"),
        Cell(fact.before, "soft"),
        Cell(fact.after, _state_ink(fact.after)),
        Cell(fact.reason or NONE_SHOWN, "plain" if fact.reason else "soft"),
        Cell(log_time(row.market_ts_ms), "soft"),
        Cell(str(row.sequence), "soft"),
        Cell(row.hash[:_HASH_SHOWN], "soft"),
    ]


def audit_words(row: AuditRow) -> str:
    """One row of the trail on a line: who, what and why, in full."""
    fact = audit_fact(row.kind, row.payload)
    return " · ".join(part for part in (row.actor, fact.what, fact.reason) if part)


def command_words(row: CommandLine) -> str:
    """One command on a line, in the same way."""
    asked = f"asked: {row.reason}" if row.reason else ""
    return " · ".join(part for part in (row.actor, _command_said(row), row.message, asked) if part)


def command_cells(row: CommandLine, mode: str) -> list[Cell]:
    """One command of an operator; `mode` is that of the book where the row does not name its own."""
    return [
        Cell(log_time(row.wall_ms), "soft"),
        Cell((row.mode or mode).upper(), "soft"),
        Cell(row.actor, "strong"),
        Cell(_command_said(row), "plain"),
        Cell("done" if row.accepted else "REFUSED", "plain" if row.accepted else "warn"),
        Cell(row.before, "soft"),
        Cell(row.after, _state_ink(row.after)),
        Cell(row.message, "plain"),
        Cell(row.reason, "soft"),
        Cell(log_time(row.market_ts_ms), "soft"),
    ]


def audit_fact(kind: str, payload: Any) -> AuditFact:
    """A row of the trail in words; a kind that is not known says all it holds."""
    if not isinstance(payload, Mapping):
        return AuditFact(kind, reason="" if payload is None else _text(payload))
    told = _TOLD.get(kind)
    if told is not None:
        return told(payload)
    before, after = _said(payload, "before", "from"), _said(payload, "after", "to")
    rest = {name: value for name, value in payload.items() if name not in _ASIDE}
    return AuditFact(f"{kind} {_listed(rest)}".strip(), before, after, _said(payload, "reason"))


_ASIDE = frozenset({"before", "after", "from", "to", "reason"})


def _command(payload: Mapping[str, Any]) -> AuditFact:
    what = f"{_said(payload, 'kind')} {_listed(payload.get('arguments') or {})}".strip()
    refused = "" if payload.get("accepted", True) else "REFUSED "
    words = f"{refused}{_said(payload, 'message')}"
    asked = _said(payload, "reason")
    reason = "; ".join(part for part in (words, asked and f"asked: {asked}") if part)
    return AuditFact(what, _said(payload, "state_before"), _said(payload, "state_after"), reason)


def _override_set(payload: Mapping[str, Any]) -> AuditFact:
    ends = _said(payload, "ends")
    reason = _said(payload, "reason") + (f"; ends: {ends}" if ends else "")
    return AuditFact(_where("set", payload), "", _said(payload, "state"), reason)


def _override_cleared(payload: Mapping[str, Any]) -> AuditFact:
    return AuditFact(_where("ended", payload), _said(payload, "state"), "", _said(payload, "reason"))


def _control(payload: Mapping[str, Any]) -> AuditFact:
    kept = ", positions kept" if payload.get("keep_positions") else ""
    return AuditFact(
        f"latch {_said(payload, 'progress')}{kept}", "", _said(payload, "state"), _said(payload, "reason")
    )


def _start(payload: Mapping[str, Any]) -> AuditFact:
    return AuditFact(
        f"engine started, {_said(payload, 'mode')}", reason=f"configuration {_said(payload, 'config')}"
    )


def _stop(payload: Mapping[str, Any]) -> AuditFact:
    return AuditFact(f"engine stopped, {_said(payload, 'policy')}", reason=_said(payload, "reason"))


def _weights(payload: Mapping[str, Any]) -> AuditFact:
    """The share of the signal that was changed, and every share that this changed."""
    name, before, after = (payload.get(part) or {} for part in ("signal", "before", "after"))
    changed = [each for each in {**before, **after} if before.get(each) != after.get(each)]
    steps = [f"{each} {plain(before.get(each))} → {plain(after.get(each))}" for each in changed]
    words = f"shares {', '.join(steps)}" if steps else "no share changed"
    reason = _because(words, payload)
    return AuditFact(f"weights, by {name}", plain(before.get(name)), plain(after.get(name)), reason)


def _flatten(payload: Mapping[str, Any]) -> AuditFact:
    held, wanted = _said(payload, "held"), _said(payload, "wanted")
    return AuditFact(f"flatten {_said(payload, 'symbol')}", held, wanted, f"{held} held, {wanted} wanted")


def _cancel(word: str, payload: Mapping[str, Any]) -> AuditFact:
    before, after = (_said(payload, name).replace("_", " ") for name in ("before", "after"))
    step = f"{before} → {after}" if after else before
    reason = _because(f"order {_said(payload, 'order')}, {step}", payload)
    return AuditFact(f"cancel {word}", before, after, reason)


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], AuditFact]] = {
    "command": _command,
    "override set": _override_set,
    "override cleared": _override_cleared,
    "control": _control,
    "start": _start,
    "stop": _stop,
    "weights": _weights,
    "flatten": _flatten,
    "cancel asked": partial(_cancel, "asked"),
    "cancel ended": partial(_cancel, "ended"),
}


def _command_said(row: CommandLine) -> str:
    return f"{row.kind} {_listed(row.arguments)}".strip()


def _because(words: str, payload: Mapping[str, Any]) -> str:
    asked = _said(payload, "reason")
    return f"{words}; asked: {asked}" if asked else words


def _where(word: str, payload: Mapping[str, Any]) -> str:
    name, scope = _said(payload, "name").replace("_", " "), _said(payload, "scope")
    return f"{name} {word}" + (f" on {scope}" if scope else "")


def _said(payload: Mapping[str, Any], *names: str) -> str:
    return next((_text(payload[name]) for name in names if payload.get(name) is not None), "")


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in values.items())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return _listed(value)
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _state_ink(state: str) -> str:
    return {"HALTED": "breach", "REDUCING": "warn"}.get(state, "plain")
