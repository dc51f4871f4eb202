"""The section [risk.guards]: when a guard trips and how long it holds, for what is the same in every profile.

Limits that a profile sets (day loss, orders a day, consecutive losses, drawdown) are in `risk.parameters`.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class GuardConfig(BaseModel):
    """Sigmas are of one bar, the Sharpe ratio is annualised over calendar days; units are in the names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cooldown_bars: Count = 24
    counted_loss_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.001
    losing_pause_hours: Positive = 24.0
    shock_sigmas: Positive = 8.0
    shock_universe_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    shock_funding_caps: Positive = 3.0
    shock_calm_bars: Count = 12
    stale_bars: Annotated[int, Field(ge=0)] = 3
    rejects_per_minute: Count = 5
    healthy_minutes: Positive = 5.0
    loop_lag_ms: Positive = 250.0
    loop_lag_seconds: Positive = 60.0
    clock_skew_warn_ms: Positive = 2_000.0
    clock_skew_block_ms: Positive = 10_000.0
    performance_sharpe: Annotated[float, Field(lt=0)] = -3.0
    performance_days: Annotated[int, Field(ge=10, le=365)] = 90
    performance_round_trips: Count = 30
    performance_multiplier: Annotated[float, Field(ge=0, le=1)] = 0.5
    performance_patience_days: Count = 10
    performance_recovery_days: Count = 10
    performance_reducing_days: Count = 30

    @model_validator(mode="after")
    def warns_before_it_blocks(self) -> Self:
        if self.clock_skew_warn_ms > self.clock_skew_block_ms:
            raise ValueError("clock_skew_warn_ms must not exceed clock_skew_block_ms")
        return self
