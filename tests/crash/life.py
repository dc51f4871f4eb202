"""One life of an engine, in a process of its own: configured, perhaps rigged to die or to do wrong, run to its end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import requests
from engine.commands import Command, CommandKind
from engine.config import Configuration, load_config
from engine.session import Session
from tests.crash import riggings
from tests.crash.kill_points import arm

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

Flags = dict[str, str | list[str]]
Script = tuple[tuple[int, str, dict[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Life:
    """What one process is to do.

    `kill_at`: (kill point, how often it is passed first). `kill_after_s`: from outside, so long after the engine is
    ready (`from_start`: after the fork). `commands`: (bar of this life, kind, arguments) given by the operator.
    `script`: (decisions of the account, kind, arguments), given between two bars and never twice.
    `rigging` names a function of `riggings`. `file_limit`: no file may grow beyond so many bytes.
    `pause`: (seconds after ready, seconds stopped).
    """

    database: str
    flags: Flags
    kill_at: tuple[str, int] | None = None
    kill_after_s: float | None = None
    from_start: bool = False
    commands: tuple[tuple[int, str, dict[str, str]], ...] = ()
    script: Script = ()
    rigging: str = ""
    file_limit: int = 0
    pause: tuple[float, float] | None = None
    stay: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Operator:
    """Gives commands at the bars they are due, counted in this life."""

    session: Session
    due: list[tuple[int, str, dict[str, str]]]
    bars: int = 0
    tasks: list[asyncio.Task[object]] = field(default_factory=list)

    def __call__(self, loop: str) -> None:
        if loop != "bars":
            return
        self.bars += 1
        while self.due and self.due[0][0] <= self.bars:
            _, kind, arguments = self.due.pop(0)
            command = Command(CommandKind(kind), "operator@test", "told to", arguments)
            task: asyncio.Task[object] = asyncio.ensure_future(self.session.execute(command))
            self.tasks.append(task)


class Scripted(Session):
    """Gives the commands of a script at their bars. What the books hold already was given by an earlier life."""

    def __init__(self, configuration: Configuration, database: Path, script: Script) -> None:
        super().__init__(configuration, database)
        self._script = list(script)
        self._given: int | None = None

    async def _pace(self, machine: Machine, row: Row) -> bool:
        if self._script and self._given is None:
            while await machine.database.query(
                "SELECT 1 FROM session_state WHERE name = 'requests' AND value <> '[]'"
            ):
                pass  # An operator who is told that something is under way waits for it.
            ((self._given,),) = await machine.database.query("SELECT count(*) FROM commands")
            self._given += len(machine.book.withdrawals)
            del self._script[: self._given]
        while self._script and self._script[0][0] <= machine.book.decisions:
            _, kind, arguments = self._script.pop(0)
            if (wanted := arguments.get("order", "")).startswith("any "):
                arguments = {"order": self._an_order(machine, wanted.removeprefix("any "))}
            await self.execute(Command(CommandKind(kind), "operator@test", "told to", arguments))
        return await super()._pace(machine, row)

    def _an_order(self, machine: Machine, purpose: str) -> str:
        """The open order of a purpose whose id comes first."""
        names = [o.client_order_id for o in machine.execution.open_orders() if o.purpose == purpose]
        return min(names, default="qdnone")


def live(life: Life, tell_ready: Callable[[], None]) -> int:
    """Run the engine; the exit code. Output goes to this process' stdout."""
    if life.file_limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (life.file_limit, life.file_limit))
    if life.kill_at is not None:
        arm(*life.kill_at)
    # Lives end here because they are killed, never because a fold does not let them live.
    requests.MOST_STARTS = 1_000
    if life.rigging:
        getattr(riggings, life.rigging)()
    try:
        print(asyncio.run(_run(life, tell_ready)), flush=True)
    except Exception as error:  # noqa: BLE001  whatever ends a life is what its test wants to read
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    return 0


async def _run(life: Life, tell_ready: Callable[[], None]) -> str:
    session = Scripted(load_config(None, {}, life.flags, {}), Path(life.database), life.script)
    session.add_listener(lambda event: print(event.level, event.source, event.message, flush=True))
    session.add_beat_listener(Operator(session, sorted(life.commands)))

    async def announce() -> None:
        await session.ready.wait()
        tell_ready()

    announcing = asyncio.create_task(announce())
    try:
        return (await session.run()).as_text()
    finally:
        announcing.cancel()


def end(code: int) -> None:
    """Leave without the parent's exit handlers."""
    os._exit(code)
