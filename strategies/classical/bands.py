"""C4, Bollinger bands: a price far from its average is expected back.

z = (C - SMA) / sd over the last `period` closes, the newest included, sd with ddof 0. Value: -sgn(z)
clip((|z| - flat) / (full - flat), 0, 1): silent inside `flat` deviations, all of it at the band. It is the
stateless form of entering at the band and leaving inside it. Confidence: a prior.

Bollinger 2001, Bollinger on Bollinger Bands. Over the same weeks it is the opposite of a trend follower: blended
with one, the two cancel.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.classical.settings import BandSettings
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror


def spans(settings: BandSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.classical.kernels.bands import bands

    result = span_results(close, span, 4)
    bands(close, span, settings.period, settings.flat, settings.full, settings.prior, *result)
    return result


KIND = bar_signal(
    name="C4",
    title="Band reversion",
    type=SignalType.REVERSION,
    settings=BandSettings,
    fields=("close",),
    mirror=Mirror.DIFFERENCE,
    statistics=lambda settings: ("z", "upper", "average", "lower"),
    spans=spans,
    kernels="strategies.classical.kernels.bands",
)
