"""The armed kill switch: what will happen, frozen as it was, and two keys that make it happen.

Entries are paused before this opens. Enter, Space, y and the key that armed it do nothing here; F and H decide, Esc
disarms, and after a while it disarms itself. What follows is carried out by the engine and shown by `KillProgress`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import ceil

from textual.widget import Widget

from console.bindings import bindings
from console.format import counted, price
from console.kill_plan import KillPlan, VenuePlan
from console.operator import Hold, Operator
from console.publisher import View
from console.screens.dialog import Dialog
from console.screens.kill_progress import KillProgress
from console.widgets.ink import Line
from engine.commands import CommandResult

FOLLOWS_WITHIN_S = 0.1


class KillScreen(Dialog[None], inherit_bindings=False):
    """Armed: nothing has been stopped yet but new entries."""

    HEADING = "KILL SWITCH ARMED"
    BINDINGS = bindings("dialog", "kill")
    AUTO_FOCUS = "#choice-kill-disarm"

    def __init__(
        self,
        keymap: Mapping[str, str],
        view: View,
        *,
        operator: Operator,
        hold: Hold,
        plan: KillPlan,
        disarm_s: float,
    ) -> None:
        super().__init__(keymap, view)
        self._operator = operator
        self._hold = hold
        self._plan = plan
        self._disarm_s = disarm_s
        self._asked: asyncio.Task[CommandResult] | None = None

    @property
    def listening(self) -> bool:
        """Not in the first moment, and no longer once the kill is asked for."""
        return self._asked is None and super().listening

    def body(self) -> Iterable[Widget]:
        yield self.choice("kill.disarm", "Disarm: entries go on")
        yield self.choice("kill.flatten", "HALT, cancel every order, FLATTEN every position", ink="danger")
        yield self.choice("kill.halt", "HALT, cancel orders, keep positions and their stops", ink="danger")

    def text(self) -> Sequence[Line]:
        left = ceil(max(0.0, self._disarm_s - (self.now_s() - self._shown_at)))
        return [
            *plan_lines(self._plan),
            ((self._hold.words, "strong"), (f" · disarms in {left} s", "warn")),
            (),
        ]

    def on_mount(self) -> None:
        self.set_timer(self._disarm_s, self._time_out)

    def action_disarm(self) -> None:
        if self.listening:
            self._disarm("by the operator")

    def action_flatten(self) -> None:
        if self.listening:
            self._kill(keep_positions=False)

    def action_halt(self) -> None:
        if self.listening:
            self._kill(keep_positions=True)

    def _kill(self, *, keep_positions: bool) -> None:
        self._asked = asked = self._operator.kill(keep_positions=keep_positions)
        # The next screen takes longer to draw than HALTED to become durable, so the halt goes first.
        asked.add_done_callback(lambda _: self._follow(asked))
        self.set_timer(FOLLOWS_WITHIN_S, partial(self._follow, asked))

    def _follow(self, asked: asyncio.Task[CommandResult]) -> None:
        if self.is_current:
            self.app.switch_screen(KillProgress(self._keymap, self._view, asked=asked))

    def _time_out(self) -> None:
        if self._asked is not None:
            return
        words = f"Kill switch disarmed: it timed out. {self._hold.afterwards}"
        self._disarm("it timed out")
        self.app.notify(words, markup=False, timeout=8)

    def _disarm(self, why: str) -> None:
        self._hold.lift(why)
        self.dismiss()


def plan_lines(plan: KillPlan) -> list[Line]:
    """What will happen, one line for each venue."""
    if not plan.known:
        return [(("The engine has shown nothing yet: whatever there is will be stopped.", "warn"),)]
    if not plan.orders and not plan.positions:
        return [(("No working orders and no positions now; HALTED is latched all the same.", "plain"),)]
    return [line for venue in plan.venues for line in _venue_lines(venue)]


def _venue_lines(venue: VenuePlan) -> list[Line]:
    worth, cost = price(str(venue.notional), 0), price(str(venue.cost), 2)
    orders = counted(venue.orders, "order", "orders")
    positions = counted(venue.positions, "position", "positions")
    return [
        ((f"{venue.venue}: ", "strong"), (f"cancel {orders}, flatten {positions}", "plain")),
        ((f"{' ' * len(venue.venue)}  worth {worth}, about {cost} to close", "soft"),),
    ]
