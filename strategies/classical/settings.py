"""What can be set of each classical signal of prices alone: the sections [signals.C1] to [signals.C6]."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from strategies.settings import SCALAR, BarSettings, BarSize, SignalSettings, forgets_its_seed

PERIOD = "bars of the average (bars)"
RANGES = "period of the average true range (bars)"
CLOSES = "closes each reading is computed from (bars)"
PRIOR = "confidence of a rule until a hundred of its trades have ended; 0: silent for good (share)"
LONGEST = 5_000


class RuleSettings(BarSettings):
    """A rule: its confidence is a prior, for nothing in one window says how often it is right, until its own trades do
    (`strategies.track_record`)."""

    prior: float = Field(default=0.5, ge=0, le=1, description=PRIOR)


class RelativeStrengthSettings(RuleSettings):
    """[signals.C1]: Wilder's relative strength index, leaned against beyond its bounds."""

    period: int = Field(default=14, ge=2, le=LONGEST, description="period of Wilder's averages (bars)")
    oversold: float = Field(
        default=30.0,
        gt=0,
        lt=50,
        description="index below which it buys; it sells above 100 less this (points)",
    )
    window: int = Field(default=250, ge=3, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        forgets_its_seed(self.window - self.period, self.period - 1.0)
        return self


class ConvergenceSettings(RuleSettings):
    """[signals.C2]: difference of two exponential averages against its own average."""

    scalar: float = Field(default=5.0, gt=0, le=100, description=SCALAR)
    fast: int = Field(default=12, ge=2, le=LONGEST, description="period of the fast average (bars)")
    slow: int = Field(default=26, ge=3, le=LONGEST, description="period of the slow average (bars)")
    signal: int = Field(
        default=9, ge=2, le=LONGEST, description="period of the difference's own average (bars)"
    )
    range_period: int = Field(default=14, ge=2, le=LONGEST, description=RANGES)
    window: int = Field(default=300, ge=3, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} must be below slow {self.slow}")
        forgets_its_seed(self.window - self.slow - self.signal, (self.slow - 1) / 2)
        forgets_its_seed(self.window - self.range_period, self.range_period - 1.0)
        return self


class AveragesSettings(RuleSettings):
    """[signals.C3]: a fast simple average above or below a slow one."""

    scalar: float = Field(default=1.7, gt=0, le=100, description=SCALAR)
    fast: int = Field(default=20, ge=1, le=LONGEST, description="period of the fast average (bars)")
    slow: int = Field(default=50, ge=2, le=LONGEST, description="period of the slow average (bars)")
    range_period: int = Field(default=14, ge=2, le=LONGEST, description=RANGES)
    cap: float = Field(
        default=2.0, gt=0, le=100, description="distance at which it says all it can (average true ranges)"
    )
    window: int = Field(default=250, ge=3, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} must be below slow {self.slow}")
        if self.window < self.slow:
            raise ValueError(f"window {self.window} must hold the slow average of {self.slow}")
        forgets_its_seed(self.window - self.range_period, self.range_period - 1.0)
        return self


class BandSettings(RuleSettings):
    """[signals.C4]: distance from a simple average in standard deviations."""

    scalar: float = Field(default=2.3, gt=0, le=100, description=SCALAR)
    period: int = Field(
        default=20, ge=3, le=LONGEST, description="closes of the average and the bands (bars)"
    )
    flat: float = Field(default=0.5, ge=0, le=100, description="score below which it is silent (sigmas)")
    full: float = Field(default=2.0, gt=0, le=100, description="score at which it says all it can (sigmas)")

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.period

    @model_validator(mode="after")
    def full_exceeds_flat(self) -> Self:
        if self.full <= self.flat:
            raise ValueError(f"full {self.full:g} must exceed flat {self.flat:g}")
        return self


class PairsSettings(BarSettings):
    """[signals.C5]: pairs of coins whose logarithms keep together, named by their bases."""

    pairs: tuple[tuple[str, str], ...] = Field(
        default=(),
        max_length=500,
        description="pairs to test, (coin, coin it is regressed on); none: every coin but stablecoins and wrapped "
        "ones on each of `against`",
    )
    against: tuple[str, ...] = Field(
        default=("BTC", "ETH"), description="coins that all others are tested against, by base"
    )
    samples: int = Field(
        default=500, ge=50, le=500, description="closes each pair is fitted to, so its window (bars)"
    )
    alpha: float = Field(
        default=0.05, gt=0, lt=1, description="size of the test for a common trend (probability)"
    )
    flat: float = Field(default=0.5, ge=0, le=100, description="score below which it is silent (sigmas)")
    full: float = Field(default=2.0, gt=0, le=100, description="score at which it says all it can (sigmas)")
    broken: float = Field(
        default=4.0, gt=0, le=100, description="score from which a pair counts as broken (sigmas)"
    )
    shortest: float = Field(default=2.0, gt=0, le=LONGEST, description="shortest half-life (bars)")
    longest: float = Field(default=125.0, gt=0, le=LONGEST, description="longest half-life (bars)")

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples

    @model_validator(mode="after")
    def bounds_are_in_order(self) -> Self:
        if not self.flat < self.full < self.broken:
            raise ValueError(f"flat {self.flat:g}, full {self.full:g} and broken {self.broken:g} must rise")
        if self.shortest >= self.longest:
            raise ValueError(f"shortest {self.shortest:g} must be below longest {self.longest:g}")
        return self


class ResidualSettings(SignalSettings):
    """[signals.C6]: daily returns of coins against the factors they have in common."""

    enabled: bool = Field(default=False, description="whether the signal takes part")
    prior: float = Field(default=0.5, ge=0, le=1, description=PRIOR)
    window: int = Field(
        default=365, ge=70, le=435, description="closes whose correlations the factors are made of (days)"
    )
    days: int = Field(
        default=60, ge=30, le=365, description="returns each residual is taken from and fitted to (days)"
    )
    variance: float = Field(
        default=0.55, gt=0, lt=1, description="share of variance that the factors explain at least (share)"
    )
    most: int = Field(
        default=3, ge=1, le=100, description="most factors with fewer coins than `crowd` (count)"
    )
    crowd: int = Field(
        default=30, ge=1, le=1_000, description="universe from which `most` does not bind (coins)"
    )
    fewest: int = Field(default=8, ge=5, le=1_000, description="universe below which nothing is said (coins)")
    flat: float = Field(default=0.5, ge=0, le=100, description="score below which it is silent (sigmas)")
    full: float = Field(default=1.25, gt=0, le=100, description="score at which it says all it can (sigmas)")
    slowest: float = Field(
        default=30.0, gt=0, le=365, description="longest time constant of reversion (days)"
    )
    gate: float = Field(
        default=-3.07,
        ge=-20,
        le=0,
        description="Dickey and Fuller's statistic that a residual must stay below (t)",
    )

    @property
    def bar(self) -> BarSize:
        """Size of the bars it reads."""
        return "1d"

    @model_validator(mode="after")
    def window_holds_the_days(self) -> Self:
        if self.full <= self.flat:
            raise ValueError(f"full {self.full:g} must exceed flat {self.flat:g}")
        if self.window <= self.days:
            raise ValueError(f"window {self.window} must exceed days {self.days}")
        return self
