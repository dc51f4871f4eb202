"""What can be set of the evidence signals that read more than bars: the sections [signals.A4] to [signals.A12]."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from store.symbols import STABLECOINS, WRAPPED
from strategies.settings import LONGEST_WINDOW, BarSettings, BarSize, SignalSettings, forgets_its_seed
from strategies.statistical.settings import BARS_A_DAY, LONGEST

BORROWABLE = "whether spot can be borrowed, so that the pair may be held the other way round"
COST = "what opening and closing all legs costs (bps of notional)"
HOLD = "how long a position is held, over which its costs are spread (days)"
HOURLY = "size of the bars it reads, none finer than the market's own"
UP = "what a value of 1 adds to the multiplier (x)"
DOWN = "what a value of -1 takes from the multiplier (x)"


class DailySettings(SignalSettings):
    """A signal of what is known once a day; off until somebody switches it on."""

    enabled: bool = Field(default=False, description="whether the signal takes part")

    @property
    def bar(self) -> BarSize:
        """Size of the bars it reads."""
        return "1d"


class FundingCarrySettings(BarSettings):
    """[signals.A4]: funding of the last days against what it costs to collect it."""

    bar: BarSize = Field(default="1h", description=HOURLY)
    days: int = Field(default=7, ge=1, le=90, description="funding that is averaged (days)")
    cost_bps: float = Field(default=20.0, ge=0, le=1_000, description=COST)
    hold_days: float = Field(default=30.0, gt=0, le=365, description=HOLD)
    full: float = Field(
        default=0.20,
        gt=0,
        le=10,
        description="carry after costs at which it says all it can (fraction a year)",
    )
    borrowable: bool = Field(default=False, description=BORROWABLE)

    @property
    def window(self) -> int:
        """Bars each reading is computed from."""
        return self.days * BARS_A_DAY[self.bar]


class OpenInterestSettings(BarSettings):
    """[signals.A5]: a move of price read by whether positions were opened or closed with it."""

    com: float = Field(default=20.0, gt=0, le=1_000, description="centre of mass of both volatilities (bars)")
    horizon: int = Field(default=1, ge=1, le=1_000, description="move of price and open interest (bars)")
    cap: float = Field(
        default=2.0, gt=0, le=100, description="score at which a move says all it can (sigmas)"
    )
    dead_band: float = Field(default=0.5, ge=0, le=100, description="score below which it is silent (sigmas)")
    window: int = Field(
        default=148, ge=3, le=LONGEST, description="bars each reading is computed from (bars)"
    )

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.window <= self.horizon:
            raise ValueError(f"window {self.window} must exceed the horizon {self.horizon}")
        forgets_its_seed(self.window - 1, self.com)
        return self


class CrossSectionSettings(DailySettings):
    """[signals.A6]: which coins did better than their exposure to the reference coin explains."""

    reference: str = Field(
        default="BTC", min_length=1, description="coin that the others are measured against, by base"
    )
    excluded: tuple[str, ...] = Field(
        default=(*STABLECOINS, "USTC", "EUR", "PAXG", *WRAPPED, "BTCDOM"),
        description="stablecoins, wrapped coins and indices that are not ranked, by base",
    )
    horizon: int = Field(default=21, ge=1, le=365, description="return that is ranked (days)")
    skip: int = Field(default=1, ge=0, le=30, description="newest days left out (days)")
    beta_days: int = Field(default=60, ge=10, le=365, description="returns of each regression (days)")
    fewest: int = Field(default=8, ge=3, le=1_000, description="fewest that are ranked (coins)")

    @property
    def window(self) -> int:
        """Daily closes each reading is computed from."""
        return self.beta_days + self.skip + 1

    @model_validator(mode="after")
    def horizon_is_within_the_regression(self) -> Self:
        if self.horizon > self.beta_days:
            raise ValueError(f"horizon {self.horizon} must not exceed beta_days {self.beta_days}")
        return self


class BasisSettings(BarSettings):
    """[signals.A7]: what a dated future pays over the interest rate until it expires."""

    days: int = Field(
        default=30, ge=3, le=365, description="daily bases whose deviation confidence is measured in (days)"
    )
    interest: float = Field(
        default=0.04, ge=-1, le=1, description="interest on cash, continuously compounded (fraction a year)"
    )
    cost_bps: float = Field(default=20.0, ge=0, le=1_000, description=COST)
    full: float = Field(
        default=0.20,
        gt=0,
        le=10,
        description="basis after costs at which it says all it can (fraction a year)",
    )
    nearest_days: float = Field(
        default=3.0, gt=0, le=365, description="time to expiry below which it is silent (days)"
    )
    borrowable: bool = Field(default=False, description=BORROWABLE)

    @property
    def bars_a_day(self) -> int:
        """Bars from one basis to the next."""
        return BARS_A_DAY[self.bar]

    @property
    def window(self) -> int:
        """Bars each reading is computed from."""
        return (self.days - 1) * self.bars_a_day + 1


class FundingDispersionSettings(BarSettings):
    """[signals.A8]: what the same position pays on one venue and earns on another."""

    bar: BarSize = Field(default="1h", description=HOURLY)
    days: int = Field(default=3, ge=1, le=90, description="funding that is compared (days)")
    cost_bps: float = Field(default=20.0, ge=0, le=1_000, description=COST)
    hold_days: float = Field(default=7.0, gt=0, le=365, description=HOLD)
    full_bps: float = Field(
        default=40.0,
        gt=0,
        le=10_000,
        description="capture after costs at which it says all it can (bps of notional a holding time)",
    )
    least_share: float = Field(
        default=0.75, gt=0, le=1, description="part of the time a venue's funding must be known for (share)"
    )

    @property
    def window(self) -> int:
        """Bars each reading is computed from."""
        return self.days * BARS_A_DAY[self.bar]


class OverlaySettings(DailySettings):
    """An overlay: it scales what the directional signals say."""

    weight: float = Field(
        default=0.0, ge=0, le=1, description="above 0 it scales forecasts, 0: it is only shown (share)"
    )


class StablecoinSettings(OverlaySettings):
    """[signals.A11]: bitcoin's value against the supply of stablecoins, scaling risk on both sides."""

    full: float = Field(default=2.0, gt=0, le=100, description="score at which it says all it can (sigmas)")
    up: float = Field(default=0.5, ge=0, le=0.5, description=UP)
    down: float = Field(default=0.5, ge=0, le=0.75, description=DOWN)
    window: int = Field(
        default=200, ge=3, le=LONGEST_WINDOW, description="days of its mean and deviation (days)"
    )


class RealisedValueSettings(OverlaySettings):
    """[signals.A12]: bitcoin's value over what its owners paid, scaling exposure to the long side."""

    bottom: float = Field(
        default=0.1, ge=-10, le=100, description="score below which it is called cheap (deviations)"
    )
    neutral: float = Field(
        default=2.8, gt=0, le=100, description="score at which nothing is scaled (deviations)"
    )
    top: float = Field(
        default=7.0, gt=0, le=100, description="score above which it is called dear (deviations)"
    )
    up: float = Field(default=0.5, ge=0, le=0.5, description=UP)
    down: float = Field(default=0.75, ge=0, le=0.75, description=DOWN)

    @property
    def window(self) -> int:
        """Days each reading is computed from: the score itself needs all of history."""
        return 1

    @model_validator(mode="after")
    def zones_are_in_order(self) -> Self:
        if not self.bottom < self.neutral < self.top:
            raise ValueError(
                f"bottom {self.bottom:g}, neutral {self.neutral:g} and top {self.top:g} must rise"
            )
        return self
