"""Rules on the account: cooldowns, the UTC day's loss and orders, losing streaks, performance, drawdown.

Each rule maps a guard state and one bar's inputs to the state after it and what changed; see `risk.guards`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from risk import performance_guard
from risk.guard_changes import ACTOR, Action, Changes, GuardChange, Stepped, in_force, lift, put, reducing
from risk.guard_config import GuardConfig
from risk.guard_inputs import GuardInputs
from risk.guard_state import Cooldown, DayState, GuardState, Phase
from risk.parameters import RiskParameters
from risk.round_trips import OpenTrips, RoundTrip, apply_fill, apply_funding
from risk.state import OPERATOR, find
from store.records import Fill, Override, Side, TradingState

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def days_gone(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """Begin the UTC day the bar lies in, where no bar closed at its midnight."""
    number = (inputs.ts_ms - 1) // DAY_MS
    if state.day is not None and state.day.number >= number:
        return state, ()
    return _begin_day(state, number, inputs, config)


def day_ends(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """The bar closed at midnight: its fills belong to the old day, its equity opens the new one."""
    if inputs.ts_ms % DAY_MS:
        if state.day is not None and state.day.opening_equity is None and inputs.equity is not None:
            return replace(state, day=replace(state.day, opening_equity=inputs.equity)), ()
        return state, ()
    return _begin_day(state, inputs.ts_ms // DAY_MS, inputs, config)


def _begin_day(state: GuardState, number: int, inputs: GuardInputs, config: GuardConfig) -> Stepped:
    passed = 0 if state.day is None else number - state.day.number
    performance = state.performance
    changes: Changes = ()
    state = replace(state, day=DayState(number, inputs.equity))
    for remaining in range(passed, 0, -1):
        before = performance.phase
        performance = performance_guard.close_day(
            performance, inputs.equity if remaining == 1 else None, config
        )
        if performance.phase is not before:
            state, made = _performance_changed(state, performance.phase, inputs, config)
            changes += made
    return replace(state, performance=performance), changes


def _performance_changed(
    state: GuardState, phase: Phase, inputs: GuardInputs, config: GuardConfig
) -> Stepped:
    name = "performance"
    measure = f"{config.performance_days}-day Sharpe ratio"
    if phase is Phase.HALVED:
        message = (
            f"{measure} below {config.performance_sharpe:g}: sizes times {config.performance_multiplier:g}"
        )
        return state, (GuardChange(Action.NOTE, name, message),)
    if phase is Phase.REDUCING:
        days = config.performance_patience_days
        reason = f"{measure} still below {config.performance_sharpe:g} after {days} days"
        ends = f"{config.performance_recovery_days} days above, or {config.performance_reducing_days} days"
        return put(state, Override(name, TradingState.REDUCING, ACTOR, reason, inputs.ts_ms, ends))
    known = find(state.overrides, name)
    if known is not None:
        return lift(state, known, f"{measure} recovered, or its time was over")
    return state, (GuardChange(Action.NOTE, name, f"{measure} recovered: full sizes again"),)


def cooldowns(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    if not inputs.exits and not state.cooldowns:
        return state, ()
    until_ms = inputs.ts_ms + config.cooldown_bars * inputs.bar_ms
    fresh = {(exit.symbol, exit.side): exit for exit in inputs.exits}
    kept, changes = [], []
    for cooldown in state.cooldowns:
        turned = cooldown.side.sign * inputs.forecast.get(cooldown.symbol, 0.0) < 0.0
        if (cooldown.symbol, cooldown.side) in fresh:
            continue
        if turned or cooldown.until_ts_ms <= inputs.ts_ms:
            why = "the forecast turned" if turned else f"{config.cooldown_bars} bars are over"
            message = f"cooldown of {_side(cooldown.side)} {cooldown.symbol} ended: {why}"
            changes.append(GuardChange(Action.NOTE, "cooldown", message))
        else:
            kept.append(cooldown)
    for symbol, side in fresh:
        kept.append(Cooldown(symbol, side, inputs.ts_ms, until_ms))
        message = f"no new {_side(side)} {symbol} for {config.cooldown_bars} bars after a stop or target"
        changes.append(GuardChange(Action.NOTE, "cooldown", message))
    if len(kept) == len(state.cooldowns) and not changes:
        return state, ()
    return replace(state, cooldowns=tuple(kept)), tuple(changes)


def _side(side: Side) -> str:
    return "long" if side is Side.BUY else "short"


def booked(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """Round trips, the losing streak and the day's opening orders from what was booked in the bar."""
    if not inputs.booked:
        return state, ()
    trips: OpenTrips = {trip.symbol: trip for trip in state.trips}
    closed: list[RoundTrip] = []
    for entry in inputs.booked:
        if isinstance(entry, Fill):
            trips, trip = apply_fill(trips, entry)
            closed += [trip] if trip is not None else []
        else:
            trips = apply_funding(trips, entry)
    state = replace(_with_opening_orders(state, inputs), trips=tuple(trips.values()))
    return _losing_streak(state, closed, inputs, config, limits) if closed else (state, ())


