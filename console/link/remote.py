"""An engine in another process as the screen sees it: the newest picture at hand, and somebody who keeps fetching it.

Pictures are asked for as fast as the screen takes them and never before the last one has come. Commands and questions
have connections of their own: a kill waits behind nothing. While the engine is gone the last picture stays, and is
asked for again and again, for ever.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from console.attachment import READ_ONLY, UNCONFIRMED, Attachment
from console.link.client import NoAnswer, NotRunning
from console.link.conversation import Conversation
from console.link.wire import WireFault, command_message, question_message
from engine.commands import Command, CommandKind, CommandResult, DetailFault, Question
from engine.snapshot import Snapshot

PICTURE_S = 10.0
KILL_S = 5.0
COMMAND_S = 15.0
DETAIL_S = 15.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
MOST_DETAILS = 4
_LOST = (NotRunning, NoAnswer, WireFault)


class RemoteLink:
    """An EngineLink over a socket, kept going by `run`.

    `tried` is set once the first attempt to reach the engine is over, `fault` is what came of the last one where it
    failed, and `ended` is set when an engine that this link told to stop has gone.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._version = version("quarterdeck")
        self._newest: Snapshot | None = None
        self._wanted = asyncio.Event()
        self._lost = "not connected yet"
        self.pause_s = FIRST_PAUSE_S
        self._answers = 0
        self._stopping = False
        self._unanswered = 0
        self._all_answered = asyncio.Event()
        self._all_answered.set()
        self._continuity = Continuity()
        self._details = asyncio.Semaphore(MOST_DETAILS)
        self.fault: Exception | None = None
        self.tried = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def attachment(self) -> Attachment:
        """How things stand just now."""
        theirs = self._version if self._newest is None else self._newest.version
        note = (
            "" if theirs == self._version else f"the engine is version {theirs}, this console {self._version}"
        )
        return Attachment(self._read_only, self._lost, note, KILL_S)

    def snapshot(self) -> Snapshot | None:
        """The newest picture that has come; the next one is asked for."""
        self._wanted.set()
        return self._newest

    async def execute(self, command: Command) -> CommandResult:
        """Run one command. Raises NotRunning, WireFault; an engine that does not answer in time leaves it open whether
        it was carried out, and the result says so."""
        state = "" if self._newest is None else self._newest.state
        if self._read_only:
            return CommandResult(False, READ_ONLY, state)
        timeout_s = KILL_S if command.kind is CommandKind.KILL else COMMAND_S
        self._unanswered += 1
        self._all_answered.clear()
        try:
            answer = await self._ask_apart(command_message(command), timeout_s)
        except NoAnswer:
            words = f"no answer within {timeout_s:g} s; it may still be carried out"
            return CommandResult(False, words, UNCONFIRMED)
        finally:
            self._unanswered -= 1
            if not self._unanswered:
                self._all_answered.set()
        self._answers += 1
        self._wanted.set()
        self._stopping |= command.kind is CommandKind.STOP and bool(answer["accepted"])
        return CommandResult(bool(answer["accepted"]), str(answer["message"]), str(answer["state"]))

    async def answered(self) -> None:
        """Return when no command waits for its answer any more; each has a deadline."""
        await self._all_answered.wait()

    async def detail(self, question: Question) -> dict[str, Any]:
        """The answer to a question. Raises DetailFault."""
        try:
            async with self._details:
                answer = await self._ask_apart(question_message(question), DETAIL_S)
        except _LOST as fault:
            raise DetailFault(str(fault)) from fault
        detail: dict[str, Any] = answer["detail"]
        return detail

    async def remember(self, name: str, value: str) -> None:
        """Keep one part of the layout where the engine keeps it; a console that is read-only leaves no trace."""
        # An engine that is gone keeps nothing, and no operator wants to hear of it.
        with suppress(*_LOST):
            if not self._read_only:
                await self._ask_apart({"ask": "remember", "name": name, "value": value}, DETAIL_S)

    async def run(self) -> None:
        """Stay connected, for ever, or until an engine that was told to stop has gone."""
        while not self.ended.is_set():
            try:
                async with Conversation(self._path) as conversation:
                    await conversation.ask({"ask": "hello", "read_only": self._read_only}, PICTURE_S)
                    self._continuity.meet(conversation.engine_pid)
                    await self._follow(conversation)
            except _LOST as fault:
                self.fault, self._lost = fault, str(fault)
            self.tried.set()
            if self._stopping:
                self.ended.set()
            await asyncio.sleep(self.pause_s)
            self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)

    async def _follow(self, conversation: Conversation) -> None:
        """Fetch a picture whenever the screen has taken the last one."""
        while True:
            self._wanted.clear()
            answers = self._answers
            picture = await conversation.ask_picture(PICTURE_S)
            # One that was asked for before a command was answered may not show yet what came of it.
            if answers == self._answers:
                self._take(picture)
                self.tried.set()
                await self._wanted.wait()

    def _take(self, picture: Snapshot | None) -> None:
        self.fault, self.pause_s = None, FIRST_PAUSE_S
        if picture is not None:
            self._newest, self._lost = self._continuity.carry_on(picture), ""
        else:
            self._lost = "" if self._newest is None else "the engine is starting"

    async def _ask_apart(self, message: dict[str, object], timeout_s: float) -> dict[str, Any]:
        async with Conversation(self._path) as conversation:
            return await conversation.ask(message, timeout_s)


class Continuity:
    """Numbers of pictures and log lines that go on where an engine that is gone left off.

    Readers tell new from old by them, and an engine that was started again counts from one.
    """

    def __init__(self) -> None:
        self._engine_pid = 0
        self._began_anew = False
        self._counted = 0
        self._last = self._last_line = 0
        self._shift = self._line_shift = 0

    def meet(self, engine_pid: int) -> None:
        """Take note of which process answers."""
        self._began_anew |= engine_pid != self._engine_pid
        self._engine_pid = engine_pid

    def carry_on(self, picture: Snapshot) -> Snapshot:
        """The picture with numbers above all that came before it."""
        # In a container every engine may be process 1.
        if self._began_anew or picture.sequence < self._counted:
            self._shift, self._line_shift = self._last, self._last_line
        self._began_anew, self._counted = False, picture.sequence
        if self._shift or self._line_shift:
            log = tuple(replace(line, sequence=line.sequence + self._line_shift) for line in picture.log)
            picture = replace(picture, sequence=picture.sequence + self._shift, log=log)
        self._last = picture.sequence
        self._last_line = picture.log[-1].sequence if picture.log else self._last_line
        return picture
