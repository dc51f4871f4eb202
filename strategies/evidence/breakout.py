"""A2, Donchian breakout with a stop in average true ranges: a new extreme of weeks tends to go on.

Per channel (entry N, exit M): long on a close above the highest high of the N bars before, out on a close
below the lowest low of the M bars before or at the stop, `stop_ranges` average ranges from the entry's
close; short mirrored; after an exit the entry rule is read again on the same bar. Value: the mean position
of the channels. Confidence: min(1, |C - middle of the first channel| / (2 ATR)).

Faith 2003 for channels and the 2-range stop; Zarattini, Pagani and Barbon 2025 for averaging an ensemble;
Wilder 1978 for true range and its average.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Self

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
from strategies.windows import result_arrays

NAME = "A2"
RANGE_PERIOD = 20

Days = Annotated[int, Field(ge=1)]


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


def average_true_range(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int = RANGE_PERIOD
) -> FloatArray:
    """Wilder's average true range in quote currency per unit at the last bar of windows [..., w]; shape
    [...].

    Measured over the unbroken run of usable bars that ends the window (leading NaN is no harm), seeded with
    the mean of its first `period` true ranges. NaN with fewer than `period` + 1 such bars.
    """
    from strategies.evidence.kernels import final_ranges

    shape = close.shape[:-1]
    flat = (math.prod(shape), close.shape[-1])
    average = np.empty(flat[0])
    high, low, close = (np.ascontiguousarray(field, np.float64).reshape(flat) for field in (high, low, close))
    final_ranges(high, low, close, period, average)
    return average.reshape(shape)


def kernel(settings: BreakoutSettings, high: FloatArray, low: FloatArray, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels import breakout

    result = result_arrays(close.shape[0], 3 + len(settings.channels))
    breakout(
        high,
        low,
        close,
        np.array(settings.channels, dtype=np.int64),
        settings.range_period,
        settings.stop_ranges,
        settings.shorting,
        *result,
    )
    return result


def build(settings: BreakoutSettings) -> Signal:
    return Signal(
        name=NAME,
        title="Donchian breakout",
        signal_class=SignalClass.DIRECTIONAL,
        type=SignalType.MOMENTUM,
        bar="1d",
        window=settings.window,
        fields=("high", "low", "close"),
        scalar=settings.scalar,
        weight=settings.weight,
        mirror=Mirror.DIFFERENCE if settings.shorting else None,
        settings=settings,
        statistic_names=(
            f"atr_{settings.range_period}",
            f"upper_{settings.channels[0][0]}",
            f"lower_{settings.channels[0][0]}",
            *(f"position_{entry}_{leave}" for entry, leave in settings.channels),
        ),
        kernel=partial(kernel, settings),
    )


KIND = SignalKind(NAME, BreakoutSettings, build)
