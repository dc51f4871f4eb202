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

import numpy as np

from store.records import SignalClass, SignalType
from strategies.settings import RANGE_PERIOD, BreakoutSettings
from strategies.signal import (
    FloatArray,
    KernelResult,
    Mirror,
    Signal,
    SignalKind,
)
from strategies.windows import result_arrays

NAME = "A2"


def average_true_range(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int = RANGE_PERIOD
) -> FloatArray:
    """Wilder's average true range in quote currency per unit at the last bar of windows [..., w]; shape
    [...].

    Measured over the unbroken run of usable bars that ends the window (leading NaN is no harm), seeded with
    the mean of its first `period` true ranges. NaN with fewer than `period` + 1 such bars.
    """
    from strategies.arithmetic import final_ranges

    shape = close.shape[:-1]
    flat = (math.prod(shape), close.shape[-1])
    average = np.empty(flat[0])
    high, low, close = (np.ascontiguousarray(field, np.float64).reshape(flat) for field in (high, low, close))
    final_ranges(high, low, close, period, average)
    return average.reshape(shape)


def kernel(settings: BreakoutSettings, high: FloatArray, low: FloatArray, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.breakout import breakout

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
        kernels="strategies.evidence.kernels.breakout",
    )


KIND = SignalKind(NAME, BreakoutSettings, build)
