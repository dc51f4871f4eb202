"""What an operator can ask of the engine, as data: the console, the socket and signals all speak this."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from engine.snapshot import Snapshot

LEAST_WEIGHT, MOST_WEIGHT = 0.0, 1.0
"""What a WEIGHT may be: a share before the weights of a class are normalised, as in the configuration."""


class CommandKind(StrEnum):
    KILL = "kill"
    RESUME = "resume"
    PAUSE = "pause"
    REDUCE = "reduce"
    STOP = "stop"
    FLATTEN = "flatten"
    CANCEL = "cancel"
    SIGNAL = "signal"
    WEIGHT = "weight"
    PARAMETERS = "parameters"
    METHOD = "method"


@dataclass(frozen=True, slots=True)
class Command:
    """One request. `actor` says who ("operator@tty", "cli uid=1000", "signal SIGUSR1"), `reason` why.

    arguments by kind: KILL keep_positions "true"/"false"; PAUSE and REDUCE on "true"/"false", and hold where it
    is a passing one (see `engine.control`); RESUME confirm must be
    the word RESUME; STOP policy keep/cancel/flatten; FLATTEN symbol and on "true"/"false" (false lets the symbol trade
    again); CANCEL order (its client order id); SIGNAL name and state on/shadow/off (or on "true"/"false", which is
    on/shadow); WEIGHT name and weight; PARAMETERS name and parameters as `engine.assignments` reads them ("window=30
    shorting=false"), or default "true", which takes all of them back; METHOD method, a weighting method.

    `patience_s`: how long who asks waits; what takes longer is answered then, if it is durable. None: until it is done.
    """

    kind: CommandKind
    actor: str
    reason: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    patience_s: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """`message` is one line for the person who asked; `state` the trading state afterwards."""

    accepted: bool
    message: str
    state: str


class DetailKind(StrEnum):
    """What can be asked that a snapshot is too small for; `engine.details` says what each answers."""

    ORDER = "order"
    ORDERS = "orders"
    POSITION = "position"
    SIGNAL = "signal"
    AUDIT = "audit"
    COMMANDS = "commands"
    CONFIG = "config"
    LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a drill-down; `arguments` by kind, as `engine.details` lists them."""

    kind: DetailKind
    arguments: dict[str, str] = field(default_factory=dict)


class DetailFault(Exception):
    """A question that has no answer; the message is one line for the person who asked."""


class EngineLink(Protocol):
    """How a reader reaches an engine, in process or over a socket."""

    def snapshot(self) -> Snapshot | None:
        """The newest picture, None before the first one exists. Never blocks."""
        ...

    async def execute(self, command: Command) -> CommandResult:
        """Run one command; returns when it took effect (KILL: once HALTED is committed)."""
        ...

    async def detail(self, question: Question) -> dict[str, Any]:
        """Plain data (JSON) from the books, read beside the loop and never from the network. Raises DetailFault."""
        ...

    async def remember(self, name: str, value: str) -> None:
        """Keep one part of the operator's layout (pane, sort, filter, theme) for the next screen."""
        ...
