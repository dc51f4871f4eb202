"""`quarterdeck run` at a terminal: the engine and the screen as siblings, neither of which ends the other by accident.

The screen paints first and the engine starts behind it. Whatever ends the screen, the engine goes on without it
unless the operator or the configuration says otherwise.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from console.command_faults import Code
from console.config import ConsoleConfig
from console.link.server import ControlSocket
from console.logfile import LogFile
from console.operator import lift_forgotten_hold, operator_name
from console.parting import say
from console.running import ConsoleOutcome, run_console
from console.signals import obey_signals
from engine import kernel_cache
from engine.paths import log_path, socket_path
from engine.session import Session

if TYPE_CHECKING:
    from engine.commands import Command, CommandResult, Question
    from engine.config import Configuration
    from engine.snapshot import Snapshot
    from engine.summary import Summary

SOURCE = "console.screen"
# A screen that does not come up must not keep the engine from trading.
PAINTS_WITHIN_S = 2.0
_ENGINE_GOES_ON = ("left", "terminal_lost", "failed")


@dataclass(frozen=True, slots=True)
class ConsoleRun:
    """How a run under the console ended: its summary, and ERROR where the screen failed."""

    summary: Summary
    code: Code


def run_with_console(configuration: Configuration, database: Path) -> ConsoleRun:
    """Trade under the console until the engine ends. Raises what `Session.run` raises, Locked, NoTerminal."""
    return asyncio.run(_siblings(configuration, database))


async def _siblings(configuration: Configuration, database: Path) -> ConsoleRun:
    log = configuration.log
    log_file = LogFile(Path(log.file).expanduser().absolute() if log.file else log_path(), log)
    session = Session(configuration, database)
    session.add_listener(log_file)
    obey_signals(session)
    try:
        async with ControlSocket(socket_path(database), session):
            return await _run(session, log_file.path)
    finally:
        await asyncio.to_thread(log_file.close)


async def _run(session: Session, log: Path) -> ConsoleRun:
    link = PaintedLink(session)
    engine = asyncio.create_task(_engine_after_paint(session, link.painted))
    terminal = TerminalLoss(session)
    configuration = session.configuration
    try:
        outcome = await run_console(
            link,
            cast(ConsoleConfig, configuration.extra["console"]),
            engine_task=cast("asyncio.Task[object]", engine),
            mode=configuration.run.mode.value,
            output_file=log.with_name(f"{log.name}.output"),
            on_terminal_lost=terminal,
            starting=kernel_cache.compiling,
        )
    except BaseException:
        engine.cancel()
        await asyncio.gather(engine, return_exceptions=True)
        raise
    link.painted.set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, terminal, "hang-up")
    if outcome.ending in _ENGINE_GOES_ON and not engine.done():
        _say_that_it_goes_on(session, outcome, log)
    lifting = asyncio.create_task(_lift_hold(session, outcome))
    await asyncio.wait({engine, lifting}, return_when=asyncio.FIRST_COMPLETED)
    summary = await engine
    return ConsoleRun(summary, Code.ERROR if outcome.ending == "failed" else Code.OK)


class PaintedLink:
    """The session as the screen sees it. `painted` is set when the screen asks for its second picture: the first is
    asked for before anything is drawn, the second once a whole frame has been."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked = 0
        self.painted = asyncio.Event()

    def snapshot(self) -> Snapshot | None:
        self._asked += 1
        if self._asked > 1:
            self.painted.set()
        return self._session.snapshot()

    async def execute(self, command: Command) -> CommandResult:
        return await self._session.execute(command)

    async def detail(self, question: Question) -> dict[str, Any]:
        return await self._session.detail(question)

    async def remember(self, name: str, value: str) -> None:
        await self._session.remember(name, value)


class TerminalLoss:
    """What [run] terminal_lost says is to happen when the terminal goes: nothing, a stop, or a flat book and a stop."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, reason: str) -> None:
        _let_go_of_terminal()
        run = self._session.configuration.run
        self._session.say("WARN", SOURCE, f"the terminal is gone ({reason}): {run.terminal_lost}")
        if run.terminal_lost != "keep":
            policy = "flatten" if run.terminal_lost == "flatten" else run.stop_policy
            self._session.request_stop(policy, "terminal", f"the terminal is gone: {reason}")


async def _engine_after_paint(session: Session, painted: asyncio.Event) -> Summary:
    try:
        async with asyncio.timeout(PAINTS_WITHIN_S):
            await painted.wait()
    except TimeoutError:
        session.say("WARN", SOURCE, f"the screen did not paint within {PAINTS_WITHIN_S:g} s")
    return await session.run()


async def _lift_hold(session: Session, outcome: ConsoleOutcome) -> None:
    """Nobody is left to disarm a kill switch that was armed when its screen went."""
    if outcome.ending not in ("terminal_lost", "failed"):
        return
    result = await lift_forgotten_hold(session, operator_name(), _why_it_ended(outcome))
    if result is not None:
        session.say("WARN", SOURCE, f"the kill switch was armed when the screen ended: {result.message}")


def _why_it_ended(outcome: ConsoleOutcome) -> str:
    return {"left": "the operator left the screen", "terminal_lost": "the terminal is gone"}.get(
        outcome.ending, f"the screen failed: {outcome.detail}"
    )


def _say_that_it_goes_on(session: Session, outcome: ConsoleOutcome, log: Path) -> None:
    words = f"{_why_it_ended(outcome)}; the engine goes on as process {os.getpid()}, its log is {log}"
    session.say("WARN", SOURCE, words)
    if outcome.ending != "terminal_lost":
        # On the loop beside the engine, so nobody waits for a terminal that is stalled.
        say(f"quarterdeck: {words}; Ctrl-C or SIGTERM stops it", sys.stderr, patience_s=0)


def _let_go_of_terminal() -> None:
    """A descriptor of a terminal that is gone fails every print; what is printed from here on has no reader."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if descriptor == 0 or os.isatty(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
