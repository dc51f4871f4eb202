"""C2, moving average convergence and divergence: a trend that gathers pace goes on.

MACD = EMA(fast) - EMA(slow), signal = EMA(MACD), histogram = MACD - signal, all in price. Value:
clip(histogram / ATR). Confidence: a prior. Averages are seeded with simple ones, the fast one so that both begin
on the same bar.

Appel 2005, Technical Analysis: Power Tools; Wilder 1978 for the average true range.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.classical.settings import ConvergenceSettings
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror


def spans(
    settings: ConvergenceSettings, span: int, high: FloatArray, low: FloatArray, close: FloatArray
) -> KernelResult:
    from strategies.classical.kernels.convergence import convergence

    result = span_results(close, span, 4)
    convergence(
        high,
        low,
        close,
        span,
        settings.fast,
        settings.slow,
        settings.signal,
        settings.range_period,
        settings.prior,
        *result,
    )
    return result


KIND = bar_signal(
    name="C2",
    title="Moving average convergence",
    type=SignalType.MOMENTUM,
    settings=ConvergenceSettings,
    fields=("high", "low", "close"),
    mirror=Mirror.DIFFERENCE,
    statistics=lambda settings: ("macd", "signal", "histogram", f"atr_{settings.range_period}"),
    spans=spans,
    kernels="strategies.classical.kernels.convergence",
)
