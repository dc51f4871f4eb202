"""What an operator can ask of the engine, as data: the console, the socket and signals all speak this."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from engine.snapshot import Snapshot


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


class EngineLink(Protocol):
    """How a reader reaches an engine, in process or over a socket."""

    def snapshot(self) -> Snapshot | None:
        """The newest picture, None before the first one exists. Never blocks."""
        ...

    async def execute(self, command: Command) -> CommandResult:
        """Run one command; returns when it took effect (KILL: once HALTED is committed)."""
        ...
