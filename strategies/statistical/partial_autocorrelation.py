"""B11, partial autocorrelation: the longest lag that matters once shorter ones are known makes the forecast.

x = r - mean of the window's log returns. phi_kk for k = 1 to K by Levinson and Durbin (biased autocovariances). p_k:
the last coefficient of a least-squares AR(k) of x without constant, with White's HC0 variance, times K (Bonferroni);
the usual band of 1.96 / sqrt N rejects too often while volatility clusters. Where the smallest p < alpha, k* the
largest k with p_k < alpha and x' the forecast of that AR(k*), value = clip(x' / (full s)), s the deviation (ddof 0),
confidence 1 - p / alpha; else both 0.

Durbin 1960; Quenouille 1949; White 1980.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.settings import PartialAutocorrelationSettings


def statistic_names(settings: PartialAutocorrelationSettings) -> tuple[str, ...]:
    return ("order", "p", "forecast", *(f"pacf_{lag}" for lag in range(1, settings.lags + 1)))


def spans(settings: PartialAutocorrelationSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.partial_autocorrelation import partial_autocorrelation

    result = span_results(close, span, len(statistic_names(settings)))
    partial_autocorrelation(close, span, settings.lags, settings.full, settings.alpha, *result)
    return result


KIND = bar_signal(
    name="B11",
    title="Partial autocorrelation",
    type=SignalType.STATISTICAL,
    settings=PartialAutocorrelationSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=statistic_names,
    spans=spans,
    kernels="strategies.statistical.kernels.partial_autocorrelation",
)
