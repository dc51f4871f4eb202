"""A3, short-term mean reversion: an unusually large move of the last day is partly given back.

Score z = R_h / (sigma sqrt h). Value: -sgn(z) clip((|z| - dead band) / (full - dead band), 0, 1), so small
moves say nothing. Confidence: 1 - efficiency ratio (Kaufman 1995) of prices, as a trend is not an
overreaction.

Jegadeesh 1990 and Lehmann 1990 for weekly and monthly reversal; Bianchi, Babiak and Dickerson 2022 for daily
reversal in crypto. Dead band and full score are a choice of this project.
"""

from __future__ import annotations

from functools import partial

from store.records import SignalClass, SignalType
from strategies.settings import ReversalSettings
from strategies.signal import (
    FloatArray,
    KernelResult,
    Mirror,
    Signal,
    SignalKind,
)
from strategies.windows import result_arrays

NAME = "A3"


def kernel(settings: ReversalSettings, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.reversal import reversal

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
        kernels="strategies.evidence.kernels.reversal",
    )


KIND = SignalKind(NAME, ReversalSettings, build)
