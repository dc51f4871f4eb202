"""The console beside an engine, in one event loop and in nobody's way.

`run_console` runs the screen as a sibling of the engine: it never awaits the engine, never cancels it, and whatever
ends the screen (the operator, a lost terminal, a fault in a widget) is an outcome for the caller, never an exception.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from textual.actions import ActionParseResult, parse
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key
from textual.filter import Monochrome
from textual.screen import Screen

from console.actions import INTERVENTIONS, Action
from console.attachment import READ_ONLY, Attachment
from console.bindings import bindings
from console.capture import OutputCapture
from console.config import ConsoleConfig
from console.details import Details
from console.garbage import settle
from console.keymap import Keymap
from console.kill_plan import kill_plan
from console.operator import PAUSE_OVERRIDE, REDUCE_OVERRIDE, Operator, in_force, operator_name
from console.publisher import Publisher, View
from console.screens.confirm import QUESTIONS, ConfirmScreen, Question
from console.screens.desk import Desk
from console.screens.dialog import Dialog
from console.screens.drill import Drill
from console.screens.drills import DRILLS
from console.screens.help import HelpScreen
from console.screens.kill import KillScreen
from console.screens.kill_progress import KillProgress
from console.screens.palette import Palette
from console.screens.quit import QuitScreen, Way
from console.screens.resume import WORD, ResumeScreen
from console.terminal import ConsoleDriver, TerminalFiles, open_terminal
from console.theme import Inks, inks, theme_at_start, themes
from engine.commands import CommandKind, CommandResult, EngineLink
from engine.lag import LagProbe

_LOG = logging.getLogger("quarterdeck.console")
_TURNS_KEPT_BELOW = 4
Ending = Literal["left", "stopped", "engine_ended", "terminal_lost", "failed"]


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


class ConsoleApp(App[Ending], inherit_bindings=False):
    """Wires link, publisher, screens and operator together."""

    CSS_PATH = "theme.tcss"
    BINDINGS = bindings("app")
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    TITLE = "Quarterdeck"

    def __init__(
        self,
        link: EngineLink,
        config: ConsoleConfig,
        *,
        mode: str = "",
        actor: str | None = None,
        terminal: TerminalFiles | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic_s: Callable[[], float] = time.monotonic,
        on_terminal_lost: Callable[[str], None] = lambda reason: None,
        awaits_engine: bool = False,
        attachment: Callable[[], Attachment | None] = lambda: None,
    ) -> None:
        self.owns_terminal = terminal is not None
        if terminal is not None:
            self.terminal = terminal
        super().__init__()
        self.animation_level = "none"
        self.monotonic_s = monotonic_s
        self._config = config
        self._lag = LagProbe()
        self._publisher = Publisher(
            link,
            _DriverLoad(self),
            lambda: self._lag.p99_ms,
            wall_ms,
            hz=config.refresh_hz,
            mode=mode,
            attachment=attachment,
        )
        self._details = Details(link)
        self._operator = Operator(link, actor or operator_name())
        self._on_terminal_lost = on_terminal_lost
        self._awaits_engine = awaits_engine
        self._stopping = False
        self._kept_turns = 0
        self._mouse = config.mouse
        self._beating: asyncio.Task[None] | None = None
        self._task_factory = asyncio.get_running_loop().get_task_factory()
        self._view = self._publisher.view()
        self.lost = ""
        for theme in themes(config.profit_colours):
            self.register_theme(theme)
        # Textual would make greys of our colours under NO_COLOR; the theme that starts then has none to begin with.
        self._filters = [one for one in self._filters if not isinstance(one, Monochrome)]
        self.theme = theme_at_start(
            config.theme, no_color=self.no_color, color_system=self.console.color_system
        )
        self.set_class(mode == "live", "-live")

    def get_driver_class(self) -> type[Driver]:
        """Our driver on our terminal; the one named by TEXTUAL_DRIVER otherwise."""
        return ConsoleDriver if self.owns_terminal else super().get_driver_class()

    def get_default_screen(self) -> Screen[None]:
        return Desk(self._config, self._view)

    @property
    def inks(self) -> Inks:
        """The style of every ink in the theme in force."""
        return inks(self.theme, self._config.profit_colours)

    @property
    def keymap(self) -> Keymap:
        """The operator's own keys."""
        return self._config.keymap

    async def on_event(self, event: Event) -> None:
        await super().on_event(event)
        if isinstance(event, Key):
            # Keys that come in a burst, as after a stalled line, are handled one by one, with the engine in between.
            await asyncio.sleep(0)

    def on_mount(self) -> None:
        # Textual sets an eager task factory on newer Pythons, which would reorder the engine's tasks beside a screen.
        asyncio.get_running_loop().set_task_factory(self._task_factory)
        self.set_keymap(self._config.keymap)
        self.call_after_refresh(self._turn)
        self.set_interval(1 / self._config.refresh_hz, self._turn)

    def on_unmount(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    def _fatal_error(self) -> None:
        # Textual would draw the whole stack with every local value in it, which takes the engine's time.
        _LOG.error("the console failed and ends; the engine does not", exc_info=self._exception)
        self._close_messages_no_wait()

    def terminal_lost(self, reason: str) -> None:
        """The terminal is gone: tell the caller once, and end the screen."""
        if self.lost:
            return
        self.lost = reason
        self._on_terminal_lost(reason)
        self.exit("terminal_lost")

    def engine_ended(self) -> None:
        """The engine task is over, and so is the screen."""
        self.exit("stopped" if self._stopping else "engine_ended")

    def apply_theme(self, name: str) -> None:
        """Show every screen in the theme `name` from the next frame on. Raises InvalidThemeError for an unknown one."""
        self.theme = name
        for screen in self.screen_stack:
            for widget in screen.query("*"):
                widget.refresh()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Every key, choice and palette entry comes here; a console that only watches goes no further."""
        called = (parse(action) if isinstance(action, str) else action)[1]
        if self._view.read_only and called in INTERVENTIONS:
            self.say(READ_ONLY)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    async def perform(self, action: Action) -> None:
        """Run an action of the program or of the desk, from wherever it was chosen."""
        own = self._screen_behind() if action.on_screens else self.screen_stack[0]
        await self.run_action(action.call, self if action.scope == "app" else own)

    def open_drill(self, kind: str, key: str = "") -> None:
        """Open a drill-down of `console.screens.drills` over whatever is open; Esc leads back to the same row."""
        self.push_screen(DRILLS[kind](self.keymap, self._view, self._details, key))

    def action_arm_kill(self) -> None:
        if any(isinstance(screen, KillScreen) for screen in self.screen_stack):
            return
        snapshot = self._view.snapshot
        if (
            snapshot is not None
            and snapshot.kill is not None
            and snapshot.kill.progress not in ("flat", "kept")
        ):
            self._open(KillProgress(self.keymap, self._view, asked=None))
            return
        hold = self._operator.hold_entries(snapshot)
        self._open(
            KillScreen(
                self.keymap,
                self._view,
                operator=self._operator,
                hold=hold,
                plan=kill_plan(snapshot),
                disarm_s=self._config.kill_disarm_s,
            )
        )

    def action_toggle_pause(self) -> None:
        on = not in_force(self._view.snapshot, PAUSE_OVERRIDE)
        self._confirm(QUESTIONS["pause", on], CommandKind.PAUSE, on=on)

    def action_toggle_reduce(self) -> None:
        on = not in_force(self._view.snapshot, REDUCE_OVERRIDE)
        self._confirm(QUESTIONS["reduce", on], CommandKind.REDUCE, on=on)

    def action_resume(self) -> None:
        self.push_screen(ResumeScreen(self.keymap, self._view), self._resume)

    def action_ask_quit(self) -> None:
        self.push_screen(QuitScreen(self.keymap, self._view), self._leave)

    def action_help(self) -> None:
        desk = self.screen_stack[0]
        pane = desk.focused_pane if isinstance(desk, Desk) else "signals"
        self._open(HelpScreen(self.keymap, self._view, pane=pane))

    def action_palette(self) -> None:
        self._open(Palette(self._view))

    def action_toggle_mouse(self) -> None:
        if isinstance(self._driver, ConsoleDriver):
            self._mouse = not self._mouse
            self._driver.set_mouse(self._mouse)
            self.notify("Mouse on." if self._mouse else "Mouse off: the terminal's own selection works.")

    def copy_text(self, text: str) -> None:
        """Send `text` to the terminal's clipboard, and show it: whether the terminal took it, nobody can say."""
        if not text:
            self.say("Nothing to copy.")
            return
        self.copy_to_clipboard(text)
        self.notify(text.expandtabs(2), title="Sent to terminal", markup=False, timeout=8)

    def say(self, words: str) -> None:
        """A word to the operator that goes away by itself."""
        self.notify(words, markup=False)

    def action_log_level(self, level: str) -> None:
        desk = self.screen_stack[0]
        if isinstance(desk, Desk):
            desk.set_log_level(level)

    def _turn(self) -> None:
        if not self.screen_stack:
            # The last turn may come while the screens are being taken down.
            return
        armed = any(isinstance(screen, KillScreen) for screen in self.screen_stack)
        turn = self._publisher.turn(armed=armed)
        if turn is None:
            return
        self._view = turn.view
        self.set_class(turn.view.mode == "live", "-live")
        top = self.screen
        if isinstance(top, Desk | Drill | Dialog | Palette) and top.is_mounted:
            self._show_below(top, turn.view)
            top.show(turn.view)
        if turn.repaint:
            self.refresh(layout=True)
        if self._beating is None and turn.view.snapshot is not None and turn.view.snapshot.phase == "running":
            self._started()

    def _show_below(self, top: Screen[Any], view: View) -> None:
        """Bring what lies below `top` up to date: what a dialog leaves in sight now and then, the rest not at all."""
        behind = self._screen_behind() if top.is_modal else None
        for screen in self.screen_stack[:-1]:
            if isinstance(screen, Desk | Drill) and screen is not behind:
                screen.keep(view)
        if isinstance(behind, Desk | Drill):
            # It is drawn with the whole dialog, so it is drawn less often, but never left to go old.
            self._kept_turns += 1
            if self._kept_turns % _TURNS_KEPT_BELOW:
                behind.keep(view)
            else:
                behind.show(view)

    def _screen_behind(self) -> Screen[Any]:
        """The screen that fills the terminal: on top, or behind the dialogs."""
        return next(screen for screen in reversed(self.screen_stack) if not screen.is_modal)

    def _started(self) -> None:
        """The engine has started: what it loaded stays, and from here on lag is the screen's business."""
        if self.owns_terminal:
            settle()
        self._beating = asyncio.create_task(self._lag.run())

    def _open(self, screen: Screen[None]) -> None:
        self.push_screen(screen)

    def _confirm(self, question: Question, kind: CommandKind, *, on: bool) -> None:
        reason = f"{question.yes.lower()}, asked at the console"
        asking = partial(self._operator.ask, kind, reason, on="true" if on else "false")

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                self._tell(self._operator.begin(asking()))

        self.push_screen(ConfirmScreen(self.keymap, self._view, question), answered)

    def _resume(self, reason: str | None) -> None:
        if reason:
            self._tell(self._operator.begin(self._operator.ask(CommandKind.RESUME, reason, confirm=WORD)))

    def _leave(self, way: Way | None) -> None:
        if way == "leave":
            self.exit("left")
        elif way == "kill":
            self.action_arm_kill()
        elif way == "stop" and self._view.attachment is not None:
            self.push_screen(ConfirmScreen(self.keymap, self._view, QUESTIONS["stop", True]), self._stop)
        elif way == "stop":
            self._stop(True)

    def _stop(self, confirmed: bool | None) -> None:
        if confirmed:
            self._stopping = True
            asked = self._operator.begin(self._operator.ask(CommandKind.STOP, "quit dialog", policy="keep"))
            self._tell(asked)
            asked.add_done_callback(self._stop_answered)

    def _stop_answered(self, asked: asyncio.Task[CommandResult]) -> None:
        self._stopping = not asked.cancelled() and asked.result().accepted
        if self._stopping and not self._awaits_engine:
            self.exit("stopped")

    def _tell(self, asked: asyncio.Task[CommandResult]) -> None:
        asked.add_done_callback(self._told)

    def _told(self, asked: asyncio.Task[CommandResult]) -> None:
        if not asked.cancelled() and self.is_running:
            result = asked.result()
            self.notify(result.message, severity="information" if result.accepted else "error", timeout=8)


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
) -> ConsoleOutcome:
    """Run the screen on this process's terminal until it ends, and say why it did.

    `engine_task` is only watched: the screen ends when it does. `mode` is shown until the first picture names it.
    Descriptors 1 and 2 go to `output_file` (nowhere if None) meanwhile; they are given back unless the terminal is
    gone. `on_terminal_lost` is called on the loop, once, with the reason, as soon as that is known. `attachment` says
    how things stand where the engine is another process. While this runs, SIGHUP means that the terminal is gone.
    Raises NoTerminal, and OSError when `output_file` cannot be opened.
    """
    by_itself = "TEXTUAL_DRIVER" not in os.environ
    terminal = open_terminal() if by_itself else None
    capture = OutputCapture(output_file) if by_itself else None
    app = ConsoleApp(
        link,
        config,
        mode=mode,
        actor=actor,
        terminal=terminal,
        on_terminal_lost=on_terminal_lost,
        awaits_engine=engine_task is not None,
        attachment=attachment,
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


class _DriverLoad:
    """How far behind the terminal is; nothing for a driver that does not say."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    @property
    def waiting(self) -> int:
        driver = self._app._driver
        return driver.waiting if isinstance(driver, ConsoleDriver) else 0

    @property
    def dropped(self) -> int:
        driver = self._app._driver
        return driver.dropped if isinstance(driver, ConsoleDriver) else 0
