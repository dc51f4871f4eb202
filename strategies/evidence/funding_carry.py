"""A4, perpetual funding carry: who holds spot and sells the perpetual future is paid what its buyers pay.

Funding f_i (fraction of notional, positive: longs pay shorts) of intervals of H_i hours as the venue settled them,
1, 4 or 8 mixed: F = sum f_i / (sum H_i / 24) 365 over the last days, a fraction a year. cost = round trip of both
legs 365 / days held. Value: sgn(F) min(1, max(0, |F| - cost) / full); + is long spot, short perpetual. Selling spot
needs it borrowed: without, a negative value counts 0 (NOT_BORROWABLE). Confidence: max(0, 2 s - 1), s the share of
intervals whose sign is F's. Every interval must be known (GAP).

Schmeling, Schrimpf and Todorov 2023, crypto carry; He, Manela, Ross and von Wachter 2022 for the bounds of no
arbitrage. Costs, days held and full scale are a choice of this project.
"""

from __future__ import annotations

from store.records import InstrumentKind, SignalClass, SignalType
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import FundingCarrySettings
from strategies.signal import FloatArray, KernelResult, bar_length_ms

FIELDS = ("funding_rate", "funding_hours")
STATISTICS = ("annual_funding", "annual_cost", "same_sign_share", "intervals", "hours_covered")
HOUR_MS = 3_600_000


def spans(settings: FundingCarrySettings, span: int, rate: FloatArray, hours: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.funding_carry import funding_carry

    result = span_results(rate, span, len(STATISTICS))
    funding_carry(
        rate,
        hours,
        span,
        settings.window,
        bar_length_ms(settings.bar) / HOUR_MS,
        settings.cost_bps / 10_000 * 365 / settings.hold_days,
        settings.full,
        settings.borrowable,
        *result,
    )
    return result


KIND = bar_signal(
    name="A4",
    title="Perpetual funding carry",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.CARRY,
    settings=FundingCarrySettings,
    fields=FIELDS,
    optional=FIELDS,
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.funding_carry",
    pair=(InstrumentKind.SPOT, InstrumentKind.PERPETUAL),
)
