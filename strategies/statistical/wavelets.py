"""B10, wavelet energy: where slow movements hold more energy than noise would give them the move is followed, where
less, faded.

Orthonormal periodised transform (Daubechies, 8 taps) of N log returns less their mean over J levels: E_A the energy
of the smooth part, of n_A = N / 2^J coefficients, E_D that of all details. F = [E_A / (n_A - 1)] / [E_D / (N - n_A)],
F(n_A - 1, N - n_A) under white noise, p two-sided. Value: clip(log2 F) clip(R / (2 s sqrt move)), R the last `move`
returns, s the deviation (ddof 0); confidence 1 - p / alpha; both 0 where p >= alpha.

Mallat 1989; Percival and Walden 2000 for energies; Daubechies 1992 for the filter.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalType
from strategies.definition import bar_signal, span_results
from strategies.signal import FloatArray, KernelResult, Mirror
from strategies.statistical.settings import WaveletSettings

SMOOTHING = np.array(
    [
        -0.010597401785069032,
        0.0328830116668852,
        0.030841381835560764,
        -0.18703481171909309,
        -0.027983769416859854,
        0.6308807679298589,
        0.7148465705529157,
        0.2303778133088965,
    ]
)
"""Decomposition low-pass filter with four vanishing moments."""


def statistic_names(settings: WaveletSettings) -> tuple[str, ...]:
    details = (f"energy_detail_{level}" for level in range(settings.levels, 0, -1))
    return ("f", "p", "move", "energy_smooth", *details)


def spans(settings: WaveletSettings, span: int, close: FloatArray) -> KernelResult:
    from strategies.statistical.kernels.wavelets import wavelets

    result = span_results(close, span, len(statistic_names(settings)))
    wavelets(
        close,
        span,
        settings.samples,
        SMOOTHING,
        settings.levels,
        settings.move,
        settings.alpha,
        *result,
    )
    return result


KIND = bar_signal(
    name="B10",
    title="Wavelet energy",
    type=SignalType.STATISTICAL,
    settings=WaveletSettings,
    fields=("close",),
    mirror=Mirror.LOG,
    statistics=statistic_names,
    spans=spans,
    kernels="strategies.statistical.kernels.wavelets",
)
