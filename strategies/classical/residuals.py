"""C6, statistical arbitrage: what a coin did beyond the factors it shares with the others is expected to be undone.

Daily log returns r, sigma their deviation (ddof 1). Factors F_j = sum Q_ij r_i / sigma_i, Q the eigenvectors of the
largest eigenvalues of the correlation matrix over the window: as few as explain `variance` of it, at most `most` with
fewer coins than `crowd`. eps: residual of r_i on F with a constant over the newest `days`; X its running sum, which so
ends at 0. X_{n+1} = a + b X_n + noise; m = a / (1 - b); sigma_eq = sqrt(var noise / (1 - b^2)), ddof 0; reversion -
ln(b) 365 a year; s = (X - m) / sigma_eq. A coin's own value: - sgn(s) clip((|s| - flat) / (full - flat), 0, 1) where 0
< b < 1, the time constant is below `slowest` and t = (b - 1) / se(b) < gate; else 0. The gate is needed: nearly every
residual that is a random walk passes for a fast reversion, and -3.07 is what 5 % of them pass (60 days, factors
removed).

A reading is a symbol's own position: the sum over coins of their values times their spread, the coin less beta_j F_j
in coins, of gross size 1; all divided by one number, so that none exceeds 1. Confidence: a prior times the share of
coins that could be read; both 0 while no residual is open. Fewer than `fewest` coins: TOO_FEW_ASSETS.

Avellaneda and Lee 2010, sections 2 to 4 and appendix; Dickey and Fuller 1979 for t.
"""

from __future__ import annotations

import numpy as np

from store.records import SignalType
from strategies.classical.legs import own_legs
from strategies.classical.settings import ResidualSettings
from strategies.definition import cross_signal
from strategies.signal import FloatArray, KernelResult
from strategies.windows import result_arrays

DAYS_A_YEAR = 365.0
STATISTICS = (
    "a", "b", "speed", "mean", "deviation", "s", "t", "own_value", "factors", "explained",
)  # fmt: skip


def kernel(settings: ResidualSettings, symbols: tuple[str, ...], close: FloatArray) -> KernelResult:
    from strategies.classical.kernels.residuals import residuals

    result = result_arrays(close.shape[0] * close.shape[1], len(STATISTICS))
    residuals(
        close,
        settings.window,
        settings.days,
        settings.fewest,
        np.array((settings.variance, settings.crowd, settings.most), dtype=np.float64),
        np.array((settings.flat, settings.full, DAYS_A_YEAR / settings.slowest, settings.gate)),
        settings.prior,
        *result,
    )
    return result


KIND = cross_signal(
    name="C6",
    title="Statistical arbitrage",
    type=SignalType.STATISTICAL,
    settings=ResidualSettings,
    fields=("close",),
    statistics=STATISTICS,
    kernel=kernel,
    kernels="strategies.classical.kernels.residuals",
    legs=own_legs,
)
