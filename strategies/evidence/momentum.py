"""A1, time-series momentum: an asset's own past weeks foretell its next days.

Score of look-back h: z_h = (sum of the last h log returns) / (sigma sqrt h), sigma the exponentially weighted
deviation of daily log returns. Value: the mean of clip(z_h / cap) over the look-backs, or of their signs.
Confidence: how far the signs agree, |sum of sgn z_h| / number of look-backs.

Moskowitz, Ooi and Pedersen 2012 (equations 1 and 5); Liu and Tsyvinski 2021 for one to four weeks in crypto;
Carver 2015, chapter 7, for the cap at twice the average score.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Self

import numpy as np
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

NAME = "A1"


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


def kernel(settings: MomentumSettings, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels import momentum

    result = result_arrays(close.shape[0], 1 + len(settings.lookbacks))
    lookbacks = np.array(settings.lookbacks, dtype=np.int64)
    momentum(close, lookbacks, settings.com, settings.cap, settings.response == "sign", *result)
    return result


def build(settings: MomentumSettings) -> Signal:
    return Signal(
        name=NAME,
        title="Time-series momentum",
        signal_class=SignalClass.DIRECTIONAL,
        type=SignalType.MOMENTUM,
        bar="1d",
        window=settings.window,
        fields=("close",),
        scalar=settings.scalar,
        weight=settings.weight,
        mirror=Mirror.LOG,
        settings=settings,
        statistic_names=("sigma", *(f"z_{days}" for days in settings.lookbacks)),
        kernel=partial(kernel, settings),
    )


KIND = SignalKind(NAME, MomentumSettings, build)
