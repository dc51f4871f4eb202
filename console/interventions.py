"""What the operator may change from the screen: each asks first, in proportion to its danger, and then is a command.

What is asked about is fixed when the key is struck: a symbol, an order, a signal, never a row. The answer comes as a
toast, and the engine writes it into its log and its books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from console import questions
from console.answers import Parameter
from console.keymap import Keymap
from console.kill_plan import kill_plan
from console.operator import PAUSE_OVERRIDE, REDUCE_OVERRIDE, Operator, in_force
from console.publisher import View
from console.questions import Question
from console.screens.confirm import ConfirmScreen
from console.screens.kill import KillScreen
from console.screens.kill_progress import KillProgress
from console.screens.parameters import BACK, ParametersScreen
from console.screens.quit import QuitScreen, Way
from console.screens.resume import WORD, ResumeScreen
from console.screens.weight import WeightScreen
from console.signal_state import next_state
from engine.commands import CommandKind, CommandResult

Result = TypeVar("Result")
_KILL_IS_OVER = ("flat", "kept")


class AskingApp(Protocol):
    """The app, as far as interventions need it."""

    @property
    def keymap(self) -> Keymap: ...

    @property
    def view(self) -> View: ...

    @property
    def screen_stack(self) -> list[Screen[Any]]: ...

    def ask(
        self, screen: Screen[Result], answered: Callable[[Result | None], None] | None = None
    ) -> None: ...

    def say(self, words: str) -> None: ...

    def tell(self, result: CommandResult) -> None: ...


class Interventions:
    """Asks on the screen of `app` and sends what was confirmed through `operator`."""

    def __init__(self, app: AskingApp, operator: Operator, *, disarm_s: float) -> None:
        self._app = app
        self._operator = operator
        self._disarm_s = disarm_s
        self._stop: asyncio.Task[CommandResult] | None = None

    @property
    def armed(self) -> bool:
        """Whether the kill switch stands open on this screen."""
        return self._shows(KillScreen)

    @property
    def stopping(self) -> bool:
        """Whether the engine was asked to stop and has not refused."""
        stop = self._stop
        return stop is not None and (not stop.done() or _agreed(stop))

    def arm_kill(self) -> None:
        """Pause entries and open the kill switch, or show the kill that is under way."""
        if self.armed:
            return
        view = self._app.view
        kill = view.snapshot.kill if view.snapshot is not None else None
        if kill is not None and kill.progress not in _KILL_IS_OVER:
            if not self._shows(KillProgress):
                self._app.ask(KillProgress(self._app.keymap, view, asked=None))
            return
        self._app.ask(
            KillScreen(
                self._app.keymap,
                view,
                operator=self._operator,
                hold=self._operator.hold_entries(view.snapshot),
                plan=kill_plan(view.snapshot),
                disarm_s=self._disarm_s,
            )
        )

    def pause(self) -> None:
        """Pause entries, or let them go on."""
        on = not in_force(self._app.view.snapshot, PAUSE_OVERRIDE)
        self._confirm(questions.PAUSE if on else questions.UNPAUSE, CommandKind.PAUSE, on=_word(on))

    def reduce(self) -> None:
        """Only reduce, or lift that."""
        on = not in_force(self._app.view.snapshot, REDUCE_OVERRIDE)
        self._confirm(questions.REDUCE if on else questions.UNREDUCE, CommandKind.REDUCE, on=_word(on))

    def resume(self) -> None:
        """Leave HALTED."""

        def answered(reason: str | None) -> None:
            if reason:
                self._send(CommandKind.RESUME, reason, confirm=WORD)

        self._app.ask(ResumeScreen(self._app.keymap, self._app.view), answered)

    def flatten(self, symbol: str) -> None:
        """Close a symbol and keep it out of the market, or let it trade again."""
        on = questions.flattened(self._app.view.snapshot, symbol) is None
        question = questions.flatten_question(self._app.view, symbol)
        self._confirm(question, CommandKind.FLATTEN, symbol=symbol, on=_word(on))

    def cancel(self, order: str) -> None:
        """Cancel one order."""
        self._confirm(questions.cancel_question(self._app.view, order), CommandKind.CANCEL, order=order)

    def switch(self, name: str) -> None:
        """Put a signal in shadow, or on again; one without weight is computed in shadow or switched off."""
        row = questions.weight_row(self._app.view.snapshot, name)
        if row is None:
            self._app.say(f"{name} is no signal that is computed here.")
            return
        question = questions.signal_question(self._app.view, name)
        self._confirm(question, CommandKind.SIGNAL, name=name, state=next_state(row))

    def weigh(self, name: str) -> None:
        """Change the weight of a signal within its bounds."""
        row = questions.weight_row(self._app.view.snapshot, name)
        if row is None or row.kind == questions.OVERLAY:
            why = "an overlay, which has no weight: switch it on or off" if row else "no signal computed here"
            self._app.say(f"{name} is {why}.")
            return

        def answered(weight: str | None) -> None:
            if weight:
                self._send(CommandKind.WEIGHT, "weight changed at the console", name=name, weight=weight)

        self._app.ask(WeightScreen(self._app.keymap, self._app.view, name), answered)

    def weigh_by(self, method: str) -> None:
        """Weigh the signals by another method."""
        self._confirm(questions.method_question(self._app.view, method), CommandKind.METHOD, method=method)

    def set_parameters(self, name: str, parameters: Sequence[Parameter]) -> None:
        """Change parameters of a signal, of which these are known."""

        def answered(text: str | None) -> None:
            if text:
                wanted = {"default": "true"} if text == BACK else {"parameters": text}
                self._send(CommandKind.PARAMETERS, "parameters set at the console", name=name, **wanted)

        self._app.ask(ParametersScreen(self._app.keymap, self._app.view, name, parameters), answered)

    def quit(self, leave: Callable[[], None], stopped: Callable[[], None]) -> None:
        """Ask how to leave. `leave` ends the screen, `stopped` is called when the engine has agreed to stop.

        An engine that runs by itself is stopped only after a question of its own: others may be looking at it.
        """

        def stop(confirmed: bool | None) -> None:
            if confirmed:
                self._stop = self._send(CommandKind.STOP, "quit dialog", policy="keep")
                self._stop.add_done_callback(lambda asked: stopped() if _agreed(asked) else None)

        def answered(way: Way | None) -> None:
            if way == "leave":
                leave()
            elif way == "kill":
                self.arm_kill()
            elif way == "stop" and self._app.view.attachment is not None:
                self._app.ask(ConfirmScreen(self._app.keymap, self._app.view, questions.STOP), stop)
            elif way == "stop":
                stop(True)

        self._app.ask(QuitScreen(self._app.keymap, self._app.view), answered)

    def _shows(self, kind: type[Screen[Any]]) -> bool:
        return any(isinstance(screen, kind) for screen in self._app.screen_stack)

    def _confirm(self, question: Question, kind: CommandKind, **arguments: str) -> None:
        reason = f"{question.yes[0].lower()}{question.yes[1:]}, asked at the console"

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                self._send(kind, reason, **arguments)

        self._app.ask(ConfirmScreen(self._app.keymap, self._app.view, question), answered)

    def _send(self, kind: CommandKind, reason: str, **arguments: str) -> asyncio.Task[CommandResult]:
        asked = self._operator.begin(self._operator.ask(kind, reason, **arguments))
        asked.add_done_callback(self._told)
        return asked

    def _told(self, asked: asyncio.Task[CommandResult]) -> None:
        if not asked.cancelled():
            self._app.tell(asked.result())


def _agreed(asked: asyncio.Task[CommandResult]) -> bool:
    return not asked.cancelled() and asked.result().accepted


def _word(on: bool) -> str:
    return "true" if on else "false"