def _with_opening_orders(state: GuardState, inputs: GuardInputs) -> GuardState:
    opened = [
        entry.client_order_id for entry in inputs.booked if isinstance(entry, Fill) and not entry.reduce_only
    ]
    if not opened or state.day is None:
        return state
    orders = tuple(dict.fromkeys((*state.day.opening_orders, *opened)))
    return replace(state, day=replace(state.day, opening_orders=orders))


def _losing_streak(
    state: GuardState,
    closed: Sequence[RoundTrip],
    inputs: GuardInputs,
    config: GuardConfig,
    limits: RiskParameters,
) -> Stepped:
    """Any gain ends the streak; the losses of one bar that are large enough lengthen it by one."""
    least = config.counted_loss_fraction * max(inputs.equity or 0.0, 0.0)
    lost = any(trip.result < 0 and -float(trip.result) >= least for trip in closed)
    gained = any(trip.result > 0 for trip in closed)
    streak = (0 if gained else state.losing_streak) + lost
    performance = replace(
        state.performance, round_trips_today=state.performance.round_trips_today + len(closed)
    )
    state = replace(state, losing_streak=streak, performance=performance)
    name = "losing_streak"
    if not lost or streak < limits.consecutive_losses or in_force(state, name, inputs.ts_ms):
        return state, ()
    reason = f"{streak} losing round trips in a row (limit {limits.consecutive_losses})"
    ends = f"{config.losing_pause_hours:g} hours"
    until_ms = inputs.ts_ms + round(config.losing_pause_hours * HOUR_MS)
    return put(state, reducing(name, reason, ends, inputs, until_ms))


def day_loss(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    day, equity = state.day, inputs.equity
    if day is None or equity is None or not day.opening_equity or day.opening_equity <= 0.0:
        return state, ()
    loss = 1.0 - equity / day.opening_equity
    if loss < limits.day_loss or in_force(state, "day_loss", inputs.ts_ms):
        return state, ()
    reason = f"{loss:.2%} of equity lost since 00:00 UTC (limit {limits.day_loss:.2%})"
    return put(state, reducing("day_loss", reason, "next UTC day", inputs, (day.number + 1) * DAY_MS))


def day_orders(
    state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters
) -> Stepped:
    day = state.day
    if day is None or len(day.opening_orders) < limits.trades_per_day:
        return state, ()
    if in_force(state, "day_orders", inputs.ts_ms):
        return state, ()
    reason = f"{len(day.opening_orders)} opening orders filled today (limit {limits.trades_per_day})"
    return put(state, reducing("day_orders", reason, "next UTC day", inputs, (day.number + 1) * DAY_MS))


def drawdown(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    if inputs.equity is None or inputs.high_water_mark <= 0.0:
        return state, ()
    drawdown = 1.0 - inputs.equity / inputs.high_water_mark
    if drawdown < limits.dd_halt or find(state.overrides, "drawdown"):
        return state, ()
    reason = f"drawdown {drawdown:.2%} (halt at {limits.dd_halt:.2%})"
    halt = Override("drawdown", TradingState.HALTED, ACTOR, reason, inputs.ts_ms, OPERATOR)
    return put(state, halt, flatten=True)
