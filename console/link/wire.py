"""What travels over the control socket: one JSON object a line, requests answered one after the other.

request {"ask": ...}                                            answer {"ok": true, ...}
hello      read_only                                            you: who the kernel says the peer is
snapshot                                                        the lines of `console.link.picture`, or snapshot: null
command    kind, actor, reason, arguments                       accepted, message, state
detail     kind, arguments                                      detail: the answer of `EngineLink.detail`
remember   name, value

What cannot be understood or done is answered {"ok": false, "error": one line}. After a hello the peer is a viewer; one
that is read-only gives no commands and keeps no layout.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from engine.commands import Command, CommandKind, CommandResult, DetailKind, Question

TEXT_CHARACTERS = 1_000
Kind = TypeVar("Kind", bound=StrEnum)


class WireFault(ValueError):
    """A line that is no request or answer of ours; the message says what is wrong with it."""


def encode(message: Mapping[str, object]) -> bytes:
    """One message as a line of JSON. NaN never travels: numbers that are unknown are null."""
    try:
        text = json.dumps(message, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(finite(message), separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def finite(value: object) -> object:
    """Plain data without what JSON cannot say: such a number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
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
    kind = _kind(CommandKind, message)
    arguments, reason, said = _arguments(message), message.get("reason", ""), message.get("actor", "")
    _check_texts(reason, said)
    return Command(kind, f"{said} {actor}".strip(), reason, arguments)


def result_message(result: CommandResult) -> dict[str, object]:
    """The answer to a command."""
    return {"ok": True, "accepted": result.accepted, "message": result.message, "state": result.state}


def question_message(question: Question) -> dict[str, object]:
    """The request that carries a question."""
    return {"ask": "detail", "kind": question.kind.value, "arguments": question.arguments}


def question_from(message: Mapping[str, Any]) -> Question:
    """The question of a request. Raises WireFault."""
    return Question(_kind(DetailKind, message), _arguments(message))


def layout_from(message: Mapping[str, Any]) -> tuple[str, str]:
    """Name and value of what is to be remembered. Raises WireFault."""
    name, value = message.get("name"), message.get("value")
    _check_texts(name, value)
    return str(name), str(value)


def _kind(kinds: type[Kind], message: Mapping[str, Any]) -> Kind:
    try:
        return kinds(str(message.get("kind")))
    except ValueError:
        known = ", ".join(kind.value for kind in kinds)
        raise WireFault(f"unknown {message['ask']} {message.get('kind')!r}: one of {known}") from None


def _arguments(message: Mapping[str, Any]) -> dict[str, str]:
    arguments = message.get("arguments", {})
    if not isinstance(arguments, dict):
        raise WireFault("arguments are texts by name")
    _check_texts(*arguments, *arguments.values())
    return arguments


def _check_texts(*texts: object) -> None:
    if not all(isinstance(text, str) and len(text) <= TEXT_CHARACTERS for text in texts):
        raise WireFault(f"names and values are texts of at most {TEXT_CHARACTERS} characters")
