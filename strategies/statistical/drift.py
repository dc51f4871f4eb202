"""B4, drift: a mean return is followed where it is larger than chance explains.

r: log returns over 24 h ending at the newest close. t = mean r / sqrt(S / N), S the long-run variance with Bartlett
weights over L = floor(4 (N / 100)^(2/9)) lags; p normal. Value: clip(t / full); confidence 1 - p / alpha; both 0
where p >= alpha. Beside it the least standard error any estimate of the drift can have, sigma / sqrt(years), which
finer bars do not lower, and the years until a drift of this size stands out, (1.96 sigma / mu)^2.

Cramer 1946, chapter 32, and Merton 1980 for the bound; Newey and West 1987, 1994.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.settings import DriftSettings

STATISTICS = ("t", "p", "ungated", "least_error_a_year", "years_needed")


def spans(settings: DriftSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.drift import drift

    result = span_results(close, span, len(STATISTICS))
    drift(close, span, settings.bars_a_day, settings.full, settings.alpha, *result)
    return result


KIND = bar_signal(
    name="B4",
    title="Drift significance",
    type=SignalType.MOMENTUM,
    settings=DriftSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.drift",
)
