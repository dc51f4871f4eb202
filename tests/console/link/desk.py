"""An engine as the socket sees it: a picture, and everything that is asked of it noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from console.link.server import ControlSocket
from engine.commands import Command, CommandResult, DetailFault, Question
from engine.snapshot import Snapshot


class Desk:
    """Answers at once; a test can hold commands back, refuse or fail."""

    def __init__(self, picture: Snapshot | None = None, failure: Exception | None = None) -> None:
        self.picture = picture
        self.failure = failure
        self.commands: list[Command] = []
        self.questions: list[Question] = []
        self.layout: dict[str, str] = {}
        self.drawn = 0

    def snapshot(self) -> Snapshot | None:
        self.drawn += 1
        return self.picture

    async def execute(self, command: Command) -> CommandResult:
        self.commands.append(command)
        if self.failure is not None:
            raise self.failure
        return CommandResult(True, f"{command.kind.value} done", "ACTIVE")

    async def detail(self, question: Question) -> dict[str, Any]:
        self.questions.append(question)
        if question.arguments.get("order") == "none":
            raise DetailFault("no order none")
        return {"orders": [1, 2], "asked": question.arguments}

    async def remember(self, name: str, value: str) -> None:
        self.layout[name] = value


@asynccontextmanager
async def served(path: Path, desk: Desk) -> AsyncIterator[Desk]:
    async with ControlSocket(path, desk):
        yield desk


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Let the loop run until something holds; fails when it never does."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)
