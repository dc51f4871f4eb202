"""`quarterdeck run`: resolve the configuration, then trade headless or under the console."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from console.command_faults import Code, Usage, complain
from console.command_target import loader
from console.garbage import collect_rarely
from console.parting import say
from engine.paths import database_path, socket_path
from store.errors import FAULTS, StoreError, translate

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.summary import Summary


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asked for; `flags` are dotted keys of named options, `settings` those of --set."""

    config: Path | None
    database: Path | None
    headless: bool
    as_json: bool
    flags: dict[str, str | list[str]]
    settings: Sequence[str]


def run_engine(request: RunRequest) -> int:
    """Trade until the end; the exit code. Raises the faults of configuration, data, store and venue."""
    collect_rarely()
    if not request.headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("run needs a terminal for the console; without one pass --no-ui")
    load = loader(request.config, request.flags, request.settings)
    configuration = load()
    database = database_path(configuration, request.database)
    _make_folder(database.parent)
    tell_of_capital(configuration, database)
    code = Code.OK
    if request.headless:
        summary = asyncio.run(_headless(configuration, database, load, request.as_json))
    else:
        from console.command_console import run_with_console

        outcome = run_with_console(configuration, database)
        summary, code = outcome.summary, outcome.code
    _print_to_whoever_reads(json.dumps(summary.as_dict()) if request.as_json else summary.as_text())
    return code


async def _headless(
    configuration: Configuration, database: Path, load: Callable[[], Configuration], as_json: bool
) -> Summary:
    from console.headless import run_headless
    from engine.session import Session

    session = Session(configuration, database)
    summary = await run_headless(session, socket_path(database), load, quiet=as_json)
    if configuration.run.mode.value == "replay" and as_json:
        summary = replace(summary, digest=await asyncio.to_thread(_digest, database))
    return summary


def _digest(database: Path) -> str | None:
    """The digest of the run, None where there is none to be had: the run itself has ended well."""
    from store.digest import digest

    try:
        return digest(database)
    except StoreError as fault:
        complain([f"no digest: {fault}"], Code.OK)
        return None


def _print_to_whoever_reads(text: str) -> None:
    """A run that ended well has ended well, even where nobody is left to hear it."""
    try:
        say(text, sys.stdout)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_of_capital(configuration: Configuration, database: Path) -> None:
    """A book goes on with the capital it began with; who asks for another one is told so."""
    if ("run", "capital") not in configuration.sources or not database.is_file():
        return
    from store import query

    # Whatever keeps the database from being read is told when the engine opens it.
    with suppress(StoreError):
        for newest in query.equity(database, limit=1):
            if Decimal(newest["initial"]) != configuration.run.capital:
                words = f"it goes on with the capital it began with, {newest['initial']}"
                complain([f"run.capital {configuration.run.capital} is not for {database}: {words}"], Code.OK)


def _make_folder(folder: Path) -> None:
    """The socket lies beside the database, so their folder comes first. Raises StoreError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FAULTS as error:
        raise translate(error, folder) from error
