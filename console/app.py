"""The console as a program: it wires the link to the engine, the publisher, the screens and the operator's keys.

It is a sibling of the engine in one event loop and in nobody's way: it pulls pictures, sends commands, and never waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar

from textual.actions import ActionParseResult, parse
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, Key
from textual.filter import Monochrome
from textual.screen import Screen

from console.actions import BY_ID, INTERVENTIONS, Action, Scope
from console.attachment import READ_ONLY, Attachment
from console.bindings import bindings, names_of
from console.config import ConsoleConfig
from console.details import Details
from console.export import export_screen
from console.garbage import settle
from console.interventions import Interventions
from console.keymap import Keymap, keys_of
from console.keyorder import KeyOrder
from console.layout import WELCOMED, Layout
from console.operator import Operator, operator_name
from console.publisher import Publisher, View
from console.screens.desk import Desk
from console.screens.help import HelpScreen
from console.screens.palette import Palette
from console.screens.welcome import WelcomeScreen
from console.showing import Showing
from console.strips import forget
from console.terminal import ConsoleDriver, DriverLoad, TerminalFiles
from console.theme import THEMES, Inks, inks, theme_at_start, themes
from console.ways import Ways, drill_class
from engine.commands import CommandResult, EngineLink
from engine.lag import LagProbe
from engine.paths import log_path

_LOG = logging.getLogger("quarterdeck.console")
_DRILLS_LOADED_AFTER_S = 1.0
Ending = Literal["left", "stopped", "engine_ended", "terminal_lost", "failed"]
Result = TypeVar("Result")


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
        starting: Callable[[], str] = lambda: "",
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
            DriverLoad(lambda: self._driver),
            lambda: self._lag.p99_ms,
            wall_ms,
            hz=config.refresh_hz,
            mode=mode,
            attachment=attachment,
            starting=starting,
        )
        self.interventions = Interventions(
            self, Operator(link, actor or operator_name()), disarm_s=config.kill_disarm_s
        )
        self._details = Details(link)
        self._layout = Layout(link, self._details, self._take_over)
        self._key_order = KeyOrder(
            super().on_event, lambda: (self.focused or self.screen).ancestors_with_self
        )
        self._kill_keys = names_of(keys_of(BY_ID["kill.arm"], config.keymap))
        self._frozen: View | None = None
        self._chosen_theme = ""
        self._welcomed = not config.welcome
        self._begun: set[asyncio.Task[object]] = set()
        self._on_terminal_lost = on_terminal_lost
        self._awaits_engine = awaits_engine
        self._showing = Showing()
        self._ways = Ways(self, self.open_drill)
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

    @property
    def view(self) -> View:
        """The newest view, whether or not the panes show it."""
        return self._view

    @property
    def desk(self) -> Desk:
        """The screen below all others."""
        return self._ways.desk

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Whose actions can be run from where the operator is."""
        drill = self._ways.drill
        return ("app", "desk") if drill is None else ("app", "desk", "screen", *drill.SCOPES)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key):
            self._publisher.stir()
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif event.key in self._kill_keys:
            # Nothing holds it up, and what was struck for another place does not answer the question it opens.
            if not self.interventions.armed:
                self._key_order.drop()
            await super().on_event(event)
        else:
            await self._key_order.take(event)

    def on_mount(self) -> None:
        # Textual sets an eager task factory on newer Pythons, which would reorder the engine's tasks beside a screen.
        asyncio.get_running_loop().set_task_factory(self._task_factory)
        self.set_keymap(self._config.keymap)
        self.call_after_refresh(self._turn)
        self.set_interval(1 / self._config.refresh_hz, self._turn)
        # Not before the first frame, and not on the loop when the first of them is opened.
        self.set_timer(_DRILLS_LOADED_AFTER_S, lambda: self._begin(asyncio.to_thread(drill_class, "signal")))

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
        self.exit("stopped" if self.interventions.stopping else "engine_ended")

    def apply_theme(self, name: str) -> None:
        """Show every screen in the theme `name` from the next frame on. Raises InvalidThemeError for an unknown one."""
        self.theme = name
        # After Textual has given every widget its new styles: a line that is drawn before keeps the old ground.
        self.call_next(self._redraw)

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

    def _redraw(self) -> None:
        for screen in self.screen_stack:
            for widget in screen.query("*"):
                widget.refresh()

    async def perform(self, action: Action) -> None:
        """Run an action of the program, the desk or the screen in sight, from wherever it was chosen."""
        owner: DOMNode = self
        if action.scope == "desk" and not action.on_screens:
            self._ways.back_to_desk()
            owner = self.desk
        elif action.scope != "app":
            owner = self._ways.drill or self.desk
        await self.run_action(action.call, owner)

    def ask(self, screen: Screen[Result], answered: Callable[[Result | None], None] | None = None) -> None:
        """Open a dialog; `answered` is given what it was closed with."""
        self.push_screen(screen, answered)

    def open_drill(self, kind: str, key: str = "") -> None:
        """Open the screen of `kind` (signal, position, orders, order, audit, config, limit, log) about `key`."""
        more = (self.desk.log_lines,) if kind == "log" else ()
        self.push_screen(drill_class(kind)(self.keymap, self._view, self._details, key, *more))

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

    def tell(self, result: CommandResult) -> None:
        """What became of a command."""
        self._publisher.stir()
        if self.is_running:
            severity: Literal["information", "error"] = "information" if result.accepted else "error"
            self.notify(result.message, severity=severity, markup=False, timeout=8)

    def thaw(self) -> bool:
        """Let the display go on; False where it was not frozen."""
        was_frozen, self._frozen = self._frozen is not None, None
        if was_frozen:
            self._turn()
        return was_frozen

    def action_arm_kill(self) -> None:
        self.interventions.arm_kill()

    def action_toggle_pause(self) -> None:
        self.interventions.pause()

    def action_toggle_reduce(self) -> None:
        self.interventions.reduce()

    def action_weigh_by(self, method: str) -> None:
        self.interventions.weigh_by(method)

    def action_resume(self) -> None:
        self.interventions.resume()

    def action_ask_quit(self) -> None:
        self.interventions.quit(lambda: self.exit("left"), self._stopped)

    def action_help(self) -> None:
        drill = self._ways.drill
        about = self.desk.about if drill is None else (drill.heading, "its own keys come first")
        self.push_screen(HelpScreen(self.keymap, self._view, about=about, on_screen=drill is not None))

    def action_palette(self) -> None:
        self.push_screen(Palette(self._view))

    def action_orders(self) -> None:
        self._ways.go_to("orders")

    def action_audit(self) -> None:
        self._ways.go_to("audit")

    def action_config(self) -> None:
        self._ways.go_to("config")

    def action_freeze(self) -> None:
        if not self.thaw():
            self._frozen = self._view
            self._turn()

    def action_theme(self, name: str) -> None:
        self._chosen_theme = name
        self.apply_theme(name)

    def action_export_picture(self) -> None:
        # Once the palette it was chosen from is gone from the screen.
        self.call_after_refresh(lambda: self._begin(self._export()))

    def action_toggle_mouse(self) -> None:
        self._mouse = not self._mouse
        if isinstance(self._driver, ConsoleDriver):
            self._driver.set_mouse(self._mouse)
        self.say("Mouse on." if self._mouse else "Mouse off: the terminal's own selection works.")

    def action_log_level(self, level: str) -> None:
        self.desk.set_log_level(level)

    def _turn(self) -> None:
        if not self.screen_stack:
            # The last turn may come while the screens are being taken down.
            return
        turn = self._publisher.turn(armed=self.interventions.armed)
        if turn is None:
            return
        self._view = view = replace(turn.view, frozen=self._frozen)
        self.set_class(view.mode == "live", "-live")
        self._showing.show(self.screen_stack, self._ways.drill or self.desk, view)
        if turn.repaint:
            self.refresh(layout=True)
        if self._beating is None and view.snapshot is not None and view.snapshot.phase == "running":
            self._started()
        self._remember(view)

    def _started(self) -> None:
        """The engine has started: what it loaded stays, and from here on lag is the screen's business."""
        if self.owns_terminal:
            settle(beside_screen=True)
        self._beating = asyncio.create_task(self._lag.run())

    def _remember(self, view: View) -> None:
        values = self.desk.kept() | {"theme": self._chosen_theme}
        self._layout.turn(values, engine_ready=view.snapshot is not None, may_write=not view.read_only)
        known = self._layout.known
        if self._welcomed or known is None or view.read_only or self.screen is not self.desk:
            return
        self._welcomed = True
        if WELCOMED not in known:
            self.push_screen(
                WelcomeScreen(self.keymap, view), lambda closed: self._layout.keep(WELCOMED, "yes")
            )

    def _take_over(self, name: str, value: str) -> bool:
        """Bring back something of the layout; False where it cannot be used."""
        if name != "theme":
            return self.desk.take_over(name, value)
        if value in THEMES and not self.no_color:
            self.action_theme(value)
        return value in THEMES

    def pop_screen(self) -> AwaitComplete:
        """Leave the topmost screen, and with it what it had drawn."""
        left = self.screen
        leaving = super().pop_screen()
        forget(left)
        return leaving

    async def _export(self) -> None:
        self.say(await export_screen(self, log_path().parent, self._view.wall_ms))

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    def _stopped(self) -> None:
        """The engine agreed to stop: where it ends in this process, so does the screen, and not before."""
        if not self._awaits_engine:
            self.exit("stopped")
