"""What travels over the control socket: one JSON object a line, a request and its answer.

Requests: {"ask": "snapshot"} and {"ask": "command", "kind": ..., "actor": ..., "reason": ..., "arguments": {...}}.
Answers: {"ok": true, "snapshot": {...}} or {"ok": true, "accepted": ..., "message": ..., "state": ...}; a request
that cannot be understood is answered {"ok": false, "error": one line}.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.commands import Command, CommandKind, CommandResult
from engine.snapshot import (
    KillRow,
    LimitRow,
    LogLine,
    OrderRow,
    OverrideRow,
    PositionRow,
    SignalCell,
    SignalRow,
    Snapshot,
    VenueHealth,
    WeightRow,
)


class WireFault(ValueError):
    """A line that is no request or answer of ours; the message says what is wrong with it."""


def encode(message: Mapping[str, object]) -> bytes:
    """One message as a line of JSON. NaN never travels: numbers that are unknown are null."""
    try:
        text = json.dumps(message, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(message), separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def decode(line: bytes) -> dict[str, Any]:
    """The message of a line. Raises WireFault."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise WireFault(f"not JSON: {fault}") from fault
    if not isinstance(message, dict):
        raise WireFault("a message is a JSON object")
    return message


def snapshot_message(snapshot: Snapshot | None) -> dict[str, object]:
    """The answer to a request for the newest picture."""
    return {"ok": True, "snapshot": None if snapshot is None else asdict(snapshot)}


def command_message(command: Command) -> dict[str, object]:
    """The request that carries a command."""
    return {
        "ask": "command",
        "kind": command.kind.value,
        "actor": command.actor,
        "reason": command.reason,
        "arguments": command.arguments,
    }


def command_from(message: Mapping[str, Any], actor: str) -> Command:
    """The command of a request; `actor` is who the socket says the peer is. Raises WireFault."""
    try:
        kind = CommandKind(str(message.get("kind")))
    except ValueError:
        known = ", ".join(kind.value for kind in CommandKind)
        raise WireFault(f"unknown command {message.get('kind')!r}: one of {known}") from None
    arguments, reason, said = (
        message.get("arguments", {}),
        message.get("reason", ""),
        message.get("actor", ""),
    )
    texts = [reason, said, *arguments, *arguments.values()] if isinstance(arguments, dict) else [None]
    if not all(isinstance(text, str) and len(text) <= 1_000 for text in texts):
        raise WireFault("reason, actor and arguments are texts of at most 1000 characters")
    return Command(kind, f"{said} {actor}".strip(), reason, arguments)


def result_message(result: CommandResult) -> dict[str, object]:
    """The answer to a command."""
    return {"ok": True, "accepted": result.accepted, "message": result.message, "state": result.state}


def snapshot_from(raw: Mapping[str, Any]) -> Snapshot:
    """The picture a JSON answer holds."""
    plain = dict(raw)
    for name, build in _ROWS.items():
        plain[name] = tuple(build(**row) for row in plain.get(name, ()))
    plain["signals"] = tuple(_signal_row(row) for row in plain.get("signals", ()))
    plain["kill"] = None if plain.get("kill") is None else KillRow(**plain["kill"])
    plain["scalars"] = tuple((name, value) for name, value in plain.get("scalars", ()))
    return Snapshot(**plain)


def _signal_row(raw: Mapping[str, Any]) -> SignalRow:
    cells = tuple(SignalCell(**cell) for cell in raw["cells"])
    return SignalRow(**{**raw, "cells": cells, "trail": tuple(raw["trail"])})


_ROWS: dict[str, Any] = {
    "weights": WeightRow,
    "positions": PositionRow,
    "limits": LimitRow,
    "overrides": OverrideRow,
    "orders": OrderRow,
    "venues": VenueHealth,
    "log": LogLine,
}
