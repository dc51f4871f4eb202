"""A10, skew whipsaw: when puts are dearest against calls and begin to cheapen, the fright is over.

SK: 25-delta skew of 30 days, (put less call volatility) / that at the money, a number without unit. z: SK less the mean
of the `lookback` days before it, over their deviation (ddof 1). Idle until |z| >= arm; then its peak is followed; at
|z| <= release |peak| it speaks, value sgn(peak) min(1, |peak| / full), for `hold` more days at most; |z| <= calm or a
change of sign ends either. The days before the last `lookback` + 1 count for z alone. Confidence: 1 where both
25-delta points lie between good quotes, .5 for one; none is DEGENERATE.

Mixon 2011 for the measure; Xing, Zhang and Zhao 2010: skew foretells returns. The timing has no source: a hypothesis.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.options.settings import WhipsawSettings
from strategies.signal import FloatArray, KernelResult

STATISTICS = ("z", "peak", "state", "good_points")


def spans(settings: WhipsawSettings, span: int, skew: FloatArray, points: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.skew_whipsaw import skew_whipsaw

    result = span_results(skew, span, len(STATISTICS))
    skew_whipsaw(
        skew,
        points,
        span,
        settings.lookback,
        settings.arm,
        settings.release,
        settings.calm,
        settings.full,
        settings.hold,
        *result,
    )
    return result


KIND = bar_signal(
    name="A10",
    title="Skew whipsaw",
    type=SignalType.REVERSION,
    settings=WhipsawSettings,
    fields=("skew_25_delta", "skew_points"),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.skew_whipsaw",
)
