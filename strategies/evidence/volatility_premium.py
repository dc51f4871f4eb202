"""A9, volatility risk premium: options are insurance, and cost more than the moves they insure turn out to be.

IV: implied volatility of 30 days; RV = sqrt(A / n sum r^2), r the log returns of the last 30 days without their mean, A
of them a year: both fractions a year. l = ln(IV / RV); value: 0 where |l| < dead_band, else clip(l / full); + is short
30-day variance, hedged to no delta. Confidence: clip(1 - max(0, RV of a day / RV - 1), 0, 1), so that nothing is sold
into a spike. Beside it the premium IV^2 - RV^2, in variance a year. IV outside (.01, 5) is NAN_INPUT.

A short position in variance loses without bound: what is sold is limited in strikes. Its legs are a straddle and the
perpetual on the coin against its deltas.

Carr and Wu 2009 for the premium; Bollerslev, Tauchen and Zhou 2009 for the month; Alexander and Imeraj 2021 in crypto.
The dead band and the full scale are a choice of this project.
"""

from __future__ import annotations

from store.records import SignalClass, SignalType
from strategies.definition import bar_signal, span_results
from strategies.options.settings import PremiumSettings
from strategies.signal import FloatArray, KernelResult, OptionStructure

STATISTICS = ("implied_volatility", "realised_volatility", "realised_a_day", "premium", "log_ratio")


def spans(settings: PremiumSettings, span: int, close: FloatArray, implied: FloatArray) -> KernelResult:
    from strategies.evidence.kernels.volatility_premium import volatility_premium

    result = span_results(close, span, len(STATISTICS))
    volatility_premium(
        close,
        implied,
        span,
        settings.window,
        settings.bars_a_day,
        settings.dead_band,
        settings.full,
        *result,
    )
    return result


KIND = bar_signal(
    name="A9",
    title="Volatility risk premium",
    signal_class=SignalClass.NEUTRAL,
    type=SignalType.VOLATILITY,
    settings=PremiumSettings,
    fields=("close", "implied_volatility"),
    optional=("implied_volatility",),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.evidence.kernels.volatility_premium",
    options=OptionStructure.STRADDLE,
)
