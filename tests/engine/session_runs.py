"""Whole engines in this process: a small embedded market, run to a bar or until told to stop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from engine.commands import Command, CommandKind, CommandResult
from engine.config import load_config
from engine.session import Session
from engine.summary import Summary

SMALL: dict[str, str | list[str]] = {
    "run.speed": "max",
    "run.symbols": "BTCUSDT,ETHUSDT,SOLUSDT,XRPUSDT",
    "sim.history_days": "440",
    "risk.buffer_fraction": "0.01",
    "risk.trades_per_day": "5000",
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
