"""The section [blend] of the configuration: how signals are weighed against each other, and how they are netted."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from strategies.blend.rules import BlendRules
from strategies.blend.weighting.settings import Method, WeightingSettings

HOURS_A_DAY = 24


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SelectorConfig(_Section):
    """[blend.selector]: the few symbols that are traded, chosen across all of them.

    Allocation `risk-parity` is `inverse-volatility` by the other name it goes by: shares in proportion to 1 / sigma, by
    which each symbol alone carries the same risk, and in which contributions are equal where all pairs are equally
    correlated. That correlations differ is the diversification multiplier's affair.
    """

    enabled: bool = Field(default=False, description="whether only the best symbols are traded")
    count: int = Field(default=3, ge=1, le=1_000, description="how many are traded (symbols)")
    stay_ranks: int = Field(
        default=1,
        ge=0,
        le=1_000,
        description="ranks below the last one at which a traded symbol still stays (ranks)",
    )
    least_quote_volume: float = Field(
        default=1_000_000.0, ge=0, description="least traded in 24 hours, or it is not chosen (USD)"
    )
    allocation: Literal["equal", "inverse-volatility", "risk-parity"] = Field(
        default="equal",
        description="how the chosen ones share the book: equally, or in proportion to 1 / volatility, by either name",
    )
    every_hours: int = Field(
        default=HOURS_A_DAY,
        ge=HOURS_A_DAY,
        le=8_760,
        description="how often it is chosen anew, whole days (hours)",
    )

    @property
    def by_inverse_volatility(self) -> bool:
        """Whether the calmer of the chosen ones get more."""
        return self.allocation != "equal"

    @model_validator(mode="after")
    def whole_days(self) -> Self:
        """The choice falls when a UTC day ends."""
        if self.every_hours % HOURS_A_DAY:
            raise ValueError(f"every_hours {self.every_hours} is not a whole number of days: use 24, 48, ...")
        return self


class BlendConfig(_Section):
    """Weights of signals, re-estimated on the days their own books have earned, and what contradiction costs."""

    method: Method = Field(
        default=Method.MANUAL,
        description="where weights come from: manual, those of [signals], or an estimate that replaces them",
    )
    every_days: int = Field(default=7, ge=1, le=365, description="how often weights are estimated (UTC days)")
    effective_after_bars: int = Field(
        default=1, ge=1, le=1_000, description="when an estimate takes effect after its last day (bars)"
    )
    window_days: int = Field(default=365, ge=2, le=730, description="most days an estimate looks back (days)")
    least_days: int = Field(
        default=60, ge=2, le=730, description="days in common a signal needs to be estimated (days)"
    )
    floor: float = Field(default=0.05, ge=0, le=1, description="least an estimated signal weighs (share)")
    cap: float = Field(default=0.5, gt=0, le=1, description="most an estimated signal weighs (share)")
    signal_cap: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="most any signal has of its class, whoever weighed it and whoever is silent; 1: all (share)",
    )
    shrink: float = Field(
        default=0.5, ge=0, le=1, description="how far method performance is drawn to equal weights (share)"
    )
    alert_bets: float = Field(
        default=1.25,
        ge=0,
        le=100,
        description="independent bets of a class below which it is said to be one (count)",
    )
    alert_correlation: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="correlation above which two signals are said to be one (coefficient)",
    )
    agreement_floor: float = Field(
        default=0.5, ge=0, le=1, description="what is left of a forecast whose signals cancel out (share)"
    )
    netting: Literal["weight", "confidence"] = Field(
        default="weight", description="a signal's say against others: its weight, or weight times confidence"
    )
    veto_below: float = Field(
        default=-1.0,
        ge=-1,
        le=1,
        description="overlay reading below which its side opens nothing; -1: never (value)",
    )
    flip_margin: float = Field(
        default=0.0, ge=0, le=1, description="size a forecast needs to change sides; 0: any (forecast)"
    )
    selector: SelectorConfig = SelectorConfig()

    @model_validator(mode="after")
    def combines(self) -> Self:
        """Every impossible combination at once."""
        faults = []
        if self.floor > self.cap:
            faults.append(f"floor {self.floor:g} must not exceed cap {self.cap:g} (share)")
        if self.least_days > self.window_days:
            faults.append(
                f"least_days {self.least_days} must not exceed window_days {self.window_days} (days)"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def weighting(self) -> WeightingSettings:
        """What an estimate is told."""
        return WeightingSettings(self.method, self.least_days, self.floor, self.cap, self.shrink)

    def rules(self) -> BlendRules:
        """How contradiction is settled."""
        return BlendRules(
            self.agreement_floor,
            self.netting == "confidence",
            self.veto_below,
            self.flip_margin,
            self.signal_cap,
        )
