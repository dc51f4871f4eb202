"""A3, short-term mean reversion: an unusually large move of the last day is partly given back.

Score z = R_h / (sigma sqrt h). Value: -sgn(z) clip((|z| - dead band) / (full - dead band), 0, 1), so small
moves say nothing. Confidence: 1 - efficiency ratio (Kaufman 1995) of prices, as a trend is not an
overreaction.

Jegadeesh 1990 and Lehmann 1990 for weekly and monthly reversal; Bianchi, Babiak and Dickerson 2022 for daily
reversal in crypto. Dead band and full score are a choice of this project.
"""

from __future__ import annotations

from functools import partial
from typing import Self

from pydantic import Field, model_validator

from store.records import SignalClass, SignalType
from strategies.signal import (
    LONGEST_WINDOW,
    SCALAR,
    WEIGHT,
    WINDOW,
    FloatArray,
    KernelResult,
    Mirror,
    Signal,
    SignalKind,
    SignalSettings,
)
from strategies.windows import forgets_its_seed, result_arrays

NAME = "A3"


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


def kernel(settings: ReversalSettings, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels import reversal

    result = result_arrays(close.shape[0], 3)
    reversal(
        close,
        settings.horizon,
        settings.com,
        settings.efficiency,
        settings.dead_band,
        settings.full,
        *result,
    )
    return result


def build(settings: ReversalSettings) -> Signal:
    return Signal(
        name=NAME,
        title="Short-term mean reversion",
        signal_class=SignalClass.DIRECTIONAL,
        type=SignalType.REVERSION,
        bar="1d",
        window=settings.window,
        fields=("close",),
        scalar=settings.scalar,
        weight=settings.weight,
        mirror=Mirror.LOG,
        settings=settings,
        statistic_names=("sigma", "z", "efficiency_ratio"),
        kernel=partial(kernel, settings),
    )


KIND = SignalKind(NAME, ReversalSettings, build)
