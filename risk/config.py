"""The section [risk]: a profile, and every key of it to override.

The defaults shown are those of the moderate profile; a key that is not set takes the chosen profile's value.
Impossible values and combinations are refused here, so that the decision never has to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from risk.guard_config import GuardConfig
from risk.parameters import RiskParameters
from risk.profiles import DEFAULT_PROFILE, PROFILES
from store.records import SignalType

LARGEST_LEVERAGE = 3.0
FRACTION = "fraction of equity"

Exposure = Annotated[float, Field(gt=0, le=LARGEST_LEVERAGE)]
Loss = Annotated[float, Field(gt=0, lt=1)]
Distance = Annotated[float, Field(ge=0, lt=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TypeLimits(_Section):
    """[risk.type_limits]: the most that the signals of one type may contribute to one symbol."""

    momentum: Exposure = Field(default=0.10, description="trend and breakout signals (fraction of equity)")
    reversion: Exposure = Field(default=0.10, description="mean reversion signals (fraction of equity)")
    carry: Exposure = Field(default=0.20, description="funding and basis signals (fraction of equity)")
    flow: Exposure = Field(
        default=0.10, description="open interest and order flow signals (fraction of equity)"
    )
    volatility: Exposure = Field(default=0.10, description="volatility signals (fraction of equity)")
    statistical: Exposure = Field(default=0.10, description="statistical tests (fraction of equity)")
    learned: Exposure = Field(default=0.10, description="learned models (fraction of equity)")


class RiskConfig(_Section):
    """Everything that sizes, caps and stops the book. `resolve` gives the numbers the engine runs on."""

    profile: Literal["conservative", "moderate", "aggressive"] = Field(
        default="moderate", description="where the keys that are not set come from"
    )
    volatility_target: float = Field(default=0.20, gt=0, le=2, description="volatility aimed at (per annum)")
    max_symbol: Exposure = Field(
        default=0.10, description="largest position of one symbol (fraction of equity)"
    )
    max_cluster: Exposure = Field(
        default=0.25, description="largest sum of position sizes in one cluster (fraction of equity)"
    )
    max_net: Exposure = Field(
        default=0.30, description="largest excess of longs over shorts (fraction of equity)"
    )
    max_gross: Exposure = Field(
        default=1.0, description="largest sum of all position sizes (fraction of equity)"
    )
    kelly_fraction: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="share of the growth-optimal exposure the gross is capped at (fraction)",
    )
    dd_start: Loss = Field(
        default=0.10, description="drawdown from which positions shrink (fraction of equity)"
    )
    dd_halt: Loss = Field(default=0.15, description="drawdown that halts and flattens (fraction of equity)")
    day_loss: Loss = Field(
        default=0.05,
        description="loss since 00:00 UTC from which positions are only reduced (fraction of equity)",
    )
    stop_atr: float = Field(
        default=3.0,
        ge=0,
        le=100,
        description="distance of the stop from the entry; 0: none (average true ranges)",
    )
    stop_fraction: Distance = Field(
        default=0.0, description="the same as a share of the entry price; 0: none (fraction)"
    )
    target_atr: float = Field(
        default=0.0, ge=0, le=100, description="distance of the profit target; 0: none (average true ranges)"
    )
    target_fraction: Distance = Field(
        default=0.0, description="the same as a share of the entry price; 0: none (fraction)"
    )
    trail_atr: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="distance of the stop that trails the best close; 0: none (average true ranges)",
    )
    trades_per_day: int = Field(
        default=50,
        ge=1,
        description="filled orders that open, per UTC day, from which positions are only reduced (count)",
    )
    consecutive_losses: int = Field(
        default=5,
        ge=1,
        description="losing round trips in a row from which positions are only reduced (count)",
    )
    buffer_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="deviation from the target that is not worth a trade (fraction)"
    )
    cost_band: bool = Field(
        default=False,
        description="whether what a trade costs, as a share of what it is expected to earn, widens that deviation",
    )
    edge_days: float = Field(
        default=13.0,
        gt=0,
        le=365,
        description="how long a trade is expected to last and to earn, for the same (days)",
    )
    neutral_budget: float = Field(
        default=0.20, ge=0, le=1, description="budget of the market-neutral signals (fraction of equity)"
    )
    directional_budget: float | None = Field(
        default=None,
        ge=0,
        le=LARGEST_LEVERAGE,
        description="largest sum of position sizes of the directional signals (fraction of equity)",
    )
    hold_max_age_days: float = Field(
        default=3.0, ge=0, le=365, description="how long a position is kept without an opinion (days)"
    )
    min_history_days: float = Field(
        default=30.0, ge=1, le=3650, description="bars a symbol must have before it is traded (days)"
    )
    sigma_floor: float = Field(
        default=0.10, gt=0, le=2, description="smallest volatility sized by (per annum)"
    )
    volatility_decay_days: float = Field(
        default=30.0, gt=0, le=3650, description="half-life of volatility and correlation (days)"
    )
    cluster_correlation: float = Field(
        default=0.80, gt=0, le=1, description="correlation above which symbols form a cluster (coefficient)"
    )
    allow_short: bool = Field(default=True, description="whether a position may be short")
    leverage: float = Field(
        default=LARGEST_LEVERAGE,
        ge=1,
        le=LARGEST_LEVERAGE,
        description="largest leverage of isolated margin (x)",
    )
    type_limits: TypeLimits = TypeLimits()
    clusters: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="symbols of each named cluster; the rest cluster by correlation"
    )
    guards: GuardConfig = GuardConfig()

    @model_validator(mode="before")
    @classmethod
    def fill_from_profile(cls, given: Any) -> Any:
        """Keys that are not set take the profile's values; a profile of another name is left to be refused."""
        if not isinstance(given, Mapping):
            return given
        name = given.get("profile", DEFAULT_PROFILE)
        profile = PROFILES.get(name) if isinstance(name, str) else None
        if profile is None:
            return given
        limits = given.get("type_limits", {})
        if isinstance(limits, Mapping):
            limits = {**profile["type_limits"], **limits}  # type: ignore[dict-item]
        return {**profile, **given, "type_limits": limits}

    @model_validator(mode="after")
    def combines(self) -> Self:
        """Every impossible combination at once."""
        faults = [*self._order_faults(), *self._exit_faults(), *self._cluster_faults()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def resolve(self) -> RiskParameters:
        """The numbers in force."""
        values = self.model_dump(exclude={"type_limits", "guards"})
        limits = {kind: float(getattr(self.type_limits, kind.value)) for kind in SignalType}
        if self.directional_budget is None:
            del values["directional_budget"]
        return RiskParameters(type_limits=limits, **values)

    def _order_faults(self) -> list[str]:
        pairs = (
            ("max_symbol", self.max_symbol, "max_gross", self.max_gross, FRACTION),
            ("max_gross", self.max_gross, "leverage", self.leverage, f"{FRACTION}, x"),
        )
        faults = [
            f"{low} {smaller:g} must not exceed {high} {larger:g} ({unit})"
            for low, smaller, high, larger, unit in pairs
            if smaller > larger
        ]
        if self.dd_start >= self.dd_halt:
            faults.append(f"dd_start {self.dd_start:g} must be below dd_halt {self.dd_halt:g} ({FRACTION})")
        return faults

    def _exit_faults(self) -> list[str]:
        return [
            f"{kind}_atr (average true ranges) and {kind}_fraction (fraction of the entry price) exclude each other:"
            f" set one of them to 0"
            for kind in ("stop", "target")
            if getattr(self, f"{kind}_atr") > 0 and getattr(self, f"{kind}_fraction") > 0
        ]

    def _cluster_faults(self) -> list[str]:
        owner: dict[str, str] = {}
        faults = []
        for name, symbols in self.clusters.items():
            for symbol in symbols:
                if symbol in owner:
                    faults.append(f"clusters must not overlap: {symbol} is in {owner[symbol]} and in {name}")
                owner[symbol] = name
        return faults
