"""An engine link that shows recorded pictures and keeps what it was asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.commands import Command, CommandKind, CommandResult, DetailFault, DetailKind, Question
from engine.snapshot import Snapshot
from tests.console.snapshots import PAUSED, halted


class RecordedLink:
    """Shows what `picture` gives; a test can hold answers back, refuse or fail.

    `details` are the answers to questions by kind; a kind without one is a fault."""

    def __init__(self, picture: Callable[[], Snapshot | None] | Snapshot | None) -> None:
        self._picture = picture
        self.commands: list[Command] = []
        self.asked_at_s: list[float] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.refusal = ""
        self.failure: Exception | None = None
        self.details: dict[DetailKind, dict[str, Any]] = {}
        self.questions: list[Question] = []
        self.remembered: dict[str, str] = {}

    def snapshot(self) -> Snapshot | None:
        return self._picture() if callable(self._picture) else self._picture

    def show(self, picture: Snapshot | None) -> None:
        """The next picture."""
        self._picture = picture

    async def execute(self, command: Command) -> CommandResult:
        self.commands.append(command)
        self.asked_at_s.append(time.monotonic())
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        if self.refusal:
            return CommandResult(False, self.refusal, "ACTIVE")
        self._obey(command)
        if command.kind is CommandKind.KILL:
            return CommandResult(True, "HALTED; cancelling and flattening", "HALTED")
        return CommandResult(True, f"{command.kind} done", "ACTIVE")

    async def detail(self, question: Question) -> dict[str, Any]:
        self.questions.append(question)
        await self.answers.wait()
        if question.kind not in self.details:
            raise DetailFault(f"nothing was recorded for {question.kind}")
        return self.details[question.kind]

    async def remember(self, name: str, value: str) -> None:
        self.remembered[name] = value

    @property
    def asked_for(self) -> list[tuple[str, dict[str, str]]]:
        """Every command as kind and arguments."""
        return [(str(command.kind), command.arguments) for command in self.commands]

    def _obey(self, command: Command) -> None:
        snapshot = self.snapshot()
        if snapshot is None or callable(self._picture):
            return
        if command.kind is CommandKind.KILL:
            self._picture = replace(halted("cancelling"), mode=snapshot.mode)
        if command.kind is CommandKind.PAUSE and snapshot.state != "HALTED":
            on = command.arguments["on"] == "true"
            paused = replace(PAUSED, actor=command.actor, reason=command.reason)
            state, overrides = ("REDUCING", (paused,)) if on else ("ACTIVE", ())
            self._picture = replace(snapshot, state=state, overrides=overrides)
