"""Killing a run again and again at instants drawn from a seed, until enough kills of each kind have been counted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.crash.kill_points import IN_FLIGHT_POINTS, POINTS
from tests.crash.lives import Career

FURTHEST = 12
INSIDE_RECOVERY = 0.15
ELSEWHERE = (
    "transaction begun",
    "transaction written, not committed",
    "transaction committed",
    "before the market moves",
    "market moved, news not booked",
    "news heard",
    "books asked",
)


@dataclass(slots=True)
class Toll:
    """Kills counted: all came after the first order; `in_flight` of them between an intent and its acknowledgement."""

    in_flight: int = 0
    elsewhere: int = 0
    careers: list[Career] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return self.in_flight + self.elsewhere

    def enough(self, kills: int) -> bool:
        """At least so many, at least half of them in flight."""
        return self.kills >= kills and self.in_flight >= kills // 2


def kill_repeatedly(begin: Callable[[str], Career], kills: int, seed: int, bar_s: float) -> Toll:
    """Kill lives until `kills` are counted, at least half of them in flight; every career is lived to its last bar.

    `bar_s`: seconds one bar takes, which spreads the instants of the outside kills over the bars that are left.
    """
    draw = random.Random(seed)
    toll = Toll()
    while not toll.enough(kills):
        career = begin(f"career{len(toll.careers)}")
        toll.careers.append(career)
        while not toll.enough(kills) and not career.done:
            in_flight = toll.in_flight < kills // 2 and (
                draw.random() < 0.5 or toll.elsewhere >= (kills + 1) // 2
            )
            plan = (
                _in_flight(draw) if in_flight else _anywhere(draw, career, max(kills - toll.kills, 1), bar_s)
            )
            _count(toll, career, plan)
        career.finish()
        assert career.orders, "nothing was traded: no kill can count"
    return toll


def _count(toll: Toll, career: Career, plan: dict[str, Any]) -> None:
    ending = career.live(**plan)
    assert ending.killed or ending.code == 0, ending.output
    if not ending.killed or not career.orders:
        return
    if "kill_at" in plan and plan["kill_at"][0] in IN_FLIGHT_POINTS and career.unacknowledged:
        toll.in_flight += 1
    else:
        toll.elsewhere += 1


def _in_flight(draw: random.Random) -> dict[str, Any]:
    return {"kill_at": (draw.choice(IN_FLIGHT_POINTS), draw.randint(1, FURTHEST))}


def _anywhere(draw: random.Random, career: Career, kills_left: int, bar_s: float) -> dict[str, Any]:
    """A wall instant while trading, or while recovering, or a named point outside the sending of orders."""
    known = [ending.ready_s for ending in career.endings if ending.ready_s is not None]
    kind = draw.random()
    if career.orders and known and kind < INSIDE_RECOVERY:
        return {"kill_after_s": draw.uniform(0.0, max(known)), "from_start": True}
    if kind < 0.4:
        point = draw.choice(ELSEWHERE)
        assert point in POINTS
        return {"kill_at": (point, draw.randint(1, FURTHEST))}
    share = 2.0 * career.bars_left / max(kills_left, 1)
    return {"kill_after_s": draw.uniform(0.0, share * bar_s)}
