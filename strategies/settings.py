"""What can be set of each signal: the sections [signals.<name>], kept apart from the arithmetic.

Reading a configuration costs neither NumPy nor a kernel, so that a screen can paint before either is loaded.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

LONGEST_WINDOW = 435
"""Daily bars a panel remembers by default."""
LONGEST_DAILY_WINDOW = 500
"""Daily bars a signal may ask for: a panel remembers as many as its signals need."""
LONGEST_INTRADAY_WINDOW = 50_000
"""Bars shorter than a day a signal may ask for: a month of minutes."""
RANGE_PERIOD = 20
SEED_SHARE = 1e-3

Days = Annotated[int, Field(ge=1)]
BarSize = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"]

WEIGHT = "weight among the enabled signals of its class, before they are normalised to 1 (share)"
SCALAR = "factor that brings an average reading to the average forecast (x)"
BAR = "size of the bars it reads, none finer than the market's own"
WINDOW = "bars each reading is computed from (days)"


class SignalSettings(BaseModel):
    """[signals.<name>] of a signal; subclasses add its parameters and defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    enabled: bool = Field(default=True, description="whether the signal takes part")
    weight: float = Field(default=0.0, ge=0, le=1, description=WEIGHT)
    scalar: float = Field(default=1.0, gt=0, le=100, description=SCALAR)


class BarSettings(SignalSettings):
    """A signal that says which bars it reads; off until somebody switches it on."""

    enabled: bool = Field(default=False, description="whether the signal takes part")
    bar: BarSize = Field(default="1d", description=BAR)


class MomentumSettings(SignalSettings):
    """[signals.A1]: look-backs and centre of mass in days, window in daily closes."""

    weight: float = Field(default=0.40, ge=0, le=1, description=WEIGHT)
    scalar: float = Field(default=1.7, gt=0, le=100, description=SCALAR)
    lookbacks: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(7, 14, 28),
        min_length=1,
        max_length=16,
        description="horizons whose scores are averaged (days)",
    )
    com: float = Field(default=60.0, gt=0, le=1_000, description="centre of mass of the volatility (days)")
    cap: float = Field(
        default=2.0, gt=0, le=100, description="score at which a horizon says all it can (sigmas)"
    )
    response: Literal["clip", "sign"] = Field(
        default="clip", description="clip: in proportion to the score up to the cap; sign: its sign alone"
    )
    window: int = Field(default=428, ge=3, le=LONGEST_WINDOW, description=WINDOW)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.window <= max(self.lookbacks):
            raise ValueError(f"window {self.window} must exceed the longest look-back {max(self.lookbacks)}")
        forgets_its_seed(self.window - 1, self.com)
        return self


class BreakoutSettings(SignalSettings):
    """[signals.A2]: channels as (entry, exit) in days; the window is also the longest holding time."""

    weight: float = Field(default=0.40, ge=0, le=1, description=WEIGHT)
    scalar: float = Field(default=1.1, gt=0, le=100, description=SCALAR)
    channels: tuple[tuple[Days, Days], ...] = Field(
        default=((20, 10), (55, 20)),
        min_length=1,
        max_length=16,
        description="bounds of each channel: to enter, to leave (days)",
    )
    range_period: int = Field(
        default=RANGE_PERIOD, ge=2, description="period of the average true range (days)"
    )
    stop_ranges: float = Field(
        default=2.0, gt=0, le=100, description="distance of the stop from the entry (average true ranges)"
    )
    shorting: bool = Field(default=True, description="false: a short position counts as none")
    window: int = Field(default=420, ge=3, le=LONGEST_WINDOW, description=WINDOW)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        longest = max(self.range_period, *(days for channel in self.channels for days in channel))
        if self.window <= longest:
            raise ValueError(
                f"window {self.window} must exceed the longest channel or range period {longest}"
            )
        return self


class ReversalSettings(SignalSettings):
    """[signals.A3]: horizon, centre of mass and efficiency ratio in days, window in daily closes."""

    weight: float = Field(default=0.20, ge=0, le=1, description=WEIGHT)
    scalar: float = Field(default=1.0, gt=0, le=100, description=SCALAR)
    horizon: int = Field(default=1, ge=1, description="move that is leaned against (days)")
    com: float = Field(default=20.0, gt=0, le=1_000, description="centre of mass of the volatility (days)")
    efficiency: int = Field(default=20, ge=2, description="path whose straightness lowers confidence (days)")
    dead_band: float = Field(default=1.0, ge=0, le=100, description="score below which it is silent (sigmas)")
    full: float = Field(default=3.0, gt=0, le=100, description="score at which it says all it can (sigmas)")
    window: int = Field(default=148, ge=3, le=LONGEST_WINDOW, description=WINDOW)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.full <= self.dead_band:
            raise ValueError(f"full {self.full:g} must exceed dead_band {self.dead_band:g}")
        longest = max(self.horizon, self.efficiency)
        if self.window <= longest:
            raise ValueError(f"window {self.window} must exceed horizon and efficiency, here {longest}")
        forgets_its_seed(self.window - 1, self.com)
        return self


def forgets_its_seed(samples: int, com: float) -> None:
    """Raise ValueError where the first of `samples` values still weighs .1 % in an exponential mean."""
    if (com / (com + 1.0)) ** samples >= SEED_SHARE:
        needed = math.floor(math.log(SEED_SHARE) / math.log(com / (com + 1.0))) + 1
        raise ValueError(f"com {com:g} needs a window of at least {needed + 1} closes")
