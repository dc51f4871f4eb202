"""B3, Hurst exponent: where returns have long memory the recent move is followed, where they turn back, faded.

Local Whittle: with I_j the periodogram of N log returns at l_j = 2 pi j / N, j = 1 to m = floor(N^.75), H minimises
ln(mean I_j l_j^{2H-1}) - (2H - 1) mean ln l_j on (.01, .99), found as the root of its increasing derivative, sum I_j
l_j^{2H-1} ln l_j / sum I_j l_j^{2H-1} = mean ln l_j. p: share of a stored null of |H - 1/2| of white noise at or
beyond; standard error 1 / (2 sqrt m). Value: clip((H - 1/2) / full) clip(R / (2 s sqrt move)), R the last `move`
returns, s the deviation (ddof 0); confidence 1 - p / alpha; both 0 where p >= alpha. A bound is DEGENERATE.

Short memory looks alike: an AR(1) of .2 is flagged one time in five, so read it beside B1.

Robinson 1995; Mandelbrot and Van Ness 1968.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.angles import angles
from strategies.statistical.null_tables import null_ranks
from strategies.statistical.settings import HurstSettings

STATISTICS = ("hurst", "p", "standard_error", "move")


def spans(settings: HurstSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.hurst import hurst

    cosine, sine = angles(settings.samples)
    result = span_results(close, span, len(STATISTICS))
    hurst(
        close,
        span,
        settings.samples,
        null_ranks(f"hurst_{settings.samples}"),
        settings.move,
        settings.full,
        settings.alpha,
        cosine,
        sine,
        *result,
    )
    return result


KIND = bar_signal(
    name="B3",
    title="Hurst exponent",
    type=SignalType.MOMENTUM,
    settings=HurstSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.hurst",
)
