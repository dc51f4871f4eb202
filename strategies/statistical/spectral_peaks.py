"""B5, spectral peaks: a cycle that stands out of the spectrum is continued for one bar.

Periodogram I_k of N log returns less their mean, k = 1 to m = N/2 - 1. g = max I / sum I; Fisher's exact p = sum_j
(-1)^{j-1} C(m, j) (1 - j g)^{m-1} over j g < 1. Where p < alpha and the period N / k is within [shortest, N/4]
bars, the next return is forecast by carrying the peak's own wave on, x' = 2 Re X_k / N. Value: clip(x' / s), s the
deviation (ddof 0); confidence 1 - p / alpha; else both 0.

Fisher 1929; Siegel 1980.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.angles import angles
from strategies.statistical.settings import SpectralPeaksSettings

STATISTICS = ("cycles", "share", "p", "period", "forecast")


def spans(settings: SpectralPeaksSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.spectral_peaks import spectral_peaks

    cosine, sine = angles(settings.samples)
    result = span_results(close, span, len(STATISTICS))
    spectral_peaks(close, span, settings.samples, settings.shortest, settings.alpha, cosine, sine, *result)
    return result


KIND = bar_signal(
    name="B5",
    title="Spectral peak",
    type=SignalType.STATISTICAL,
    settings=SpectralPeaksSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.spectral_peaks",
)
