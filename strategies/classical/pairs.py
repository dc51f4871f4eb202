"""C5, pairs: two coins that share a trend are expected to come together again once they have come apart.

Of each pair ln y = a + beta ln x + e by least squares over `samples` closes, e in log price. Engle and Granger's t of a
unit root in e, no lags, its p from MacKinnon's surface; phi = sum e_t e_{t-1} / sum e_{t-1}^2, half-life - ln 2 / ln
phi bars; z = last e / deviation (ddof 1). Spread y - beta x: - sgn(z) clip((|z| - flat) / (full - flat), 0, 1) with
confidence 1 - p / alpha; both 0 where p >= alpha, |z| >= broken or the half-life lies outside its bounds. Fitted anew
in every window.

A reading is a symbol's own position: the sum over open pairs of value times confidence times its leg, legs y: 1 and x:
-beta divided by 1 + |beta|; all divided by one number, so that none exceeds 1. Confidence, one for all symbols of an
open pair: the pairs', weighted by the size of their values. Without a pair that can be measured: TOO_FEW_ASSETS.

Engle and Granger 1987; MacKinnon 1994 for p; Gatev, Goetzmann and Rouwenhorst 2006 for the entry at two deviations.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalType
from store.symbols import STABLECOINS, WRAPPED, base_of
from strategies.classical.legs import own_legs
from strategies.classical.settings import PairsSettings
from strategies.definition import cross_signal
from strategies.signal import FloatArray, KernelResult
from strategies.windows import result_arrays

STATISTICS = (
    "pairs", "open_pairs", "partner", "intercept", "beta", "z", "phi", "half_life", "t", "p",
)  # fmt: skip


def chosen_pairs(settings: PairsSettings, symbols: tuple[str, ...]) -> list[tuple[int, int]]:
    """Positions (y, x) of the pairs among these symbols; a pair of which one is not listed is left out.

    Of two coins of `against` the later one is regressed on the earlier, and no pair is tested twice. Stablecoins and
    wrapped coins, which keep together with something by their nature, are in a pair only where it is named.
    """
    place = {base_of(symbol): index for index, symbol in reversed(list(enumerate(symbols)))}
    wanted = settings.pairs or [
        (base, reference)
        for rank, reference in enumerate(settings.against)
        for base in place
        if base not in (*settings.against[: rank + 1], *STABLECOINS, *WRAPPED)
    ]
    return [(place[y], place[x]) for y, x in wanted if y in place and x in place and y != x]


def kernel(settings: PairsSettings, symbols: tuple[str, ...], close: FloatArray) -> KernelResult:
    from strategies.classical.kernels.pairs import pairs

    chosen = np.array(sorted(chosen_pairs(settings, symbols)), dtype=np.int64).reshape(-1, 2)
    result = result_arrays(close.shape[0] * close.shape[1], len(STATISTICS))
    rule = (
        settings.alpha,
        settings.flat,
        settings.full,
        settings.broken,
        settings.shortest,
        settings.longest,
    )
    left, right = chosen[:, 0].copy(), chosen[:, 1].copy()
    pairs(close, left, right, settings.samples, np.array(rule), *result)
    return result


KIND = cross_signal(
    name="C5",
    title="Cointegrated pairs",
    type=SignalType.STATISTICAL,
    settings=PairsSettings,
    fields=("close",),
    statistics=STATISTICS,
    kernel=kernel,
    kernels="strategies.classical.kernels.pairs",
    legs=own_legs,
)
