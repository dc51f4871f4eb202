"""C3, simple moving averages: a fast one above a slow one is a trend.

Value: clip((SMA(fast) - SMA(slow)) / (cap ATR)), averages and average true range in price. Confidence: a prior.

Rules of this kind: Brock, Lakonishok and LeBaron 1992; Wilder 1978 for the average true range. Tried alone the rule
has lost money, so it stays off unless somebody switches it on.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.classical.settings import AveragesSettings
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror


def spans(
    settings: AveragesSettings, span: int, high: FloatArray, low: FloatArray, close: FloatArray
) -> KernelResult:
    from strategies.classical.kernels.averages import averages

    result = span_results(close, span, 3)
    averages(
        high,
        low,
        close,
        span,
        settings.fast,
        settings.slow,
        settings.range_period,
        settings.cap,
        settings.prior,
        *result,
    )
    return result


KIND = bar_signal(
    name="C3",
    title="Simple average momentum",
    type=SignalType.MOMENTUM,
    settings=AveragesSettings,
    fields=("high", "low", "close"),
    mirror=Mirror.DIFFERENCE,
    statistics=lambda settings: (
        f"sma_{settings.fast}",
        f"sma_{settings.slow}",
        f"atr_{settings.range_period}",
    ),
    spans=spans,
    kernels="strategies.classical.kernels.averages",
)
