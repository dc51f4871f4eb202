"""B9, signed flow: when trading is unusually one-sided, its side is followed.

Volume is gathered into buckets of V = a `buckets`-th of the volume of the UTC day before, anew from each midnight.
Bought volume of a bucket: what takers bought, where the market tells for the whole window; else bulk classification,
V Phi(change of price / its deviation over the window's buckets, ddof 1). Over `average` buckets VPIN = sum |bought -
sold| / sum V, signed = sum (bought - sold) / sum V. P: share of the window's other VPINs at or below the newest.
Value: clip(gain signed) max(0, (P - threshold) / (1 - threshold)), confidence the last factor. Prices in quote
currency, volumes in base units. Finer bars split days better: 1 min where the market has them.

Easley, Lopez de Prado and O'Hara 2012, section 2. Andersen and Bondarenko 2014: bulk classified, it follows
volatility and volume, so it deserves no weight before it adds to them.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import CLOSE_MS, TAKER_BUY_VOLUME, FloatArray, KernelResult, bar_length_ms
from strategies.statistical.settings import FlowSettings

STATISTICS = ("vpin", "signed", "place", "change_deviation", "buckets", "sides_known")


def spans(
    settings: FlowSettings,
    span: int,
    close_ms: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    bought: FloatArray,
) -> KernelResult:
    from strategies.statistical.kernels.flow import flow

    result = span_results(close, span, len(STATISTICS))
    flow(
        close_ms,
        close,
        volume,
        bought,
        span,
        bar_length_ms(settings.bar),
        settings.buckets,
        settings.average,
        settings.memory,
        settings.fewest,
        settings.gain,
        settings.threshold,
        *result,
    )
    return result


KIND = bar_signal(
    name="B9",
    title="Signed flow",
    type=SignalType.FLOW,
    settings=FlowSettings,
    fields=(CLOSE_MS, "close", "volume", TAKER_BUY_VOLUME),
    mirror=None,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.flow",
    optional=(TAKER_BUY_VOLUME,),
)
