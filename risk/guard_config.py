"""The section [risk.guards]: when a guard trips and how long it holds, for what is the same in every profile.

Limits that a profile sets (day loss, orders a day, consecutive losses, drawdown) are in `risk.parameters`.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class GuardConfig(BaseModel):
    """Sigmas are of one bar, the Sharpe ratio is annualised over calendar days; units are in the names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cooldown_bars: int = Field(
        default=24,
        ge=1,
        le=100_000,
        description="no new position on a side that was stopped or took profit, nor in a pair of which the venue "
        "refused a side (bars)",
    )
    counted_loss_fraction: float = Field(
        default=0.001,
        ge=0,
        lt=1,
        description="loss from which a round trip counts as lost (fraction of equity)",
    )
    losing_pause_hours: float = Field(
        default=24.0, gt=0, le=10_000, description="only reducing after too many losses in a row (hours)"
    )
    shock_sigmas: float = Field(
        default=8.0, gt=0, le=1_000, description="move of one bar that is a shock (sigmas of one bar)"
    )
    shock_universe_share: float = Field(
        default=0.2, gt=0, le=1, description="part of the universe that must move so, unless BTC does (share)"
    )
    shock_funding_caps: float = Field(
        default=3.0, gt=0, le=1_000, description="funding rate that is a shock (multiples of its cap)"
    )
    shock_calm_bars: int = Field(
        default=12, ge=1, le=100_000, description="only reducing until so long without a shock (bars)"
    )
    stale_bars: int = Field(
        default=3, ge=0, le=100_000, description="missing in a row before a symbol may only be reduced (bars)"
    )
    rejects_per_minute: int = Field(
        default=5,
        ge=1,
        le=10_000,
        description="orders rejected within a minute, above which only reducing (count)",
    )
    healthy_minutes: float = Field(
        default=5.0,
        gt=0,
        le=100_000,
        description="in order for so long before such a restriction ends (minutes)",
    )
    loop_lag_ms: float = Field(
        default=250.0, gt=0, le=100_000, description="p99 delay of the event loop that is too late (ms)"
    )
    loop_lag_seconds: float = Field(
        default=60.0, gt=0, le=100_000, description="how long it must be too late (s)"
    )
    clock_skew_warn_ms: float = Field(
        default=2_000.0, gt=0, le=1_000_000, description="difference to the venue's clock that is told (ms)"
    )
    clock_skew_block_ms: float = Field(
        default=10_000.0, gt=0, le=1_000_000, description="difference from which only reducing (ms)"
    )
    performance_sharpe: float = Field(
        default=-3.0, lt=0, ge=-1_000, description="Sharpe ratio below which positions are halved (per annum)"
    )
    performance_days: int = Field(
        default=90, ge=10, le=365, description="daily returns it is measured on (days)"
    )
    performance_round_trips: int = Field(
        default=30, ge=1, le=1_000_000, description="round trips these days must hold (count)"
    )
    performance_multiplier: float = Field(
        default=0.5, ge=0, le=1, description="what positions are scaled by while it is so low (x)"
    )
    performance_patience_days: int = Field(
        default=10, ge=1, le=10_000, description="halved for so long before only reducing (days)"
    )
    performance_recovery_days: int = Field(
        default=10, ge=1, le=10_000, description="above for so long ends either (days)"
    )
    performance_reducing_days: int = Field(
        default=30, ge=1, le=10_000, description="longest time of only reducing for this cause (days)"
    )

    @model_validator(mode="after")
    def warns_before_it_blocks(self) -> Self:
        if self.clock_skew_warn_ms > self.clock_skew_block_ms:
            raise ValueError("clock_skew_warn_ms must not exceed clock_skew_block_ms")
        return self
