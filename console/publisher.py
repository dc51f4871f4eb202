"""The one place that fetches pictures of the engine: it decides when the screen is brought up to date, and when not.

The engine is never asked to wait, and is asked for a picture only when the terminal has taken the last one: a stalled
line costs it nothing. While the loop lags every other turn is left out, and where market, engine and operator stand
still there is one a second: enough for clocks and ages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from console.attachment import Attachment
from engine.commands import EngineLink
from engine.snapshot import Snapshot

_MOST_WAITING = 2
_SLOW_ABOVE_MS = 20.0
_FAST_BELOW_MS = 10.0
_STILL_TURNS = 8
SILENT_AFTER_MS = 3_000


class Output(Protocol):
    """What the publisher asks of the terminal."""

    @property
    def waiting(self) -> int: ...

    @property
    def dropped(self) -> int: ...


@dataclass(frozen=True, slots=True)
class View:
    """What the panes are given: the picture, and how far it may be trusted.

    `mode` is known before the first picture. `silent_ms`: since the picture was taken. `hz`: how often the screen is
    brought up to date just now. `armed`: the kill switch is armed on this screen. `attachment`: how things stand where
    the engine is another process, None where it is this one. `starting`: what the first picture waits for, "" where
    nothing needs to be said of it. `frozen`: what the panes go on showing while the operator keeps the display still.
    """

    snapshot: Snapshot | None
    mode: str
    wall_ms: int
    silent_ms: int
    hz: float
    lag_p99_ms: float
    armed: bool = False
    attachment: Attachment | None = None
    starting: str = ""
    frozen: View | None = None

    @property
    def panes(self) -> View:
        """What the panes show: this, or what they showed when the operator froze them."""
        return self.frozen or self

    @property
    def read_only(self) -> bool:
        """Whether this screen only watches."""
        return self.attachment is not None and self.attachment.read_only

    @property
    def silent(self) -> bool:
        """Whether the engine has not been heard for so long that what is shown is old."""
        return self.silent_ms > SILENT_AFTER_MS


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn that shows something; `repaint`: frames were lost before, so draw everything."""

    view: View
    repaint: bool


class Publisher:
    """Called `hz` times a second; answers with what to show, or None for a turn that is left out."""

    def __init__(
        self,
        link: EngineLink,
        output: Output,
        lag_p99_ms: Callable[[], float],
        wall_ms: Callable[[], int],
        *,
        hz: float,
        mode: str,
        attachment: Callable[[], Attachment | None] = lambda: None,
        starting: Callable[[], str] = lambda: "",
    ) -> None:
        self._link = link
        self._output = output
        self._lag_p99_ms = lag_p99_ms
        self._wall_ms = wall_ms
        self._hz = hz
        self._mode = mode
        self._attachment = attachment
        self._starting = starting
        self._turns = 0
        self._slow = False
        self._dropped_seen = 0
        self._seen: object = None
        self._still = 0

    def turn(self, *, armed: bool = False) -> Turn | None:
        """What to show now, or None."""
        self._turns += 1
        lag = self._lag_p99_ms()
        self._slow = lag > (_FAST_BELOW_MS if self._slow else _SLOW_ABOVE_MS)
        if self._output.waiting > _MOST_WAITING or self._turns % self._every:
            return None
        repaint = self._output.dropped != self._dropped_seen and self._output.waiting == 0
        if repaint:
            self._dropped_seen = self._output.dropped
        view = self.view(lag, armed=armed)
        self._watch(view)
        return Turn(view, repaint)

    def view(self, lag_p99_ms: float = 0.0, *, armed: bool = False) -> View:
        """The newest picture, whatever the terminal does."""
        snapshot = self._link.snapshot()
        now = self._wall_ms()
        return View(
            snapshot=snapshot,
            mode=snapshot.mode if snapshot is not None else self._mode,
            wall_ms=now,
            silent_ms=max(0, now - snapshot.wall_ts_ms) if snapshot is not None else 0,
            hz=self._hz / self._every,
            lag_p99_ms=lag_p99_ms,
            armed=armed,
            attachment=self._attachment(),
            starting=self._starting() if snapshot is None else "",
        )

    def stir(self) -> None:
        """The operator does something: show at the full rate what comes of it."""
        self._still = 0

    @property
    def _every(self) -> int:
        """Of so many turns one is shown."""
        lagging = 2 if self._slow else 1
        return max(lagging, math.floor(self._hz)) if self._still >= _STILL_TURNS else lagging

    def _watch(self, view: View) -> None:
        """Count the turns since anything but ages and clocks has changed; none before the first picture."""
        seen = None if view.snapshot is None else (_moving(view.snapshot), view.armed, view.silent)
        self._still = self._still + 1 if seen is not None and seen == self._seen else 0
        self._seen = seen


def _moving(snapshot: Snapshot) -> object:
    """What of a picture changes whenever the market moves or the engine does something."""
    return (
        snapshot.phase,
        snapshot.state,
        snapshot.notice,
        snapshot.decisions,
        snapshot.equity,
        snapshot.fills,
        snapshot.working_orders,
        snapshot.kill,
        snapshot.log[-1].sequence if snapshot.log else 0,
        [row.price for row in snapshot.signals],
    )
