"""A8, funding across venues: sold where buyers pay most and bought where they pay least, one position earns both.

Per venue v the funding of the last days g_v = sum f / (sum H / 24), a fraction a day, whatever the intervals H (h).
Capture D = (max g - min g) days held, a fraction of notional. Value: clip((D - cost) / full, 0, 1); + is short on the
dearest venue, long on the cheapest. Confidence: share of the two venues' common intervals (the longer of the two, the
other's summed in it) in which the dearest was strictly dearer, times the smaller share of the days known. A venue
whose funding is not known for long enough is left out; fewer than two: TOO_FEW_ASSETS.

A hypothesis of this project: no primary source for it is known. Makarov and Schoar 2020 is the analogue for prices;
Ackerer, Hugonnier and Jermann 2024 for what a perpetual is worth.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalClass, SignalType
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import FundingDispersionSettings
from strategies.signal import FloatArray, KernelResult

FIELDS = (
    "funding_rate", "funding_hours",
    "funding_rate_2", "funding_hours_2",
    "funding_rate_3", "funding_hours_3",
)  # fmt: skip
STATISTICS = ("capture", "agreeing_share", "short_venue", "long_venue", "rate_1", "rate_2", "rate_3")


def spans(settings: FundingDispersionSettings, span: int, *fields: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.funding_dispersion import funding_dispersion

    result = span_results(fields[0], span, len(STATISTICS))
    funding_dispersion(
        np.stack(fields[0::2], axis=1),
        np.stack(fields[1::2], axis=1),
        span,
        settings.window,
        settings.days * 24.0,
        settings.least_share,
        settings.hold_days,
        settings.cost_bps / 10_000,
        settings.full_bps / 10_000,
        *result,
    )
    return result


KIND = bar_signal(
    name="A8",
    title="Funding across venues",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.CARRY,
    settings=FundingDispersionSettings,
    fields=FIELDS,
    optional=FIELDS,
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.funding_dispersion",
    venues=("short_venue", "long_venue"),
)
