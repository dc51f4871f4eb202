"""What an operator can ask of the engine, as data: the console, the socket and signals all speak this."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class CommandKind(StrEnum):
    KILL = "kill"
    RESUME = "resume"
    PAUSE = "pause"
    REDUCE = "reduce"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Command:
    """One request. `actor` says who ("operator@tty", "cli uid=1000", "signal SIGUSR1"), `reason` why.

    arguments by kind: KILL keep_positions "true"/"false"; PAUSE and REDUCE on "true"/"false"; RESUME confirm must be
    the word RESUME; STOP policy keep/cancel/flatten.
    """

    kind: CommandKind
    actor: str
    reason: str = ""
    arguments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """`message` is one line for the person who asked; `state` the trading state afterwards."""

    accepted: bool
    message: str
    state: str
