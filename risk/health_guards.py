"""Guards on the machine itself: a late loop, a clock that is off, a venue that is silent.

They watch wall time, so where the market runs on a virtual clock they only report: what acts is the caller's
to say. Each trips once its cause has lasted its patience and ends once it has been away for the healthy time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from risk.guard_changes import ACTOR, Action, Changes, GuardChange
from risk.guard_config import GuardConfig
from store.records import Override, TradingState


@dataclass(frozen=True, slots=True)
class Health:
    """Measured at `now_ms` of the wall clock; `clock_skew_ms` against the venue's, None if unknown."""

    now_ms: int
    loop_lag_p99_ms: float
    clock_skew_ms: float | None
    venue_up: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """One guard's memory: since when its cause lasts or is away, and whether it has tripped."""

    name: str
    ill_since_ms: int | None = None
    well_since_ms: int | None = None
    tripped: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """`cause` says what is wrong, "" for nothing; it trips after `patience_ms`. `warns`: it never acts."""

    name: str
    cause: Callable[[Health, GuardConfig], str]
    patience_ms: Callable[[GuardConfig], float]
    warns: bool = False


def _lag(health: Health, config: GuardConfig) -> str:
    if health.loop_lag_p99_ms <= config.loop_lag_ms:
        return ""
    return f"loop lag p99 {health.loop_lag_p99_ms:.0f} ms (limit {config.loop_lag_ms:g} ms)"


def _skew(health: Health, limit_ms: float) -> str:
    if health.clock_skew_ms is None or abs(health.clock_skew_ms) <= limit_ms:
        return ""
    return f"clock off by {health.clock_skew_ms:.0f} ms (limit {limit_ms:g} ms)"


def _down(health: Health, config: GuardConfig) -> str:
    return "" if health.venue_up else "the venue does not answer"


CHECKS = (
    Check("loop_lag", _lag, lambda config: config.loop_lag_seconds * 1_000.0),
    Check("clock_skew", lambda health, config: _skew(health, config.clock_skew_block_ms), lambda config: 0.0),
    Check(
        "clock_drift",
        lambda health, config: _skew(health, config.clock_skew_warn_ms),
        lambda config: 0.0,
        warns=True,
    ),
    Check("venue_down", _down, lambda config: 0.0),
)
FRESH = tuple(Watch(check.name) for check in CHECKS)


def recalled(overrides: Iterable[Override]) -> tuple[Watch, ...]:
    """The watches of a process that starts with these overrides in force."""
    names = {override.name for override in overrides if not override.scope}
    return tuple(replace(watch, tripped=watch.name in names) for watch in FRESH)


def watch(
    watches: tuple[Watch, ...], health: Health, config: GuardConfig, acts: bool
) -> tuple[tuple[Watch, ...], Changes]:
    """The watches after one measurement, and what changed: overrides where the guards act, else notes."""
    after, changes = [], []
    for check, known in zip(CHECKS, watches, strict=True):
        cause = check.cause(health, config)
        now = _ill(known, check, health, config) if cause else _well(known, health, config)
        after.append(now)
        if now.tripped != known.tripped:
            changes.append(_change(check, cause, health, config, acts and not check.warns))
    return tuple(after), tuple(changes)


def _ill(known: Watch, check: Check, health: Health, config: GuardConfig) -> Watch:
    since_ms = health.now_ms if known.ill_since_ms is None else known.ill_since_ms
    tripped = known.tripped or health.now_ms - since_ms >= check.patience_ms(config)
    return Watch(check.name, since_ms, None, tripped)


def _well(known: Watch, health: Health, config: GuardConfig) -> Watch:
    if not known.tripped:
        return Watch(known.name)
    since_ms = health.now_ms if known.well_since_ms is None else known.well_since_ms
    over = health.now_ms - since_ms >= config.healthy_minutes * 60_000.0
    return Watch(known.name) if over else Watch(known.name, None, since_ms, True)


def _change(check: Check, cause: str, health: Health, config: GuardConfig, acts: bool) -> GuardChange:
    ends = f"healthy for {config.healthy_minutes:g} minutes"
    override = Override(check.name, TradingState.REDUCING, ACTOR, cause or ends, health.now_ms, ends)
    if cause:
        action = Action.SET if acts else Action.NOTE
        message = f"{cause}; {'REDUCING until ' + ends if acts else 'reported only'}"
    else:
        action = Action.CLEARED if acts else Action.NOTE
        message = f"{check.name} ended: {ends}"
    return GuardChange(action, check.name, message, override if acts else None)
