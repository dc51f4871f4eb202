"""Named instants at which a life may end: before or after one await of the engine, counted from the life's start.

Each point wraps a method of the real class in the child process alone; nothing in the engine knows of them.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import ModuleType
from typing import Any

from engine import weighting
from engine.feeds.simulated import SimulatedFeed  # noqa: F401  (imported before the fork, so that lives are short)
from engine.kill import KillSwitch
from engine.lane_books import LaneBooks
from engine.session import Session
from engine.venues.books import Books
from engine.venues.simulated import SimulatedVenue
from store.database import Database
from store.journal import Journal


@dataclass(frozen=True, slots=True)
class KillPoint:
    """The process ends before (or after) `method` of `owner` runs (a function, where that is a module)."""

    owner: type | ModuleType
    method: str
    after: bool


BEFORE, AFTER = False, True

POINTS: dict[str, KillPoint] = {
    "transaction begun": KillPoint(Journal, "_apply", BEFORE),
    "transaction written, not committed": KillPoint(Journal, "_apply", AFTER),
    "transaction committed": KillPoint(Database, "write", AFTER),
    "before send": KillPoint(SimulatedVenue, "submit_all", BEFORE),
    "venue written, not committed": KillPoint(Books, "_save", AFTER),
    "accepted, answer not booked": KillPoint(SimulatedVenue, "submit_all", AFTER),
    "sent, not told": KillPoint(Session, "_send", AFTER),
    "before the market moves": KillPoint(SimulatedVenue, "advance", BEFORE),
    "market moved, news not booked": KillPoint(SimulatedVenue, "advance", AFTER),
    "news heard": KillPoint(SimulatedVenue, "events", AFTER),
    "books asked": KillPoint(SimulatedVenue, "positions", AFTER),
    "order looked up": KillPoint(SimulatedVenue, "order", AFTER),
    "before cancel": KillPoint(SimulatedVenue, "cancel", BEFORE),
    "cancelled, answer not booked": KillPoint(SimulatedVenue, "cancel", AFTER),
    "before cancel all": KillPoint(SimulatedVenue, "cancel_all", BEFORE),
    "all cancelled, answer not booked": KillPoint(SimulatedVenue, "cancel_all", AFTER),
    "kill: latch durable": KillPoint(Journal, "commit_apart", AFTER),
    "kill carried out": KillPoint(KillSwitch, "carry_out", AFTER),
    "kill: flattening begun": KillPoint(KillSwitch, "_send_flattening", BEFORE),
    "kill: flattening sent": KillPoint(KillSwitch, "_send_flattening", AFTER),
    "kill: before flat is proven": KillPoint(KillSwitch, "prove_flat", BEFORE),
    "kill: flat proven": KillPoint(KillSwitch, "prove_flat", AFTER),
    "weights: asked, not durable": KillPoint(weighting.Weighting, "_begin", AFTER),
    "weights: being worked out": KillPoint(weighting, "answer", BEFORE),
    "weights: worked out": KillPoint(weighting, "answer", AFTER),
    "weights: awaited": KillPoint(weighting.Weighting, "take_effect", BEFORE),
    "weights: in effect, not durable": KillPoint(weighting.Weighting, "take_effect", AFTER),
    "followers: before they take bars": KillPoint(LaneBooks, "follow", BEFORE),
    "followers: bars taken, not durable": KillPoint(LaneBooks, "follow", AFTER),
    "followers: looked at": KillPoint(LaneBooks, "view", AFTER),
}

IN_FLIGHT_POINTS = ("before send", "accepted, answer not booked", "venue written, not committed")
"""The intent is durable, its acknowledgement is not."""


def arm(name: str, times: int) -> None:
    """SIGKILL for this process when it passes `name` for the `times`-th time."""
    point = POINTS[name]
    passed = 0

    def passing() -> None:
        nonlocal passed
        passed += 1
        if passed == times:
            os.kill(os.getpid(), signal.SIGKILL)

    _wrap(point, passing)


def _wrap(point: KillPoint, passing: Callable[[], None]) -> None:
    original = getattr(point.owner, point.method)

    if inspect.iscoroutinefunction(original):

        @wraps(original)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            if not point.after:
                passing()
            answer = await original(*arguments, **named)
            if point.after:
                passing()
            return answer

        replacement: Callable[..., Any] = awaited
    else:

        @wraps(original)
        def called(*arguments: Any, **named: Any) -> Any:
            if not point.after:
                passing()
            answer = original(*arguments, **named)
            if point.after:
                passing()
            return answer

        replacement = called
    setattr(point.owner, point.method, replacement)
