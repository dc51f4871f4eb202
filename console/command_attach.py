"""`quarterdeck attach`: the console over an engine that runs in another process, which it never stops by leaving.

It paints whether or not the engine answers, and finds it again however often it goes. Only an engine that was not there
to begin with ends it, because that is what a mistyped path looks like.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from console.attachment import Attachment
from console.command_faults import Code, Usage, complain
from console.command_target import loader
from console.config import ConsoleConfig
from console.link.remote import RemoteLink
from console.operator import operator_name
from console.running import ConsoleOutcome, run_console
from engine.config_faults import ConfigFault
from engine.paths import log_path

ANSWERS_WITHIN_S = 1.0
IN_A_BROWSER = "TEXTUAL_DRIVER" in os.environ


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """What the command line asked for. `wait`: an engine that does not run yet is waited for."""

    socket: Path
    config: Path | None
    read_only: bool
    wait: bool


def attach(request: AttachRequest) -> int:
    """Show the engine until the operator leaves. Raises Usage, ConfigFault, NotRunning, NoAnswer, WireFault."""
    if not IN_A_BROWSER and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("attach needs a terminal for the console")
    config, note = _screen_config(request.config)
    output = _output_file()
    outcome = asyncio.run(_attached(request, config, note, output))
    if outcome.ending == "failed":
        where = f"; its stack is in {output}" if output is not None else ""
        return complain([f"the screen failed: {outcome.detail}; the engine goes on{where}"], Code.ERROR)
    if outcome.ending != "terminal_lost":
        _say("the engine has stopped" if outcome.ending == "stopped" else "left; the engine goes on")
    return Code.OK


def _say(words: str) -> None:
    """Parting words, unless the terminal is stalled and would keep us until it moves again."""
    _, writable, _ = select.select([], [sys.stderr], [], 0)
    if writable and not IN_A_BROWSER:
        print(f"quarterdeck: {words}", file=sys.stderr, flush=True)


async def _attached(
    request: AttachRequest, config: ConsoleConfig, note: str, output: Path | None
) -> ConsoleOutcome:
    link = RemoteLink(request.socket, read_only=request.read_only)
    following = asyncio.create_task(link.run())
    try:
        await _first_contact(link, wait=request.wait)
        outcome = await run_console(
            link,
            config,
            engine_task=cast("asyncio.Task[object]", asyncio.create_task(_over(following))),
            actor=operator_name("attach"),
            output_file=output,
            attachment=lambda: _noted(link.attachment, note),
        )
        # What was asked for last is not lost because its screen is gone.
        await link.answered()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    return outcome


async def _first_contact(link: RemoteLink, *, wait: bool) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await link.tried.wait()
    if link.fault is not None and not wait:
        raise link.fault


async def _over(following: asyncio.Task[None]) -> None:
    """Until there is nothing to show any more, or somebody ends this process."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _noted(attachment: Attachment, note: str) -> Attachment:
    return attachment if attachment.note else replace(attachment, note=note)


def _screen_config(path: Path | None) -> tuple[ConsoleConfig, str]:
    """The [console] section, and a line about it. Raises ConfigFault for a file that was named."""
    try:
        return cast(ConsoleConfig, loader(path)().extra["console"]), ""
    except ConfigFault as fault:
        if path is not None:
            raise
        # Whatever is wrong with a file that happens to lie here must not keep an operator from an engine.
        return ConsoleConfig(), f"keys and colours are the defaults: {fault.faults[0]}"


def _output_file() -> Path | None:
    """Where what libraries print goes while the screen has the terminal."""
    path = log_path().with_name("attach.output")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError:
        return None
    return path
