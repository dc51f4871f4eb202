"""All that guards remember from bar to bar, exactly writable as JSON and readable back.

Floats go through JSON as their shortest text that reads back equal, decimals as text; nothing here is derived
from anything stored elsewhere, so a restart continues where the last committed bar stood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Any

from risk.round_trips import OpenTrip
from risk.state import effective_state
from store.records import Override, Side, TradingState


@dataclass(frozen=True, slots=True)
class Cooldown:
    """No new exposure on `side` of a symbol after a stop or target took a position of that side out."""

    symbol: str
    side: Side
    since_ts_ms: int
    until_ts_ms: int


@dataclass(frozen=True, slots=True)
class Healing:
    """What an override complains of has been in order since `since_ts_ms`."""

    name: str
    scope: str
    since_ts_ms: int


@dataclass(frozen=True, slots=True)
class DayState:
    """The UTC day in progress: number since 1970, equity at its start, filled orders that opened."""

    number: int
    opening_equity: float | None = None
    opening_orders: tuple[str, ...] = ()


class Phase(IntEnum):
    """How far the performance guard has gone."""

    WELL = 0
    HALVED = 1
    REDUCING = 2


@dataclass(frozen=True, slots=True)
class PerformanceState:
    """Equity at the ends of past UTC days, oldest first, with the round trips closed in each day between
    them.

    `round_trips_today` belong to the day in progress; `days_in_phase` and `days_above` count whole days.
    """

    equities: tuple[float, ...] = ()
    round_trips: tuple[int, ...] = ()
    round_trips_today: int = 0
    phase: Phase = Phase.WELL
    days_in_phase: int = 0
    days_above: int = 0


@dataclass(frozen=True, slots=True)
class GuardState:
    """`losing_streak`: losing round trips in a row; `rejects_ms`: order rejects of the last minute.

    `healing` has one entry per override that ends once its cause has been away long enough, while it is away.
    """

    overrides: tuple[Override, ...] = ()
    cooldowns: tuple[Cooldown, ...] = ()
    healing: tuple[Healing, ...] = ()
    day: DayState | None = None
    trips: tuple[OpenTrip, ...] = ()
    losing_streak: int = 0
    rejects_ms: tuple[int, ...] = ()
    performance: PerformanceState = field(default_factory=PerformanceState)

    @property
    def trading_state(self) -> TradingState:
        """The trading state of the whole book."""
        return effective_state(self.overrides)


def to_dict(state: GuardState) -> dict[str, Any]:
    """Plain data for JSON; `from_dict` gives back an equal state. Written out, for it is stored at every commit."""
    day, performance = state.day, state.performance
    return {
        "overrides": [
            {
                "name": o.name, "state": int(o.state), "actor": o.actor, "reason": o.reason,
                "since_ts_ms": o.since_ts_ms, "ends": o.ends, "scope": o.scope, "until_ts_ms": o.until_ts_ms,
            }
            for o in state.overrides
        ],
        "cooldowns": [
            {"symbol": c.symbol, "side": c.side.value, "since_ts_ms": c.since_ts_ms, "until_ts_ms": c.until_ts_ms}
            for c in state.cooldowns
        ],
        "healing": [{"name": h.name, "scope": h.scope, "since_ts_ms": h.since_ts_ms} for h in state.healing],
        "day": None if day is None else {
            "number": day.number, "opening_equity": day.opening_equity, "opening_orders": day.opening_orders,
        },
        "trips": [
            {"symbol": t.symbol, "quantity": str(t.quantity), "cash": str(t.cash), "opened_ts_ms": t.opened_ts_ms}
            for t in state.trips
        ],
        "losing_streak": state.losing_streak,
        "rejects_ms": state.rejects_ms,
        "performance": {
            "equities": performance.equities, "round_trips": performance.round_trips,
            "round_trips_today": performance.round_trips_today, "phase": int(performance.phase),
            "days_in_phase": performance.days_in_phase, "days_above": performance.days_above,
        },
    }  # fmt: skip


def to_json(state: GuardState) -> str:
    """`to_dict` as JSON text. The daily record, by far its longest part, is worked out once a day."""
    facts = to_dict(state)
    performance = facts.pop("performance")
    equities = _equities_json(performance.pop("equities"))
    round_trips = _round_trips_json(performance.pop("round_trips"))
    record = f'{{"equities":{equities},"round_trips":{round_trips},{_encode(performance)[1:]}'
    return f'{_encode(facts)[:-1]},"performance":{record}}}'


_encode = json.JSONEncoder(separators=(",", ":")).encode
# One memory each: tuples of whole numbers and of floats may be equal, their texts are not.
_equities_json = lru_cache(maxsize=2)(_encode)
_round_trips_json = lru_cache(maxsize=2)(_encode)


def from_dict(raw: Mapping[str, Any]) -> GuardState:
    """The state `to_dict` wrote, straight or through JSON. An empty mapping is a fresh state."""
    if not raw:
        return GuardState()
    day, performance = raw["day"], raw["performance"]
    return GuardState(
        overrides=tuple(
            Override(**{**item, "state": TradingState(item["state"])}) for item in raw["overrides"]
        ),
        cooldowns=tuple(Cooldown(**{**item, "side": Side(item["side"])}) for item in raw["cooldowns"]),
        healing=tuple(Healing(**item) for item in raw["healing"]),
        day=None if day is None else DayState(**{**day, "opening_orders": tuple(day["opening_orders"])}),
        trips=tuple(
            OpenTrip(**{**item, "quantity": Decimal(item["quantity"]), "cash": Decimal(item["cash"])})
            for item in raw["trips"]
        ),
        losing_streak=raw["losing_streak"],
        rejects_ms=tuple(raw["rejects_ms"]),
        performance=PerformanceState(
            **{
                **performance,
                "equities": tuple(performance["equities"]),
                "round_trips": tuple(performance["round_trips"]),
                "phase": Phase(performance["phase"]),
            }
        ),
    )
