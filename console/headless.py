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
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from console.link.server import ControlSocket
from console.notify import Notifier
from engine.commands import Command, CommandKind
from store.records import Event

if TYPE_CHECKING:
    from engine.config import Configuration
    from engine.session import Session
    from engine.summary import Summary

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
STATUS_EVERY_S = 1.0
WATCHDOG_DEFAULT_S = 10.0
LOOPS = 2


class Lines:
    """Events on a stream, as text or JSON; a reader that has gone away never stops the engine."""

    def __init__(self, stream: TextIO, level: str, as_json: bool) -> None:
        self._stream: TextIO | None = stream
        self._least = LEVELS.index(level)
        self._as_json = as_json

    def __call__(self, event: Event) -> None:
        if self._stream is None or LEVELS.index(event.level) < self._least:
            return
        try:
            self._stream.write(self._line(event) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None

    def _line(self, event: Event) -> str:
        if self._as_json:
            return json.dumps(asdict(event), separators=(",", ":"))
        when = datetime.fromtimestamp(event.ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return f"{when} {event.level:<5} {event.source:<18} {event.message}"


async def run_headless(
    session: Session,
    socket_path: Path,
    configuration: Configuration,
    reload: Callable[[], Configuration] | None = None,
    quiet: bool = False,
) -> Summary:
    """Run a session to its end beside its control socket. Raises what `Session.run` raises."""
    log = configuration.log
    if not quiet:
        session.add_listener(Lines(sys.stdout, log.level, log.format == "json"))
    notifier = Notifier()
    session.add_beat_listener(WatchdogFeed(notifier))
    _install_signals(session, configuration, notifier, reload)
    async with ControlSocket(socket_path, session):
        beats = asyncio.create_task(_keep_informed(session, notifier, configuration.run.status_file))
        try:
            return await session.run()
        finally:
            notifier.send("STOPPING=1", "STATUS=stopping")
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)


def _install_signals(
    session: Session,
    configuration: Configuration,
    notifier: Notifier,
    reload: Callable[[], Configuration] | None,
) -> None:
    loop = asyncio.get_running_loop()
    policy = configuration.run.stop_policy
    kills: set[asyncio.Task[object]] = set()

    def stop(name: str) -> None:
        session.request_stop(policy, f"signal {name}", f"{name} received")

    def kill() -> None:
        command = Command(CommandKind.KILL, "signal SIGUSR1", "SIGUSR1 received")
        task: asyncio.Task[object] = asyncio.ensure_future(session.execute(command))
        kills.add(task)
        task.add_done_callback(kills.discard)

    def hang_up() -> None:
        if reload is None:
            return
        notifier.reloading()
        session.reload_from(reload)
        notifier.send("READY=1")

    loop.add_signal_handler(signal.SIGTERM, stop, "SIGTERM")
    loop.add_signal_handler(signal.SIGINT, stop, "SIGINT")
    loop.add_signal_handler(signal.SIGUSR1, kill)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


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


async def _keep_informed(session: Session, notifier: Notifier, status_file: str) -> None:
    """READY once, then the status line and file."""
    await session.ready.wait()
    notifier.send("READY=1", f"STATUS={session.phase}", f"MAINPID={os.getpid()}")
    while notifier.present or status_file:
        snapshot = session.snapshot()
        if snapshot is not None:
            notifier.send(
                f"STATUS={snapshot.mode} {snapshot.state} equity {snapshot.equity} decisions {snapshot.decisions}"
            )
            if status_file:
                await asyncio.to_thread(_write_status, Path(status_file), asdict(snapshot))
        await asyncio.sleep(STATUS_EVERY_S)


def _write_status(path: Path, status: dict[str, object]) -> None:
    """Replace the file whole: a reader sees the old status or the new one, never half of one."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(status, separators=(",", ":")), encoding="utf-8")
    temporary.replace(path)
