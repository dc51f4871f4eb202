"""The performance guard: a book that keeps losing, risk for risk, is halved and then allowed to shrink only.

Its measure is the annualised Sharpe ratio of the last daily returns (90 by default), with enough round trips
in them; it is looked at once a day. A ratio that does not exist counts as good.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from risk.guard_config import GuardConfig
from risk.guard_state import PerformanceState, Phase

DAYS_A_YEAR = 365.0
LEAST_DEVIATION = 1e-12


def close_day(state: PerformanceState, equity: float | None, config: GuardConfig) -> PerformanceState:
    """The state after a UTC day that ended with `equity` (None: unknown, taken as unchanged)."""
    if equity is None and not state.equities:
        return state
    last = state.equities[-1] if equity is None else equity
    after = replace(
        state,
        equities=(*state.equities, last)[-(config.performance_days + 1) :],
        round_trips=(*state.round_trips, state.round_trips_today)[-config.performance_days :],
        round_trips_today=0,
    )
    ratio = sharpe_ratio(after, config)
    return _advance(after, ratio is not None and ratio < config.performance_sharpe, config)


def sharpe_ratio(state: PerformanceState, config: GuardConfig) -> float | None:
    """Mean over standard deviation (ddof 1) of the daily returns, times sqrt(365).

    None before the days are full, with too few round trips in them, or where the returns do not vary.
    """
    equities = state.equities
    if len(equities) <= config.performance_days or sum(state.round_trips) < config.performance_round_trips:
        return None
    if min(equities) <= 0.0:
        return None
    returns = [later / earlier - 1.0 for earlier, later in itertools.pairwise(equities)]
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((change - mean) ** 2 for change in returns) / (len(returns) - 1)
    deviation = math.sqrt(variance)
    if deviation <= LEAST_DEVIATION * max(1.0, abs(mean)):
        return None
    return mean / deviation * math.sqrt(DAYS_A_YEAR)


def multiplier(state: PerformanceState, config: GuardConfig) -> float:
    """What the guard scales positions by: 1, or less from the day it trips until it ends."""
    return 1.0 if state.phase is Phase.WELL else config.performance_multiplier


def _advance(state: PerformanceState, below: bool, config: GuardConfig) -> PerformanceState:
    if state.phase is Phase.WELL:
        return replace(state, phase=Phase.HALVED) if below else state
    above = 0 if below else state.days_above + 1
    days = state.days_in_phase + 1
    if above >= config.performance_recovery_days:
        return replace(state, phase=Phase.WELL, days_in_phase=0, days_above=0)
    if state.phase is Phase.HALVED and days >= config.performance_patience_days:
        return replace(state, phase=Phase.REDUCING, days_in_phase=0, days_above=above)
    if state.phase is Phase.REDUCING and days >= config.performance_reducing_days:
        return replace(state, phase=Phase.WELL, days_in_phase=0, days_above=0)
    return replace(state, days_in_phase=days, days_above=above)
