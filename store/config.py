"""The `[store]` section of the configuration."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator


class RetentionConfig(BaseModel):
    """How many days of market time telemetry is kept.

    Orders, fills, funding, commands and the audit trail are kept for good, whatever stands here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="waterfalls of decisions that ordered nothing; 0: for good (days)",
    )
    reading_days: int = Field(
        default=0, ge=0, le=36_500, description="readings of signals; 0: for good (days)"
    )
    equity_days: int = Field(
        default=0, ge=0, le=36_500, description="equity at every bar, then one a day; 0: for good (days)"
    )
    event_days: int = Field(default=0, ge=0, le=36_500, description="the log; 0: for good (days)")

    @property
    def thins(self) -> bool:
        """Whether anything is ever thinned."""
        return any((self.decision_days, self.reading_days, self.equity_days, self.event_days))


class StoreConfig(BaseModel):
    """Where facts are kept and how often bars without orders are made durable.

    A bar with order intents or news from the venue is always committed by itself, before anything is sent; the
    group applies to the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = Field(
        default=None, description="database file; empty: <user data>/quarterdeck/<mode>.db"
    )
    group_commit_bars: int = Field(
        default=64, ge=1, le=4_096, description="bars without orders that may share one commit (bars)"
    )
    group_commit_ms: int = Field(
        default=50, ge=0, le=10_000, description="longest time such a bar waits for its commit (ms)"
    )
    busy_timeout_ms: int = Field(
        default=5_000, ge=0, le=60_000, description="how long to wait for another program's write lock (ms)"
    )
    retention: RetentionConfig = RetentionConfig()

    @field_validator("path")
    @classmethod
    def _has_its_home(cls, path: Path | None) -> Path | None:
        try:
            if path is not None:
                path.expanduser()
        except RuntimeError:
            raise ValueError("there is no such home folder") from None
        return path
