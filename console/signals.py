"""What the system's signals mean to an engine: SIGTERM and SIGINT stop by policy, SIGUSR1 kills."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands import Command, CommandKind, CommandResult
from engine.session import UNSTARTED
from store import latch
from store.errors import StoreError

if TYPE_CHECKING:
    from engine.session import Session

STARTING = "STARTING"
ASK_AGAIN_S = 0.05


def obey_signals(session: Session) -> None:
    """Install both on the running loop; a second SIGTERM changes nothing, a kill always goes through."""
    loop = asyncio.get_running_loop()
    kills: set[asyncio.Task[CommandResult]] = set()

    def stop(name: str) -> None:
        session.request_stop(session.configuration.run.stop_policy, f"signal {name}", f"{name} received")

    def kill() -> None:
        command = Command(CommandKind.KILL, "signal SIGUSR1", "SIGUSR1 received")
        task = asyncio.ensure_future(_insist(session, command))
        kills.add(task)
        task.add_done_callback(answered)

    def answered(task: asyncio.Task[CommandResult]) -> None:
        kills.discard(task)
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            session.say("ERROR", "console.signals", f"the kill asked by SIGUSR1 failed: {failure}")
        elif not task.result().accepted:
            session.say("ERROR", "console.signals", f"SIGUSR1: {task.result().message}")

    loop.add_signal_handler(signal.SIGTERM, stop, "SIGTERM")
    loop.add_signal_handler(signal.SIGINT, stop, "SIGINT")
    loop.add_signal_handler(signal.SIGUSR1, kill)


async def _insist(session: Session, command: Command) -> CommandResult:
    """Nobody waits for a signal's answer, so an engine that is still starting is asked until it can take it. It may
    never start: where there is a database, HALTED is durable before that."""
    latched, session.unmet["kill"] = False, UNSTARTED.format("SIGUSR1, HALTED may not be stored")
    while (result := await session.execute(command)).state == STARTING:
        if not latched and (latched := await asyncio.to_thread(_latch, session.database_path, command)):
            session.unmet["kill"] = UNSTARTED.format("SIGUSR1, HALTED is stored")
        await asyncio.sleep(ASK_AGAIN_S)
    return result


def _latch(database: Path, command: Command) -> bool:
    """Whether the halt is durable; nothing was ever traded where there is no database."""
    try:
        latch.latch_halt(database, command.reason, command.actor, keep_positions=False)
    except StoreError:
        return False
    return True
