"""B12, true-range divergence: a move while ranges widen goes on, one while they narrow comes back.

z = R / (sigma sqrt move), R the last `move` log returns, sigma their exponentially weighted deviation; w = ln(ATR
fast / ATR slow). Value: clip(z / 2) clip(w / ln 2), 0 where |z| < `least`; confidence min(1, |w| / ln 2). Not a test.
Closes that never moved are a move of 0.

Wilder 1978 for the average true range; that it foretells anything is a hypothesis.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult
from strategies.statistical.settings import RangeDivergenceSettings


def spans(
    settings: RangeDivergenceSettings, span: int, high: FloatArray, low: FloatArray, close: FloatArray
) -> KernelResult:
    from strategies.statistical.kernels.range_divergence import range_divergence

    result = span_results(close, span, 5)
    range_divergence(
        high,
        low,
        close,
        span,
        settings.fast,
        settings.slow,
        settings.move,
        settings.com,
        settings.least,
        *result,
    )
    return result


KIND = bar_signal(
    name="B12",
    title="True-range divergence",
    type=SignalType.VOLATILITY,
    settings=RangeDivergenceSettings,
    fields=("high", "low", "close"),
    mirror=None,
    statistics=lambda settings: (
        "z",
        "widening",
        "sigma",
        f"atr_{settings.fast}",
        f"atr_{settings.slow}",
    ),
    spans=spans,
    kernels="strategies.statistical.kernels.range_divergence",
)
