"""A12, market over realised value: far above what its owners paid for it, bitcoin is bought with less.

Z_t = (MC_t - RC_t) / deviation (ddof 0) of MC since the first day of the series, MC market and RC realised value in
USD. It needs all history and depends on where that begins, so whoever feeds the market derives it once
a day, and it is read here as it was known. Value: clip((neutral - Z) / neutral) up to neutral, clip((neutral - Z) /
(top - neutral)) above: an overlay on the long side, with the defaults a multiplier of clip(1.5 - 1.25 Z / 7, .25,
1.5). Confidence: 1. The zone is cheap below `bottom` and dear above `top`.

Mahmudov and Puell 2018 and Glassnode for the metric and its zones, a practitioner's. Its peaks shrink from cycle to
cycle, so `top` may not be reached again.
"""

from __future__ import annotations

from store.records import SignalClass, SignalType
from strategies.blend.veto import OverlaySide
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import RealisedValueSettings
from strategies.signal import FloatArray, KernelResult

STATISTICS = ("z", "zone")


def spans(settings: RealisedValueSettings, span: int, score: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.realised_value import realised_value

    result = span_results(score, span, len(STATISTICS))
    realised_value(score, span, settings.bottom, settings.neutral, settings.top, *result)
    return result


KIND = bar_signal(
    name="A12",
    title="Market over realised value",
    signal_class=SignalClass.OVERLAY,
    type=SignalType.VOLATILITY,
    settings=RealisedValueSettings,
    fields=("mvrv_z",),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.realised_value",
    overlay=OverlaySide.LONG,
)
