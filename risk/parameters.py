"""Every number risk decides by, resolved: one frozen record, the same for live, replay and backtest.

Fractions are of equity unless the name says otherwise; `0` switches a stop or a target off. Built by
`risk.config.RiskConfig.resolve`, or by hand in tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from store.records import SignalType

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class RiskParameters:
    """`type_limits` caps the combined contribution of each signal type to one symbol; `clusters` maps the
    name of a cluster to its symbols. `volatility_target` is per annum, `leverage` the margin leverage of one
    position. `directional_budget` caps the gross of the directional book before the account's own caps. `edge_days`
    is how long a trade is expected to last and to earn, where its costs enter the no-trade band (`cost_band`)."""

    profile: str
    volatility_target: float
    max_symbol: float
    max_cluster: float
    max_net: float
    max_gross: float
    kelly_fraction: float
    type_limits: Mapping[SignalType, float]
    dd_start: float
    dd_halt: float
    day_loss: float
    stop_atr: float
    stop_fraction: float
    target_atr: float
    target_fraction: float
    trades_per_day: int
    consecutive_losses: int
    trail_atr: float = 0.0
    buffer_fraction: float = 0.1
    cost_band: bool = False
    edge_days: float = 13.0
    neutral_budget: float = 0.2
    directional_budget: float = math.inf
    hold_max_age_days: float = 3.0
    min_history_days: float = 30.0
    sigma_floor: float = 0.1
    volatility_decay_days: float = 30.0
    cluster_correlation: float = 0.8
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_short: bool = True
    leverage: float = 3.0

    @property
    def hold_max_age_ms(self) -> int:
        """Age above which a held position is closed, in milliseconds."""
        return round(self.hold_max_age_days * DAY_MS)
