"""Rules on market and venue: shocks, missing bars, rejected orders, refused pairs, unproven data; and the
end of time limits.

Each rule maps a guard state and one bar's inputs to the state after it and what changed; see `risk.guards`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from risk.guard_changes import Changes, Stepped, heal, in_force, lift, put, reducing, relapse
from risk.guard_config import GuardConfig
from risk.guard_inputs import GuardInputs
from risk.guard_state import GuardState
from risk.parameters import RiskParameters
from risk.state import expired, find
from store.records import Override

MINUTE_MS = 60_000


def shock(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    cause = _price_shock(inputs, config) or _funding_shock(inputs, config)
    if not cause:
        return state, ()
    until_ms = inputs.ts_ms + config.shock_calm_bars * inputs.bar_ms
    override = reducing("shock", cause, f"{config.shock_calm_bars} bars without", inputs, until_ms)
    known = in_force(state, "shock", inputs.ts_ms)
    if known is not None:
        override = replace(override, since_ts_ms=known.since_ts_ms)
    return put(state, override)


def _price_shock(inputs: GuardInputs, config: GuardConfig) -> str:
    beyond = np.abs(inputs.bar_return) > config.shock_sigmas * inputs.sigma_bar
    if not np.count_nonzero(beyond):
        return ""
    if inputs.leader >= 0 and beyond[inputs.leader]:
        return f"{inputs.symbols[inputs.leader]} moved more than {config.shock_sigmas:g} sigma in one bar"
    known = int((np.isfinite(inputs.bar_return) & np.isfinite(inputs.sigma_bar)).sum())
    count = int(beyond.sum())
    if count < config.shock_universe_share * known:
        return ""
    return f"{count} of {known} symbols moved more than {config.shock_sigmas:g} sigma in one bar"


def _funding_shock(inputs: GuardInputs, config: GuardConfig) -> str:
    if inputs.funding_rate is None or inputs.funding_cap_rate is None:
        return ""
    beyond = np.abs(inputs.funding_rate) > config.shock_funding_caps * inputs.funding_cap_rate
    if not np.count_nonzero(beyond):
        return ""
    return f"funding of {inputs.symbols[int(beyond.argmax())]} beyond {config.shock_funding_caps:g} x its cap"


def stale(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    known = {override.scope: override for override in state.overrides if override.name == "stale_bars"}
    if not known and not np.count_nonzero(inputs.missing_run):
        return state, ()
    missing = inputs.missing_run > config.stale_bars
    changes: Changes = ()
    for index, symbol in enumerate(inputs.symbols):
        override = known.get(symbol)
        if missing[index] and override is None:
            reason = f"no bar of {symbol} for {int(inputs.missing_run[index])} bars"
            ends = f"healthy for {config.healthy_minutes:g} minutes"
            state, made = put(state, reducing("stale_bars", reason, ends, inputs, None, symbol))
        elif override is None:
            continue
        else:
            state, made = _judge(state, override, bool(inputs.missing_run[index]), inputs, config)
        changes += made
    return state, changes


def rejects(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    known = find(state.overrides, "order_rejects")
    if not inputs.rejects_ms and not state.rejects_ms and known is None:
        return state, ()
    most = config.rejects_per_minute
    recent = tuple(
        time for time in (*state.rejects_ms, *inputs.rejects_ms) if time > inputs.ts_ms - MINUTE_MS
    )
    crowded = len(recent) > most or _crowded(state.rejects_ms, inputs.rejects_ms, most)
    if recent != state.rejects_ms:
        state = replace(state, rejects_ms=recent)
    if known is not None:
        return _judge(state, known, crowded, inputs, config)
    if not crowded:
        return state, ()
    reason = f"more than {most} orders rejected within a minute"
    ends = f"healthy for {config.healthy_minutes:g} minutes"
    return put(state, reducing("order_rejects", reason, ends, inputs, None))


def refused(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """What the venue does not let in would leave the other side of its pair to stand alone, bar after bar."""
    changes: Changes = ()
    for symbol in dict.fromkeys(inputs.refused):
        until_ms = inputs.ts_ms + config.cooldown_bars * inputs.bar_ms
        reason = f"the venue refused an order for {symbol}, which is held in pairs"
        ends = f"{config.cooldown_bars} bars without"
        state, made = put(state, reducing("pair_refused", reason, ends, inputs, until_ms, symbol))
        changes += made
    return state, changes


def _crowded(known_ms: Sequence[int], new_ms: Sequence[int], most: int) -> bool:
    """Whether one of the new times is the last of more than `most` within a minute."""
    times = sorted((*known_ms, *new_ms))
    first = max(most, len(known_ms))
    return any(times[index] - times[index - most] < MINUTE_MS for index in range(first, len(times)))


def _judge(
    state: GuardState, override: Override, ill: bool, inputs: GuardInputs, config: GuardConfig
) -> Stepped:
    if ill:
        return relapse(state, override), ()
    return heal(state, override, inputs.ts_ms, round(config.healthy_minutes * MINUTE_MS))


def proof(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    """Nothing new is opened on what cannot be proven: equity, all positions, one symbol's."""
    lacking = {symbol: f"a position in {symbol} that the ledger cannot explain" for symbol in inputs.unproven}
    if inputs.equity is None or not inputs.positions_proven:
        lacking[""] = "no equity" if inputs.equity is None else "no proof of the venue's positions"
    known = {override.scope: override for override in state.overrides if override.name == "risk_data"}
    changes: Changes = ()
    for scope, reason in lacking.items():
        if scope not in known:
            state, made = put(state, reducing("risk_data", reason, "proven", inputs, None, scope))
            changes += made
    for scope, override in known.items():
        if scope not in lacking:
            state, made = lift(state, override, "proven again")
            changes += made
    return state, changes


def expire(state: GuardState, inputs: GuardInputs, config: GuardConfig, limits: RiskParameters) -> Stepped:
    if not state.overrides:
        return state, ()
    changes: Changes = ()
    for override in expired(state.overrides, inputs.ts_ms):
        state, made = lift(state, override, override.ends)
        changes += made
    return state, changes
