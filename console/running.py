"""The screen on this process's terminal, from its first frame to its end, beside an engine in the same event loop.

`run_console` never awaits the engine and never cancels it, and whatever ends the screen (the operator, a lost terminal,
a fault in a widget) is an outcome for the caller, never an exception.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.app import ConsoleApp, Ending
from console.attachment import Attachment
from console.capture import OutputCapture
from console.config import ConsoleConfig
from console.strips import keep_no_lines
from console.terminal import open_terminal
from engine.commands import EngineLink


@dataclass(frozen=True, slots=True)
class ConsoleOutcome:
    """Why the screen ended.

    left: the operator left it, the engine goes on. stopped: the operator stopped the engine. engine_ended: the engine
    task ended by itself. terminal_lost: hang-up, `detail` says how. failed: a fault of the screen, `detail` names it
    and `return_code` is 1; in all other cases it is 0.
    """

    ending: Ending
    return_code: int = 0
    detail: str = ""


async def run_console(
    link: EngineLink,
    config: ConsoleConfig,
    *,
    engine_task: asyncio.Task[object] | None = None,
    mode: str = "",
    actor: str | None = None,
    output_file: Path | None = None,
    on_terminal_lost: Callable[[str], None] = lambda reason: None,
    attachment: Callable[[], Attachment | None] = lambda: None,
    starting: Callable[[], str] = lambda: "",
) -> ConsoleOutcome:
    """Run the screen on this process's terminal until it ends, and say why it did.

    `engine_task` is only watched: the screen ends when it does. `mode` is shown until the first picture names it.
    Descriptors 1 and 2 go to `output_file` (nowhere if None) meanwhile; they are given back unless the terminal is
    gone. `on_terminal_lost` is called on the loop, once, with the reason, as soon as that is known. `attachment` says
    how things stand where the engine is another process, `starting` what is to be waited for before the first picture,
    "" where nothing is. While this runs, SIGHUP means that the terminal is gone.
    Raises NoTerminal, and OSError when `output_file` cannot be opened.
    """
    by_itself = "TEXTUAL_DRIVER" not in os.environ
    terminal = open_terminal() if by_itself else None
    capture = OutputCapture(output_file) if by_itself else None
    keep_no_lines()
    app = ConsoleApp(
        link,
        config,
        mode=mode,
        actor=actor,
        terminal=terminal,
        on_terminal_lost=on_terminal_lost,
        awaits_engine=engine_task is not None,
        attachment=attachment,
        starting=starting,
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, app.terminal_lost, "hang-up")

    def ended(task: asyncio.Task[object]) -> None:
        app.engine_ended()

    if engine_task is not None:
        engine_task.add_done_callback(ended)
    try:
        ending = await app.run_async(mouse=config.mouse)
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        if engine_task is not None:
            engine_task.remove_done_callback(ended)
        if capture is not None and not app.lost:
            capture.restore()
    return _outcome(app, ending)


def _outcome(app: ConsoleApp, ending: Ending | None) -> ConsoleOutcome:
    if app.lost:
        return ConsoleOutcome("terminal_lost", detail=app.lost)
    fault = app._exception
    if fault is None and ending is None and not app.owns_terminal:
        return ConsoleOutcome("terminal_lost", detail="it was closed")
    if fault is not None or ending is None:
        words = (
            f"{type(fault).__name__}: {fault}" if fault is not None else "the screen ended without a reason"
        )
        return ConsoleOutcome("failed", return_code=1, detail=words)
    return ConsoleOutcome(ending)
