"""B8, spectral entropy: a spectrum that is not flat is followed where it is slow and faded where it is fast.

Shares p_k of the periodogram of N log returns less their mean, k = 1 to m = N/2 - 1; H = -sum p ln p / ln m, of
which white noise has (psi(m + 1) - psi(2)) / ln m on average. p: share of a stored null of white noise at or below
H. Centroid f = sum (k / N) p_k in cycles a bar. Value: clip((1/4 - f) / full) clip(R / (2 s sqrt move)), R the last
`move` returns, s the deviation (ddof 0); confidence 1 - p / alpha; both 0 where p >= alpha.

Shannon 1948; spectral form Inouye 1991.
"""

from __future__ import annotations

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.angles import angles
from strategies.statistical.null_tables import null_ranks
from strategies.statistical.settings import SpectralEntropySettings

STATISTICS = ("entropy", "p", "centroid", "move")


def spans(settings: SpectralEntropySettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.spectral_entropy import spectral_entropy

    cosine, sine = angles(settings.samples)
    result = span_results(close, span, len(STATISTICS))
    spectral_entropy(
        close,
        span,
        settings.samples,
        null_ranks(f"spectral_{settings.samples}"),
        settings.move,
        settings.full,
        settings.alpha,
        cosine,
        sine,
        *result,
    )
    return result


KIND = bar_signal(
    name="B8",
    title="Spectral entropy",
    type=SignalType.STATISTICAL,
    settings=SpectralEntropySettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=lambda settings: STATISTICS,
    spans=spans,
    kernels="strategies.statistical.kernels.spectral_entropy",
)
