"""An engine without a screen: lines on stdout, systemd's watchdog, signals, a status file. Imports no terminal code.

The watchdog is fed only while the bar loop and the order loop themselves keep beating; SIGTERM and SIGINT stop by
policy, SIGUSR1 kills, SIGHUP reloads what may change while running.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from console.garbage import settle
from console.lines import Lines
from console.link.server import ControlSocket
from console.notify import Notifier
from console.signals import obey_signals
from engine import kernel_cache
from engine.config_faults import ConfigFault

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.session import Session
    from engine.snapshot import Snapshot
    from engine.summary import Summary
    from store.records import Event

STATUS_EVERY_S = 1.0
TELL_EVERY_S = 10.0
WATCHDOG_DEFAULT_S = 10.0
LOOPS = 2
STDOUT = 1
SOURCE = "console.headless"


async def run_headless(
    session: Session,
    socket_path: Path,
    reload: Callable[[], Configuration],
    quiet: bool = False,
) -> Summary:
    """Run a session to its end beside its control socket. Raises what `Session.run` raises, Locked, StoreError."""
    log = session.configuration.log
    lines = None if quiet else Lines(STDOUT, log.level, log.format == "json")
    if lines is not None:
        session.add_listener(lines)
    else:
        session.add_listener(_tell_of_compiler)
    notifier = Notifier()
    session.add_beat_listener(WatchdogFeed(notifier))
    obey_signals(session)
    reloads: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        task = asyncio.ensure_future(_reload(session, reload, lines, notifier))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
    try:
        async with ControlSocket(socket_path, session):
            by_event = lines is not None and log.format == "json"
            informing = asyncio.create_task(_keep_informed(session, notifier, told_by_event=by_event))
            try:
                return await session.run()
            finally:
                notifier.send("STOPPING=1", "STATUS=stopping")
                informing.cancel()
                await asyncio.gather(informing, return_exceptions=True)
    finally:
        if lines is not None:
            await asyncio.to_thread(lines.close)


class WatchdogFeed:
    """WATCHDOG=1 once both loops have beaten since it was last sent, so a wedged loop starves systemd's watchdog."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._interval_s = (notifier.watchdog_s or WATCHDOG_DEFAULT_S) / 3
        self._beaten: set[str] = set()
        self._fed_s = 0.0

    def __call__(self, loop: str) -> None:
        self._beaten.add(loop)
        if len(self._beaten) < LOOPS:
            return
        now_s = time.monotonic()
        if now_s - self._fed_s >= self._interval_s:
            self._notifier.send("WATCHDOG=1")
            self._fed_s = now_s
            self._beaten.clear()


async def _reload(
    session: Session, reload: Callable[[], Configuration], lines: Lines | None, notifier: Notifier
) -> None:
    """Read the configuration anew; one that is broken changes nothing, and the engine goes on."""
    notifier.reloading()
    try:
        configuration = await asyncio.to_thread(reload)
    except ConfigFault as fault:
        more = f" (and {len(fault.faults) - 1} more)" if len(fault.faults) > 1 else ""
        session.say("ERROR", SOURCE, f"configuration not reloaded: {fault.faults[0]}{more}")
    else:
        session.reload(configuration)
        if lines is not None:
            lines.set_level(session.configuration.log.level)
    notifier.send("READY=1")


def _tell_of_compiler(event: Event) -> None:
    """Who is told nothing but a result is still told what it waits for."""
    if event.source == kernel_cache.SOURCE:
        print(f"quarterdeck: {event.message}", file=sys.stderr, flush=True)


async def _tell_of_kernels(session: Session, notifier: Notifier, told_by_event: bool) -> None:
    """The first start of all takes long, so it says why and how far it is: each second to systemd, now and then in the
    log."""
    told_s = -TELL_EVERY_S
    while True:
        if words := kernel_cache.compiling():
            notifier.send(f"STATUS={words}")
            if (now_s := time.monotonic()) - told_s >= TELL_EVERY_S:
                told_s = now_s
                if told_by_event:
                    session.say("INFO", SOURCE, words)
                else:
                    print(f"quarterdeck: {words}", file=sys.stderr, flush=True)
        await asyncio.sleep(STATUS_EVERY_S)


async def _keep_informed(session: Session, notifier: Notifier, told_by_event: bool) -> None:
    """READY once, then the status line and file; until then, what it waits for."""
    telling = asyncio.create_task(_tell_of_kernels(session, notifier, told_by_event))
    try:
        await session.ready.wait()
    finally:
        telling.cancel()
    settle()
    notifier.send("READY=1", f"STATUS={session.phase}", f"MAINPID={os.getpid()}")
    complained = False
    while True:
        status_file = session.configuration.run.status_file
        # A picture takes longer than a bar.
        snapshot = session.snapshot() if notifier.present or status_file else None
        if snapshot is not None:
            notifier.send(
                f"STATUS={snapshot.mode} {snapshot.state} equity {snapshot.equity} decisions {snapshot.decisions}"
            )
        if snapshot is not None and status_file:
            try:
                await asyncio.to_thread(write_status, Path(status_file), snapshot)
                complained = False
            except OSError as error:
                if not complained:
                    session.say("WARN", SOURCE, f"status file {status_file}: {error.strerror}")
                complained = True
        await asyncio.sleep(STATUS_EVERY_S)


def write_status(path: Path, snapshot: Snapshot) -> None:
    """Replace the file whole: a reader sees the old status or the new one, never half of one. Only its owner may."""
    status = asdict(snapshot)
    del status["log"]
    temporary = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(status, file, separators=(",", ":"))
    temporary.replace(path)
