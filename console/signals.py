"""What the system's signals mean to an engine: SIGTERM and SIGINT stop by policy, SIGUSR1 kills."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
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
    never start: where there is a database that is its own, HALTED is durable before that."""
    told = "HALTED may not be stored"
    latched, session.unmet["kill"] = False, UNSTARTED.format(f"SIGUSR1, {told}")
    while (result := await session.execute(command)).state == STARTING:
        if not latched:
            async with session.opening:
                latched = await asyncio.to_thread(_latch, session, command)
        if latched:
            told = "HALTED is stored"
            session.unmet["kill"] = UNSTARTED.format(f"SIGUSR1, {told}")
        if session.over:
            return replace(result, message=UNSTARTED.format(told))
        await asyncio.sleep(ASK_AGAIN_S)
    return result


def _latch(session: Session, command: Command) -> bool:
    """Whether the halt is durable; nothing was ever traded where there is no database."""
    run = session.configuration.run
    try:
        latch.latch_own_halt(
            session.database_path, command.reason, command.actor, mode=run.mode, account=run.account
        )
    except StoreError:
        return False
    return True
