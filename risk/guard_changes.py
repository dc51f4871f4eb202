"""What guards do, as data: overrides set and cleared, facts to tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from risk.guard_inputs import GuardInputs
from risk.guard_state import GuardState, Healing
from risk.state import clear_override, find, set_override
from store.records import Event, Override, TradingState

ACTOR = "guard"


class Action(StrEnum):
    SET = "set"
    CLEARED = "cleared"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class GuardChange:
    """An override set or cleared, or a fact to tell. `flatten`: close every position."""

    action: Action
    guard: str
    message: str
    override: Override | None = None
    flatten: bool = False

    def event(self, ts_ms: int) -> Event:
        """The change as a line for the log."""
        severe = self.override is not None and self.override.state is TradingState.HALTED
        level = "INFO" if self.action is Action.CLEARED else "ERROR" if severe else "WARN"
        return Event(ts_ms, level, f"risk.guards.{self.guard}", self.message)


Changes = tuple[GuardChange, ...]
Stepped = tuple[GuardState, Changes]


def put(state: GuardState, override: Override, flatten: bool = False) -> Stepped:
    """The state with an override in force, and the change that says so."""
    where = f" on {override.scope}" if override.scope else ""
    message = f"{override.state.name}{where}: {override.reason}; ends: {override.ends}"
    after = replace(
        state,
        overrides=set_override(state.overrides, override),
        healing=_without(state.healing, override.name, override.scope),
    )
    return after, (GuardChange(Action.SET, override.name, message, override, flatten),)


def reducing(
    name: str, reason: str, ends: str, inputs: GuardInputs, until_ms: int | None, scope: str = ""
) -> Override:
    """A guard's override that lets exposure shrink only."""
    return Override(name, TradingState.REDUCING, ACTOR, reason, inputs.ts_ms, ends, scope, until_ms)


def lift(state: GuardState, override: Override, why: str) -> Stepped:
    """The state without an override, and the change that says so."""
    where = f" on {override.scope}" if override.scope else ""
    after = replace(
        state,
        overrides=clear_override(state.overrides, override.name, override.scope),
        healing=_without(state.healing, override.name, override.scope),
    )
    message = f"{override.state.name}{where} by {override.name} ended: {why}"
    return after, (GuardChange(Action.CLEARED, override.name, message, override),)


def in_force(state: GuardState, name: str, now_ms: int, scope: str = "") -> Override | None:
    """The override of that name and scope, unless its time is over at `now_ms`."""
    known = find(state.overrides, name, scope)
    if known is None or (known.until_ts_ms is not None and known.until_ts_ms <= now_ms):
        return None
    return known


def heal(state: GuardState, override: Override, now_ms: int, healthy_ms: int) -> Stepped:
    """The cause of an override is away at `now_ms`: begin to wait, and lift it after `healthy_ms` without."""
    for healing in state.healing:
        if (healing.name, healing.scope) == (override.name, override.scope):
            if now_ms - healing.since_ts_ms < healthy_ms:
                return state, ()
            return lift(state, override, f"healthy for {healthy_ms / 60_000:g} minutes")
    begun = Healing(override.name, override.scope, now_ms)
    return replace(state, healing=(*state.healing, begun)), ()


def relapse(state: GuardState, override: Override) -> GuardState:
    """The cause of an override is back: the wait for its end begins anew."""
    kept = _without(state.healing, override.name, override.scope)
    return state if len(kept) == len(state.healing) else replace(state, healing=kept)


def _without(healing: tuple[Healing, ...], name: str, scope: str) -> tuple[Healing, ...]:
    return tuple(other for other in healing if (other.name, other.scope) != (name, scope))
