"""What can be set of the signals that read options: the sections [signals.A9], [signals.A10], [signals.C7] and
[signals.C8]."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from strategies.settings import LONGEST_WINDOW, BarSettings, BarSize, SignalSettings
from strategies.statistical.settings import BARS_A_DAY

BAR = "size of the bars it reads, shorter than a day and none finer than the market's own"
PRIOR = "confidence of a rule nothing is known of yet (share)"


class PremiumSettings(BarSettings):
    """[signals.A9]: implied volatility against what the last days' returns realised."""

    bar: BarSize = Field(default="1h", description=BAR)
    days: int = Field(default=30, ge=2, le=365, description="returns of the realised volatility (days)")
    dead_band: float = Field(
        default=0.05, ge=0, le=10, description="ratio of the volatilities below which it is flat (log ratio)"
    )
    full: float = Field(
        default=0.5,
        gt=0,
        le=10,
        description="ratio of the volatilities at which it says all it can (log ratio)",
    )

    @property
    def bars_a_day(self) -> int:
        """Returns of the newest day."""
        return BARS_A_DAY[self.bar]

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.days * self.bars_a_day + 1

    @model_validator(mode="after")
    def bars_are_shorter_than_a_day(self) -> Self:
        if self.bar == "1d":
            raise ValueError("bar 1d leaves one return a day: choose a shorter one")
        return self


class WhipsawSettings(SignalSettings):
    """[signals.A10]: an extreme of the 25-delta skew that begins to fade."""

    enabled: bool = Field(default=False, description="whether the signal takes part")
    lookback: int = Field(
        default=30,
        ge=5,
        le=LONGEST_WINDOW // 2,
        description="earlier skews each one is scored against (days)",
    )
    arm: float = Field(default=2.0, gt=0, le=100, description="score from which a peak is followed (sigmas)")
    release: float = Field(
        default=0.75, gt=0, lt=1, description="share of the peak at which it speaks (share)"
    )
    calm: float = Field(default=0.5, ge=0, le=100, description="score at which all is over (sigmas)")
    full: float = Field(default=3.0, gt=0, le=100, description="peak at which it says all it can (sigmas)")
    hold: int = Field(default=5, ge=0, le=365, description="longest time it goes on after it spoke (days)")

    @property
    def bar(self) -> BarSize:
        """Size of the bars it reads."""
        return "1d"

    @property
    def window(self) -> int:
        """Skews each reading is computed from."""
        return 2 * self.lookback + 1

    @model_validator(mode="after")
    def calm_is_below_arm(self) -> Self:
        if self.calm >= self.arm:
            raise ValueError(f"calm {self.calm:g} must be below arm {self.arm:g}")
        return self


class IncomeSettings(PremiumSettings):
    """[signals.C7] and [signals.C8]: options sold where volatility is dear, by the premium of [signals.A9]."""

    prior: float = Field(default=0.5, ge=0, le=1, description=PRIOR)
    delta: float = Field(
        default=0.30, gt=0, lt=1, description="size of the forward delta of the option sold (delta)"
    )
    expiry_days: float = Field(default=30.0, gt=0, le=365, description="life of the option sold (days)")
