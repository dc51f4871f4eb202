"""A1, time-series momentum: an asset's own past weeks foretell its next days.

Score of look-back h: z_h = (sum of the last h log returns) / (sigma sqrt h), sigma the exponentially weighted
deviation of daily log returns. Value: the mean of clip(z_h / cap) over the look-backs, or of their signs.
Confidence: how far the signs agree, |sum of sgn z_h| / number of look-backs.

Moskowitz, Ooi and Pedersen 2012 (equations 1 and 5); Liu and Tsyvinski 2021 for one to four weeks in crypto;
Carver 2015, chapter 7, for the cap at twice the average score.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from store.records import SignalClass, SignalType
from strategies.settings import MomentumSettings
from strategies.signal import (
    FloatArray,
    KernelResult,
    Mirror,
    Signal,
    SignalKind,
)
from strategies.windows import result_arrays

NAME = "A1"


def kernel(settings: MomentumSettings, close: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.momentum import momentum

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
        kernels="strategies.evidence.kernels.momentum",
    )


KIND = SignalKind(NAME, MomentumSettings, build)
