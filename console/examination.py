"""What `doctor` looks at, a finding each: environment, an engine's files, guards, plug-ins. Changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from console.command_target import Target
from store.errors import StoreError

if TYPE_CHECKING:
    from engine.config import Configuration

OK, NOTE, WARN, FAIL = "ok", "note", "WARN", "FAIL"
PACKAGES = ("numpy", "numba", "duckdb", "pydantic", "aiosqlite", "platformdirs", "typer", "textual", "rich")
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37)
LITTLE_DISK_MB, FULL_DISK_MB = 1_000, 50
EARLIEST_CLOCK_S = 1_735_689_600
CLOCK_STEP_MS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`verdict` is ok, note, WARN, or FAIL where an engine cannot run."""

    verdict: str
    subject: str
    message: str


def examine_environment() -> Iterator[Finding]:
    """Python, packages, SQLite, terminal, kernel cache, clock."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding(OK if sys.version_info >= OLDEST_PYTHON else FAIL, "python", python)
    yield _packages()
    sqlite = Finding(OK, "sqlite", sqlite3.sqlite_version)
    yield sqlite if sqlite3.sqlite_version_info >= OLDEST_SQLITE else Finding(FAIL, "sqlite", sqlite.message)
    yield _terminal()
    yield _kernels()
    yield _clock()


def examine_target(target: Target, configuration: Configuration | None) -> Iterator[Finding]:
    """The database, its socket and disk, and the data a replay needs."""
    yield _database(target)
    yield _engine(target)
    yield _disk(target.database)
    if configuration is not None and configuration.run.data:
        yield from _data(configuration)


def examine_guards(configuration: Configuration | None) -> Iterator[Finding]:
    """Rules that cannot run yet, and signals that were left out."""
    from engine.signal_folder import known_kinds
    from risk.guards import NOT_ARMED
    from strategies.config import SignalsConfig

    for guard in NOT_ARMED:
        yield Finding(NOTE, f"guard {guard.guard}", f"not armed: {guard.rule}; it needs {guard.needs}")
    installed = known_kinds(SignalsConfig() if configuration is None else configuration.signals)
    for broken in installed.broken:
        yield Finding(WARN, "plug-in", f"left out {broken.entry_point}: {broken.fault}")
    if configuration is not None:
        from strategies.config import enabled_signals

        names = ", ".join(signal.name for signal in enabled_signals(configuration.signals, installed))
        yield Finding(OK if names else WARN, "signals", names or "none is enabled: nothing will be traded")


def _packages() -> Finding:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(FAIL, "packages", f"missing: {', '.join(missing)}; run make setup")
    return Finding(OK, "packages", ", ".join(found))


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding(NOTE, "terminal", "standard output is none; run needs --no-ui here")
    size = shutil.get_terminal_size()
    name, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    words = f"{name or 'TERM is not set'}, {size.columns}x{size.lines}, colours {colours or 'by TERM'}"
    if name in ("", "dumb"):
        return Finding(WARN, "terminal", f"{words}: too plain for the console")
    if size.columns < 80 or size.lines < 24:
        return Finding(WARN, "terminal", f"{words}: the console needs 80x24")
    if "UTF" not in (sys.stdout.encoding or "").upper():
        return Finding(WARN, "terminal", f"{words}: it is not UTF-8")
    return Finding(OK, "terminal", words)


def _kernels() -> Finding:
    from engine import kernel_cache

    folder = kernel_cache.prepare()
    if any(folder.iterdir()):
        return Finding(OK, "kernel cache", str(folder))
    return Finding(NOTE, "kernel cache", f"{folder} is empty: the first start compiles, about a minute")


def _clock() -> Finding:
    """The wall clock must be plausible and must not step against the monotonic one while we look."""
    wall_s, steady_s = time.time(), time.monotonic()
    if wall_s < EARLIEST_CLOCK_S:
        return Finding(FAIL, "clock", "it stands before 2025; set it")
    for _ in range(1_000):
        time.monotonic()
    drift_ms = abs((time.time() - wall_s) - (time.monotonic() - steady_s)) * 1e3
    verdict = OK if drift_ms < CLOCK_STEP_MS else WARN
    words = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall_s))
    return Finding(verdict, "clock", words if verdict == OK else f"{words}, it steps by {drift_ms:.0f} ms")


def _database(target: Target) -> Finding:
    from store import query
    from store.audit import verify

    path = target.database
    if not path.exists():
        return Finding(NOTE, "database", f"{path} does not exist yet; the first run makes it")
    try:
        owner = query.meta(path)
        control = query.control(path)
        rows = verify(path)
    except StoreError as error:
        return Finding(FAIL, "database", str(error))
    halted = "; HALTED" if control is not None and control["state"] == "HALTED" else ""
    words = f"{path}: {owner.get('mode')} {owner.get('account')}, audit chain of {rows} rows{halted}"
    return Finding(WARN if halted else OK, "database", words)


def _engine(target: Target) -> Finding:
    from console.link.client import NoAnswer, NotRunning, ask_snapshot
    from console.link.wire import WireFault
    from store.lock import holder

    process = holder(target.database)
    try:
        picture = ask_snapshot(target.socket, 2.0)
    except NotRunning:
        if process is None:
            return Finding(NOTE, "engine", "not running")
        return Finding(
            FAIL, "engine", f"process {process} holds the database, but {target.socket} is not served"
        )
    except (NoAnswer, WireFault, OSError) as fault:
        return Finding(FAIL, "engine", str(fault))
    phase = "starting" if picture is None else f"{picture['phase']}, {picture['state']}"
    return Finding(OK, "engine", f"process {process}, {phase}, answers on {target.socket}")


def _disk(database: Path) -> Finding:
    folder = database.parent
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(FAIL, "disk", f"{folder} cannot be written to")
    verdict = FAIL if free_mb < FULL_DISK_MB else WARN if free_mb < LITTLE_DISK_MB else OK
    return Finding(verdict, "disk", f"{free_mb} MB free in {folder}")


def _data(configuration: Configuration) -> Iterator[Finding]:
    from engine.feeds.choose import open_feed
    from store.data_fault import DataFault

    try:
        feed = open_feed(configuration)
    except (DataFault, OSError) as fault:
        yield Finding(FAIL, "data", " ".join(str(fault).split()))
    else:
        yield Finding(OK, "data", f"{len(feed.symbols)} symbols, bar {feed.bar_ms // 60_000} min")
