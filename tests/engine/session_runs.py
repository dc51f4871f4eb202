"""Whole engines in this process: a small embedded market, run to a bar or until told to stop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands import Command, CommandKind, CommandResult
from engine.config import Configuration, load_config
from engine.session import Session
from engine.summary import Summary

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.market import Row

SMALL: dict[str, str | list[str]] = {
    "run.speed": "max",
    "run.symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT",
    "sim.history_days": "440",
    "risk.buffer_fraction": "0.01",
    "risk.trades_per_day": "5000",
    # Only tests about them wait for the signals that follow the decisions.
    "signals.shadow": "off",
}


def engine(database: Path, **flags: str) -> Session:
    """A session on the small market; flags write `__` for the dot."""
    chosen: dict[str, str | list[str]] = {key.replace("__", "."): value for key, value in flags.items()}
    return Session(load_config(None, {}, SMALL | chosen, {}), database)


async def run(database: Path, bars: int, **flags: str) -> Summary:
    """Trade so many bars and stop."""
    return await engine(database, run__bars=str(bars), **flags).run()


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[Session]:
    """The session beside the test, stopped at its end; what it raises is raised here."""
    work = asyncio.create_task(session.run())
    ready = asyncio.create_task(session.ready.wait())
    await asyncio.wait({work, ready}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        yield session
    finally:
        session.request_stop("keep", "test", "over")
        await work


Said = tuple[str, dict[str, str]]
"""The kind of a command and its arguments."""
Script = Mapping[int, Sequence[Said]]
"""What an operator asks after so many decisions of the account."""


class ScriptedSession(Session):
    """A session whose operator gives commands between the bars they are due at: after so many decisions of the
    account. `answers` are what they were told, in order."""

    def __init__(self, configuration: Configuration, database: Path, script: Script) -> None:
        super().__init__(configuration, database)
        self._script = dict(script)
        self.answers: list[CommandResult] = []

    async def _pace(self, machine: Machine, row: Row) -> bool:
        for kind, arguments in self._script.pop(machine.book.decisions, ()):
            self.answers.append(await give(self, kind, **arguments))
        return await super()._pace(machine, row)


async def follow(database: Path, bars: int, script: Script, **flags: str) -> list[CommandResult]:
    """Trade so many bars while an operator follows a script; what the operator was told."""
    configuration = engine(database, run__bars=str(bars), **flags).configuration
    session = ScriptedSession(configuration, database, script)
    await session.run()
    return session.answers


async def give(session: Session, kind: str, **arguments: str) -> CommandResult:
    """One command of the operator."""
    return await session.execute(Command(CommandKind(kind), "operator@test", "told to", arguments))


async def bars_pass(session: Session, count: int) -> None:
    """Return when the market has moved on by `count` bars."""
    heard, passed = 0, asyncio.Event()

    def hear(loop: str) -> None:
        nonlocal heard
        heard += loop == "bars"
        if heard >= count:
            passed.set()

    session.add_beat_listener(hear)
    await passed.wait()


def rows(database: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database says, through a connection of its own."""
    with closing(sqlite3.connect(database)) as reader:
        return reader.execute(sql, values).fetchall()
