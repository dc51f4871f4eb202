"""What operators asked and is not carried out yet, because the past of a signal is folded first.

It is durable before anybody is told that it is under way. An engine that ends before, however it ends, leaves it to the
next start, which goes on with it; one that too many starts did not survive is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from engine.commands import Command, CommandKind
from store.journal import Journal

STATE = "requests"
MOST_STARTS = 3
UNDER_WAY = (
    "stored and under way, over a restart too: the past of a signal is folded beside the bars; the log says from when "
    "it counts, or why not"
)
LEFT = "stored: the engine ends before the past of the signal is folded; its next start goes on with it"
GIVEN_UP = f"nothing was changed: {MOST_STARTS} starts went on with it, and ended before they were done"


@dataclass(slots=True, eq=False)
class Request:
    """`starts`: how many engines went on with it after the one that was asked."""

    command: Command
    starts: int = 0
    durable: bool = False

    @property
    def outlived(self) -> bool:
        """Whether so many engines ended before it was done that another must not try."""
        return self.starts > MOST_STARTS


class Requests:
    """In the order in which they were asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._held: list[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter(tuple(self._held))

    def restore(self, text: str) -> None:
        """Those another engine left, as it stored them."""
        self._held = [
            Request(Command(CommandKind(kind), actor, reason, arguments), starts + 1, durable=True)
            for kind, actor, reason, arguments, starts in json.loads(text)
        ]

    def concern(self, command: Command) -> bool:
        """Whether one of them is this one, or was asked of the same signal before."""
        return any(each.command.arguments["name"] == command.arguments.get("name") for each in self._held)

    def durable(self, command: Command) -> bool:
        """Whether this one is held, and in the database."""
        return any(each.command is command and each.durable for each in self._held)

    async def hold(self, command: Command) -> None:
        """Make it durable, alone: a bar may be half done. Raises StoreError."""
        found = next((each for each in self._held if each.command is command), None)
        if found is None:
            found = Request(command)
            self._held.append(found)
        await self._journal.commit_apart(self._gather)
        found.durable = True

    def let_go(self, command: Command) -> None:
        """It was carried out or refused, which the caller makes durable at once, with this."""
        kept = [each for each in self._held if each.command is not command]
        if len(kept) < len(self._held):
            self._held = kept
            self._gather()

    def _gather(self) -> None:
        rows = [
            (asked.kind.value, asked.actor, asked.reason, asked.arguments, each.starts)
            for each in self._held
            for asked in (each.command,)
        ]
        self._journal.state(STATE, json.dumps(rows))
