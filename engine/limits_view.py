"""How much of each limit is used: the rows of the risk pane, worst news first in words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.snapshot import LimitRow
from engine.weights_view import largest_say
from risk.guards import NOT_ARMED

if TYPE_CHECKING:
    from engine.machine import Machine
    from engine.session import Session

WARN_SHARE = 0.8
ROUNDING = 1e-9


def limit_rows(
    session: Session,
    machine: Machine,
    equity: float,
    opening: float,
    exposure: np.ndarray,
    legs: np.ndarray,
) -> tuple[LimitRow, ...]:
    """Every limit with its use, `exposure` [S + L] being what is held and `legs` what of it is held for neutral
    signals; what is not armed yet is listed as such.

    Caps on exposure bind what a decision wants: a position may exceed its target by the no-trade band and the drift
    since, so that these limits are breached only beyond that band. One symbol's binds each of the two parts of a
    position, a cluster's the directional ones.
    """
    directional = exposure - legs
    limits = machine.cycle.parameters
    guards, rules = machine.oversight.guards, machine.configuration.risk.guards
    high = float(machine.ledger.high_water_mark)
    day_loss = max(0.0, 1 - equity / opening) if opening else 0.0
    largest = float(np.abs([directional, legs]).max(initial=0.0))
    costs = machine.cycle.cost_band
    widest, all_of_them = (0.0, 0.0) if costs is None else (float(costs.max(initial=0.0)), float(costs.sum()))

    def band(limit: float, for_costs: float) -> float:
        return limits.buffer_fraction + (for_costs / limit if limit else 0.0)

    gross = _gross_limit(machine)
    rows = [
        _row("day loss", day_loss, limits.day_loss, "fraction"),
        _row("drawdown", max(0.0, 1 - equity / high) if high > 0 else 0.0, limits.dd_halt, "fraction"),
        _row("gross", float(np.abs(exposure).sum()), gross, "x", band(gross, all_of_them)),
        *_budget_row(machine, directional, band(limits.directional_budget, all_of_them)),
        _row("net", abs(float(exposure.sum())), limits.max_net, "x", band(limits.max_net, all_of_them)),
        _row("max position", largest, limits.max_symbol, "fraction", band(limits.max_symbol, widest)),
        _row(
            "corr cluster",
            _largest_cluster(machine, directional),
            limits.max_cluster,
            "fraction",
            band(limits.max_cluster, all_of_them),
        ),
        *_share_row(machine),
        _row(
            "orders today",
            float(len(guards.day.opening_orders) if guards.day else 0),
            limits.trades_per_day,
            "count",
        ),
        _row("losing streak", float(guards.losing_streak), limits.consecutive_losses, "count"),
        _row(
            "bars missing",
            float(machine.market.missing_runs.max(initial=0)),
            float(rules.stale_bars),
            "count",
        ),
        _row("loop lag p99", session.lag.p99_ms, rules.loop_lag_ms, "ms"),
    ]
    rows += [LimitRow(item.guard.replace("_", " "), None, 0.0, "count", "not armed") for item in NOT_ARMED]
    return tuple(rows)


def _budget_row(machine: Machine, directional: np.ndarray, band: float) -> list[LimitRow]:
    """The budget of the directional book, where there is one. It warns where it cut the newest decision, though a later
    stage left less of it than the budget."""
    limits, decision = machine.cycle.parameters, machine.cycle.decision
    if not math.isfinite(limits.directional_budget):
        return []
    used = float(np.abs(directional).sum())
    row = _row("directional", used, limits.directional_budget, "x", band)
    bound = decision is not None and decision.directional_factor < 1.0
    return [replace(row, status="WARN") if bound and row.status == "ok" else row]


def _share_row(machine: Machine) -> list[LimitRow]:
    """The cap of one signal, where there is one: a signal that it holds stands at it, and none beyond."""
    cap = machine.configuration.blend.signal_cap
    return [_row("signal share", largest_say(machine), cap, "fraction", 0.0)] if cap < 1.0 else []


def _gross_limit(machine: Machine) -> float:
    """What caps gross exposure: the configured limit, or the newest decision's Kelly leverage where that is less."""
    limit, decision = machine.cycle.parameters.max_gross, machine.cycle.decision
    return limit if decision is None else min(limit, decision.kelly)


def _row(name: str, used: float, maximum: float, unit: str, band: float | None = None) -> LimitRow:
    share = used / maximum if maximum else 0.0
    return LimitRow(name, used, float(maximum), unit, level(share, band) if used else "ok")


def level(share: float, band: float | None = None) -> str:
    """What is said of a limit of which `share` is used: ok, WARN or BREACH.

    `band`: of a limit on what a decision wants, the share beyond it that a position may stand at without a trade;
    None of one that is breached as soon as it is reached.
    """
    breached = share >= 1 - ROUNDING if band is None else share > 1 + band + ROUNDING
    return "BREACH" if breached else "WARN" if share >= WARN_SHARE else "ok"


def _largest_cluster(machine: Machine, exposure: np.ndarray) -> float:
    labels = machine.market.cluster
    exposure = exposure[: labels.size]
    sums = [float(np.abs(exposure[labels == label]).sum()) for label in set(labels.tolist()) if label >= 0]
    return max(sums, default=0.0)
