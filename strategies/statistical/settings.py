"""What can be set of each statistical signal: the sections [signals.B1] to [signals.B12]."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from strategies.settings import BarSettings, BarSize, forgets_its_seed

BAR = "size of the bars it reads, none finer than the market's own"
CLOSES = "closes each reading is computed from (bars)"
ALPHA = "size of the test: what is less significant than this is no finding (probability)"
LONGEST = 5_000
BARS_A_DAY: dict[BarSize, int] = {
    "1m": 1_440, "3m": 480, "5m": 288, "15m": 96, "30m": 48, "1h": 24,
    "2h": 12, "4h": 6, "6h": 4, "8h": 3, "12h": 2, "1d": 1,
}  # fmt: skip


class HourlySettings(BarSettings):
    """A signal of hourly bars."""

    bar: BarSize = Field(default="1h", description=BAR)


class SignificanceSettings(HourlySettings):
    """A signal that speaks where a test rejects chance."""

    alpha: float = Field(default=0.05, gt=0, le=0.5, description=ALPHA)


class LagSettings(SignificanceSettings):
    """A forecast of the next return from earlier ones."""

    lags: int = Field(default=1, ge=1, le=50, description="lags tested together, from 1 on (bars)")
    full: float = Field(
        default=0.4, gt=0, le=10, description="forecast at which it says all it can (deviations of a bar)"
    )
    window: int = Field(default=501, ge=30, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_holds_the_lags(self) -> Self:
        if self.window < 10 * self.lags:
            raise ValueError(f"{self.lags} lags need a window of at least {10 * self.lags} closes")
        return self


class AutocorrelationSettings(LagSettings):
    """[signals.B1]: correlation of returns with earlier ones."""


class VarianceRatioSettings(SignificanceSettings):
    """[signals.B2]: variance of sums of returns against the sum of their variances."""

    horizons: tuple[Annotated[int, Field(ge=2, le=64)], ...] = Field(
        default=(2, 4, 8, 16), min_length=1, max_length=8, description="lengths of the sums (bars)"
    )
    full: float = Field(
        default=0.5, gt=0, le=10, description="ratio beyond 1 at which it says all it can (x)"
    )
    window: int = Field(default=501, ge=101, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_holds_the_horizons(self) -> Self:
        if self.window - 1 < 4 * max(self.horizons):
            raise ValueError(
                f"a horizon of {max(self.horizons)} needs a window of {4 * max(self.horizons) + 1}"
            )
        return self


class SpectralSettings(SignificanceSettings):
    """A signal of the spectrum of the newest returns."""

    samples: Literal[64, 128, 256, 512, 1024] = Field(
        default=256, description="returns whose spectrum is read (bars)"
    )

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples + 1


class SpectralPeaksSettings(SpectralSettings):
    """[signals.B5]: one frequency that stands out of the spectrum."""

    shortest: int = Field(default=4, ge=2, le=64, description="shortest period it acts on (bars)")


class HurstSettings(SignificanceSettings):
    """[signals.B3]: long memory; sample sizes are those whose null is stored."""

    bar: BarSize = Field(default="4h", description=BAR)
    samples: Literal[512, 1024] = Field(default=1024, description="returns it is estimated from (bars)")
    move: int = Field(default=24, ge=1, le=512, description="recent move that is followed or faded (bars)")
    full: float = Field(
        default=0.2, gt=0, le=0.49, description="distance from 1/2 at which it says all it can (exponent)"
    )

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples + 1


class DriftSettings(SignificanceSettings):
    """[signals.B4]: a mean return too large for chance."""

    bar: BarSize = Field(default="4h", description=BAR)
    days: int = Field(default=365, ge=30, le=3_650, description="daily returns it is estimated from (days)")
    full: float = Field(
        default=3.0, gt=0, le=100, description="t at which it says all it can (standard errors)"
    )

    @property
    def bars_a_day(self) -> int:
        """Bars from one daily close to the next."""
        return BARS_A_DAY[self.bar]

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.days * self.bars_a_day + 1


class PermutationSettings(SignificanceSettings):
    """[signals.B6]: order in the ranks of neighbouring returns; sizes are those whose null is stored."""

    samples: Literal[250, 500] = Field(default=500, description="returns whose patterns are counted (bars)")
    fewest: int = Field(
        default=20, ge=1, le=1_000, description="occurrences below which the pattern says nothing (count)"
    )
    full: float = Field(
        default=0.5, gt=0, le=1, description="surplus of one side at which it says all it can (share)"
    )

    @property
    def order(self) -> int:
        """Returns in a pattern: as many as leave enough of each pattern to count."""
        return {250: 3, 500: 4}[self.samples]

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples + 1


class SpectralEntropySettings(SignificanceSettings):
    """[signals.B8]: order in the spectrum; sample sizes are those whose null is stored."""

    samples: Literal[256, 512] = Field(default=256, description="returns whose spectrum is read (bars)")
    move: int = Field(default=8, ge=1, le=256, description="recent move that is followed or faded (bars)")
    full: float = Field(
        default=0.1,
        gt=0,
        le=0.25,
        description="distance of the centroid from 1/4 at which it says all it can (cycles a bar)",
    )

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples + 1


class WaveletSettings(SignificanceSettings):
    """[signals.B10]: energy of slow against fast movements."""

    bar: BarSize = Field(default="4h", description=BAR)
    samples: int = Field(default=256, ge=32, le=4_096, description="returns that are decomposed (bars)")
    levels: int = Field(default=4, ge=1, le=8, description="halvings of the frequency (count)")
    move: int = Field(default=16, ge=1, le=512, description="recent move that is followed or faded (bars)")

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.samples + 1

    @model_validator(mode="after")
    def samples_halve(self) -> Self:
        if self.samples % 2**self.levels or self.samples < 2 ** (self.levels + 1):
            raise ValueError(
                f"samples {self.samples} must be a multiple of {2**self.levels}, at least twice it"
            )
        if self.move > self.samples:
            raise ValueError(f"move {self.move} must lie within the samples {self.samples}")
        return self


class PartialAutocorrelationSettings(LagSettings):
    """[signals.B11]: the longest lag that matters once shorter ones are known."""

    lags: int = Field(default=10, ge=1, le=30, description="orders tested together, from 1 on (bars)")


class RangeDivergenceSettings(HourlySettings):
    """[signals.B12]: a move while ranges widen, or while they narrow."""

    fast: int = Field(
        default=10, ge=2, le=LONGEST, description="period of the fast average true range (bars)"
    )
    slow: int = Field(
        default=50, ge=3, le=LONGEST, description="period of the slow average true range (bars)"
    )
    move: int = Field(default=10, ge=1, le=LONGEST, description="move that is followed or faded (bars)")
    com: float = Field(default=20.0, gt=0, le=1_000, description="centre of mass of the volatility (bars)")
    least: float = Field(default=0.25, ge=0, le=10, description="move below which it is silent (sigmas)")
    window: int = Field(default=350, ge=3, le=LONGEST, description=CLOSES)

    @model_validator(mode="after")
    def window_is_long_enough(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} must be below slow {self.slow}")
        if self.window <= max(self.move, self.slow):
            raise ValueError(f"window {self.window} must exceed move and slow")
        forgets_its_seed(self.window - 1, self.slow - 1.0)
        forgets_its_seed(self.window - 1, self.com)
        return self


class VolatilitySettings(SignificanceSettings):
    """[signals.B7]: the recent move while volatility clusters, smaller the higher it stands."""

    samples: int = Field(
        default=512, ge=100, le=LONGEST, description="returns that are tested and filtered (bars)"
    )
    history: int = Field(default=1_500, ge=250, le=LONGEST, description="returns a model is fitted to (bars)")
    refit: int = Field(default=24, ge=1, le=1_000, description="bars from one fit to the next (bars)")
    oldest: int = Field(
        default=168, ge=1, le=5_000, description="age beyond which the last usable fit counts no more (bars)"
    )
    move: int = Field(default=24, ge=1, le=LONGEST, description="recent move that is followed (bars)")
    lags: int = Field(default=5, ge=1, le=50, description="lags of the test for clustering (bars)")

    @property
    def window(self) -> int:
        """Closes each reading is computed from: the oldest fit that still counts, and all it is made of."""
        return max(self.history + self.oldest, self.samples) + 1

    @model_validator(mode="after")
    def samples_hold_the_rest(self) -> Self:
        if self.oldest < self.refit:
            raise ValueError(f"oldest {self.oldest} must reach back to the last fit, {self.refit} bars")
        if self.samples < max(self.move, 10 * self.lags):
            raise ValueError(f"samples {self.samples} must hold move and ten times the lags")
        return self


class FlowSettings(HourlySettings):
    """[signals.B9]: how one-sided trading is, by buckets of equal volume."""

    days: int = Field(
        default=30, ge=3, le=34, description="days of bars each reading is computed from (days)"
    )
    buckets: int = Field(
        default=50, ge=1, le=1_000, description="buckets a day as active as the last fills (count)"
    )
    average: int = Field(default=50, ge=2, le=1_000, description="buckets averaged (count)")
    memory: int = Field(
        default=1_050,
        ge=10,
        le=50_000,
        description="newest buckets that count, those averaged included (count)",
    )
    fewest: int = Field(
        default=200, ge=1, le=10_000, description="earlier averages without which it says nothing (count)"
    )
    threshold: float = Field(
        default=0.75, ge=0, lt=1, description="share of earlier averages it must exceed to speak (share)"
    )
    gain: float = Field(default=2.0, gt=0, le=100, description="value per share of one side's surplus (x)")

    @property
    def window(self) -> int:
        """Closes each reading is computed from."""
        return self.days * BARS_A_DAY[self.bar] + 1

    @model_validator(mode="after")
    def memory_holds_enough(self) -> Self:
        if self.memory < self.average + self.fewest:
            raise ValueError(
                f"memory {self.memory} must hold average and fewest, {self.average + self.fewest}"
            )
        return self
