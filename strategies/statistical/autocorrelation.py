"""B1, lag autocorrelation: where a return foretells the next, the next is forecast from it.

x = r - mean of the window's log returns, rho_k = sum x_t x_{t-k} / sum x^2, z_k = sum x_t x_{t-k} / sqrt(sum
(x_t x_{t-k})^2), robust to changing variance. Of the lags tested the one of the largest |z|; p = 2 Phi(-|z|),
Sidak's over their number. Forecast x' = rho_k x_{t+1-k} (a log return). Value: clip(x' / (full s)), s the
deviation (ddof 0); confidence 1 - p / alpha; both 0 where p >= alpha.

Lo and MacKinlay 1988, section 1, and Taylor 1984 for the variance; Ljung and Box 1978 for the joint statistic.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.settings import AutocorrelationSettings

STATISTICS = ("lag", "rho", "z", "p", "forecast", "ljung_box_5", "ljung_box_p")


def spans(settings: AutocorrelationSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.autocorrelation import autocorrelation

    result = span_results(close, span, len(STATISTICS))
    autocorrelation(close, span, settings.lags, settings.full, settings.alpha, *result)
    return result


KIND = bar_signal(
    name="B1",
    title="Lag autocorrelation",
    type=SignalType.STATISTICAL,
    settings=AutocorrelationSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.autocorrelation",
)
