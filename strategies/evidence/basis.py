"""A7, cash and carry: a dated future above spot is sold against it, and the difference is earned by its expiry.

Basis b = ln(F / S) 365 / d with d days to expiry, excess e = b - interest, cost = round trip 365 / d, all fractions
a year. Value: sgn(e) min(1, max(0, |e| - cost) / full); + is long spot, short future. Selling spot needs it
borrowed: without, a negative value counts 0 (NOT_BORROWABLE). Confidence: min(1, max(0, |e| - cost) / deviation) of
daily bases (ddof 1), 1 where they did not vary. Silent within days of expiry (NEAR_EXPIRY), where b is mostly noise.
Prices are quote currency per unit at one moment; a coin-margined future must first be converted to a linear payoff.

Schmeling, Schrimpf and Todorov 2023; Hull, forward pricing. Costs and full scale are a choice of this project.
"""

from __future__ import annotations

from store.records import InstrumentKind, SignalClass, SignalType
from strategies.definition import bar_signal, span_results
from strategies.evidence.settings import BasisSettings
from strategies.signal import FloatArray, KernelResult

STATISTICS = ("basis", "excess", "annual_cost", "deviation", "net", "days")


def spans(
    settings: BasisSettings, span: int, spot: FloatArray, future: FloatArray, days: FloatArray
) -> KernelResult:
    from strategies.evidence.kernels.basis import basis

    result = span_results(spot, span, len(STATISTICS))
    basis(
        spot,
        future,
        days,
        span,
        settings.bars_a_day,
        settings.days,
        settings.interest,
        settings.cost_bps / 10_000,
        settings.full,
        settings.nearest_days,
        settings.borrowable,
        *result,
    )
    return result


KIND = bar_signal(
    name="A7",
    title="Cash and carry",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.CARRY,
    settings=BasisSettings,
    fields=("spot_price", "future_price", "future_days"),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.basis",
    pair=(InstrumentKind.SPOT, InstrumentKind.FUTURE),
)
