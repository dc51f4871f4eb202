"""What the operator asks of the engine: every button and key ends here, in one `Command` with a name on it.

Asking never raises. An engine that fails, refuses or is gone gives a result that says so, because the screen must
outlive what it reports.
"""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Coroutine
from typing import Any

from engine.commands import Command, CommandKind, CommandResult, EngineLink
from engine.snapshot import OverrideRow, Snapshot

PAUSE_OVERRIDE, REDUCE_OVERRIDE = "operator pause", "operator reduce"
ARMED_REASON = "kill switch armed"


def operator_name(place: str = "console") -> str:
    """Who sits at this terminal, as commands and the audit name it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"operator {user}@{place}"


def in_force(snapshot: Snapshot | None, name: str) -> bool:
    """Whether the operator's own restriction of this name holds for the whole book."""
    return restriction(snapshot, name) is not None


def restriction(snapshot: Snapshot | None, name: str) -> OverrideRow | None:
    """The restriction of this name that holds for the whole book; None where there is none."""
    rows = () if snapshot is None else snapshot.overrides
    return next((row for row in rows if row.name == name and not row.scope), None)


async def lift_forgotten_hold(link: EngineLink, actor: str, why: str) -> CommandResult | None:
    """Let entries go on where the screen of `actor` ended before its armed kill switch was disarmed or fired.

    None where there is nothing to lift: a pause the operator asked for, or somebody else's, stays.
    """
    snapshot = link.snapshot()
    if snapshot is None or not any(
        (row.name, row.scope, row.actor, row.reason) == (PAUSE_OVERRIDE, "", actor, ARMED_REASON)
        for row in snapshot.overrides
    ):
        return None
    reason = f"kill switch disarmed: {why}"
    return await Operator(link, f"{actor}, after its screen").ask(
        CommandKind.PAUSE, reason, on="false", hold=ARMED_REASON, whose=actor
    )


class Operator:
    """Sends commands in the name of one operator; what was begun goes on when the screen that asked is gone."""

    def __init__(self, link: EngineLink, actor: str) -> None:
        self._link = link
        self._actor = actor
        self._begun: set[asyncio.Task[CommandResult]] = set()

    async def ask(self, kind: CommandKind, reason: str, **arguments: str) -> CommandResult:
        """Send one command and wait for what became of it."""
        command = Command(kind=kind, actor=self._actor, reason=reason, arguments=arguments)
        task = self.begin(self._link.execute(command))
        await asyncio.wait({task})
        if task.cancelled():
            return CommandResult(False, f"{kind} was given up: the engine is ending", "")
        error = task.exception()
        if error is not None:
            words = str(error) or type(error).__name__
            return CommandResult(False, f"{kind} did not reach the engine: {words}", "")
        return task.result()

    def begin(self, asking: Coroutine[Any, Any, CommandResult]) -> asyncio.Task[CommandResult]:
        """Ask without waiting."""
        task = asyncio.create_task(asking)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    def kill(self, *, keep_positions: bool) -> asyncio.Task[CommandResult]:
        """Halt and cancel at once; flatten unless positions are kept. Done when HALTED is durable."""
        return self.begin(
            self.ask(
                CommandKind.KILL,
                "kill switch: keep positions" if keep_positions else "kill switch: flatten",
                keep_positions="true" if keep_positions else "false",
            )
        )

    def hold_entries(self, snapshot: Snapshot | None) -> Hold:
        """Pause entries while the kill switch is armed, also where another screen's armed one does, which may be
        disarmed any moment."""
        paused = restriction(snapshot, PAUSE_OVERRIDE)
        if paused is not None and paused.reason != ARMED_REASON:
            return Hold(self, None)
        return Hold(self, self.begin(self.ask(CommandKind.PAUSE, ARMED_REASON, on="true", hold=ARMED_REASON)))

    def paused_otherwise(self) -> OverrideRow | None:
        """The pause in force that was not asked for by this operator's armed kill switch."""
        paused = restriction(self._link.snapshot(), PAUSE_OVERRIDE)
        if paused is None or (paused.reason == ARMED_REASON and paused.actor.startswith(self._actor)):
            return None
        return paused


class Hold:
    """Entries held back while the kill switch is armed. A pause that was there before, or that somebody has asked
    for meanwhile, is left alone."""

    def __init__(self, operator: Operator, asked: asyncio.Task[CommandResult] | None) -> None:
        self._operator = operator
        self._asked = asked

    @property
    def words(self) -> str:
        """What became of holding entries back, for the screen."""
        if self._asked is None:
            return "entries were paused before"
        if not self._asked.done():
            return "pausing entries..."
        result = self._asked.result()
        return "entries are paused" if result.accepted else f"entries NOT paused: {result.message}"

    def lift(self, why: str) -> None:
        """Let entries go on, once the request to hold them has been answered."""
        if self._asked is not None and self._operator.paused_otherwise() is None:
            self._operator.begin(self._lift(self._asked, why))

    @property
    def afterwards(self) -> str:
        """What holds of entries once this is lifted, for the screen."""
        paused = self._operator.paused_otherwise()
        return (
            "Entries go on." if paused is None else f"Entries stay paused by {paused.actor}: {paused.reason}."
        )

    async def _lift(self, asked: asyncio.Task[CommandResult], why: str) -> CommandResult:
        await asked
        return await self._operator.ask(
            CommandKind.PAUSE, f"kill switch disarmed: {why}", on="false", hold=ARMED_REASON
        )
